// What goes on after its answer began ends with the right of whoever asked.
#include "inside.h"

namespace pawl::projects {
namespace {

bool has_key(const Snapshot& known, const Access& access, Nanos now) {
  const auto found = known.keys.find(access.key);
  return found != known.keys.end() && (found->second.key.expires == 0 || found->second.key.expires > now);
}

// Is the log-in still there, its user not disabled, and with a role in the project?
Result<bool> has_login(ledger::Ledger& ledger, const Access& access, Nanos now) {
  const auto rows = TRY(ledger.read(
      "SELECT 1 FROM logins l JOIN users u ON u.id = l.user LEFT JOIN members m ON m.user = u.id AND m.project = ? "
      "WHERE l.user = ? AND substr(l.hash, 1, 16) = ? AND l.expires > ? AND u.disabled = 0 AND (u.owner OR m.role IS "
      "NOT NULL)",
      {std::int64_t{access.project}, access.user, access.login, now}));
  return rows.size() > 0;
}

}  // namespace

std::shared_ptr<const std::atomic<bool>> Projects::watch(const Access& access) {
  auto holds = std::make_shared<std::atomic<bool>>(true);
  if (access.local) return holds;
  const std::lock_guard lock(inside_->mutex);
  inside_->watched.push_back({access, holds});
  return holds;
}

void Projects::Inside::check_watched() {
  std::vector<Watched> all;
  {
    const std::lock_guard lock(mutex);
    std::erase_if(watched, [](const Watched& one) { return one.holds.use_count() == 1 || !*one.holds; });
    all = watched;
  }
  const auto known = snapshot.load();
  const Nanos now = clock.now();
  for (const auto& one : all) {
    if (one.access.key.empty()) {
      const auto holds = has_login(ledger, one.access, now);
      if (holds) *one.holds = *holds;
    } else {
      *one.holds = has_key(*known, one.access, now);
    }
  }
}

}  // namespace pawl::projects
