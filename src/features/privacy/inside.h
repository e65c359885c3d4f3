// What the rooms of privacy share.
#pragma once
#include <future>
#include <set>

#include "base/json.h"
#include "privacy.h"

namespace pawl::privacy {

// A project's rules, made ready.
struct Ready {
  std::optional<std::string> setting;
  guard::Rules rules;
  std::shared_ptr<const guard::SecretScanner> scanner;  // none: nothing is looked for
};

struct Privacy::Inside {
  net::Pool& pool;
  ledger::Ledger& ledger;
  projects::Projects& projects;
  sealed::Sealed& sealed;
  const Clock& clock;
  const Log& log;
  Options options;
  Nanos since;
  std::atomic<warehouse::Warehouse*> warehouse = nullptr;
  mutable std::mutex mutex;
  std::unordered_map<ProjectId, std::shared_ptr<const Ready>> ready;
  using Scanner = std::shared_ptr<const guard::SecretScanner>;
  std::map<guard::SecretKinds, Scanner> scanners;  // without own patterns
  std::shared_future<Scanner> usual;               // of the default kinds, since prepare()
  std::unordered_map<ProjectId, guard::Tally> tallies;

  std::shared_ptr<const Ready> rules_of(ProjectId project);
  std::shared_ptr<const guard::SecretScanner> scanner_of(const guard::Rules& rules);
  void add(ProjectId project, const guard::Tally& tally);
  guard::Tally tally_of(ProjectId project) const;
};

void add_masking_routes(net::Router& router, Privacy::Inside& inside);
void add_reveal_routes(net::Router& router, Privacy::Inside& inside);

// The role that an asker acts in: of a key by its scopes; "" for less than a member.
std::string role_of(const projects::Access& access);
// The references that stand anywhere in what was loaded of a trace: in content, attributes, errors, events and names;
// and in its log records (those of `span` alone where it is given). `whole` of each with its stars.
Result<std::map<std::string, std::string>> references_of(warehouse::Warehouse& store, ProjectId project,
                                                         const traces::Loaded& loaded, const Id128& trace,
                                                         const std::optional<Id128>& span);

// Those that have a span which was not taken back.
Result<std::vector<Id128>> traces_standing(warehouse::Warehouse& warehouse, ProjectId project,
                                           const std::vector<Id128>& traces);
// Those of `words` (letters and digits) that stand in the content, a field or a log record of any trace of the project
// but `except` and those that were taken back. Reads the whole project; for what is rare.
Result<std::set<std::string>> words_elsewhere(warehouse::Warehouse& warehouse, ProjectId project,
                                              const std::vector<Id128>& except, const std::vector<std::string>& words);

}  // namespace pawl::privacy
