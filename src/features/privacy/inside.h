// What the rooms of privacy share.
#pragma once
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
  std::map<guard::SecretKinds, std::shared_ptr<const guard::SecretScanner>> scanners;  // without own patterns
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
// The references that stand anywhere in what was loaded: in content, attributes, errors, events and names. `whole` of
// each with its stars.
std::map<std::string, std::string> references_of(const traces::Loaded& loaded);

}  // namespace pawl::privacy
