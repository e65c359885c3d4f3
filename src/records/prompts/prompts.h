// Prompts by name: immutable versions, labels that move between them, config and tags. Reads come from a snapshot in
// memory; a change is in the ledger before anybody sees it.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/published.h"
#include "base/time.h"
#include "store/ledger/ledger.h"

namespace pawl::prompts {

using ProjectId = std::uint32_t;

struct Version {
  std::string id;
  std::int64_t number = 0;  // 1, 2, … within the name
  bool chat = false;
  std::string prompt;  // JSON: a string, or an array of messages
  std::string config;  // JSON object
  std::string commit_message, author;
  Nanos created = 0;
};

struct Prompt {
  std::string name;
  std::vector<std::string> tags;
  std::map<std::int64_t, Version> versions;
  std::map<std::string, std::int64_t> labels;  // without `latest`, which is the greatest number
  Nanos created = 0, changed = 0;

  std::int64_t latest() const { return versions.empty() ? 0 : versions.rbegin()->first; }
  // Labels of a version, `latest` last.
  std::vector<std::string> labels_of(std::int64_t number) const;
  // By label ("latest" too) or number; null where there is none.
  const Version* find(std::string_view label) const;
  const Version* find(std::int64_t number) const;
};
using Known = std::shared_ptr<const Prompt>;

struct New {
  std::string name;
  bool chat = false;
  std::string prompt, config;
  std::vector<std::string> labels;
  std::optional<std::vector<std::string>> tags;  // nullopt: as they are
  std::string commit_message, author;
  std::optional<std::int64_t> number = std::nullopt;  // as it is elsewhere; nullopt: the next one
};

std::span<const ledger::Migration> migrations();

// Thread-safe. Changes block; reads never do.
class Prompts {
 public:
  static Result<std::unique_ptr<Prompts>> open(ledger::Ledger& ledger, const Clock& clock);

  // Null where the project has none of that name.
  Known find(ProjectId project, const std::string& name) const;
  std::vector<Known> all(ProjectId project) const;  // by name

  // The next version, or the one of its number. `conflict` where the name is of another type or the number is taken,
  // `invalid` on bad names, numbers and labels.
  Result<Known> add(ProjectId project, New version);
  // These labels come to this version, from others where they were there. `not_found`.
  Result<Known> label(ProjectId project, const std::string& name, std::int64_t number,
                      const std::vector<std::string>& labels);
  // A version, those of a label, or all of them where both are empty. `not_found`.
  Result<> remove(ProjectId project, const std::string& name, std::optional<std::int64_t> number,
                  std::string_view label);

 private:
  using OfProject = std::map<std::string, Known>;
  struct Snapshot {
    std::unordered_map<ProjectId, std::shared_ptr<const OfProject>> projects;
  };
  Prompts(ledger::Ledger& ledger, const Clock& clock) : ledger_(ledger), clock_(clock) {}
  void publish(ProjectId project, const std::string& name, Known prompt);  // null: it is gone

  ledger::Ledger& ledger_;
  const Clock& clock_;
  std::mutex changing_;
  Published<Snapshot> snapshot_;
};

}  // namespace pawl::prompts
