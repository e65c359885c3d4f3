// Sealed originals of what was masked in a project's telemetry: AES-256-GCM under a key of the project, which is made
// of the installation's secret, in the ledger. What a body holds instead is a reference: the same for the same value,
// so that a value is kept once however often it is sent, and a copy of the ledger alone tells nothing.
#pragma once
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/rng.h"
#include "base/time.h"
#include "store/ledger/ledger.h"

namespace pawl::sealed {

using ProjectId = std::uint32_t;

std::span<const ledger::Migration> migrations();

struct Value {
  std::string reference, kind, value;
};

// Thread-safe. Without a secret nothing can be kept.
class Sealed {
 public:
  Sealed(ledger::Ledger& ledger, Random& random, const Clock& clock, std::string secret);

  // The name under which a value is kept: `size` letters and digits of a keyed hash (HMAC-SHA-256). A short one may
  // stand for several values: then open() gives all of them.
  std::string reference(ProjectId project, std::string_view value, std::size_t size) const;
  // Durable on return; what is there already is not written again. Blocks on the ledger.
  Result<> keep(ProjectId project, const std::vector<Value>& values);
  // Those that are there, in the order of the references. `corrupt` where one does not open under this secret.
  Result<std::vector<Value>> open(ProjectId project, const std::vector<std::string>& references) const;
  Result<bool> any(ProjectId project) const;
  Result<std::int64_t> remove(ProjectId project, const std::vector<std::string>& references);

 private:
  std::string key(ProjectId project, std::string_view what) const;

  ledger::Ledger& ledger_;
  Random& random_;
  const Clock& clock_;
  std::string secret_;
  std::mutex mutex_;
  std::unordered_map<ProjectId, std::unordered_set<std::string>> known_;  // references and digests in the ledger
};

}  // namespace pawl::sealed
