// Keys in the ledger, and the snapshot of them.
#include "base/ids.h"
#include "base/text.h"
#include "inside.h"

namespace pawl::projects {
namespace {

constexpr std::string_view key_columns = "id, project, name, scopes, created, expires, revoked, last_used";

Key key_of(const ledger::Rows& rows, std::size_t i) {
  return {rows.text(i, 0),    static_cast<ProjectId>(rows.integer(i, 1)),
          rows.text(i, 2),    parse_scopes(rows.text(i, 3)).value_or(Scopes{}),
          rows.integer(i, 4), rows.integer(i, 5),
          rows.integer(i, 6), rows.integer(i, 7)};
}

}  // namespace

Result<> Projects::Inside::load() {
  const Nanos asked = clock.monotonic();
  const auto rows = TRY(ledger.read(fmt::format("SELECT {}, hash FROM keys WHERE revoked = 0", key_columns)));
  const auto epochs =
      TRY(ledger.read("SELECT epoch, project, value FROM epochs WHERE what = 'masking' ORDER BY epoch"));
  const auto before = snapshot.load();
  auto fresh = std::make_shared<Snapshot>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    KnownKey known{from_hex(rows.text(i, 8)).value_or(""), key_of(rows, i), nullptr};
    if (before) {
      if (const auto old = before->keys.find(known.key.id); old != before->keys.end()) known.used = old->second.used;
    }
    if (!known.used) known.used = std::make_shared<std::atomic<Nanos>>(known.key.used);
    fresh->keys[known.key.id] = std::move(known);
  }
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    fresh->epoch = static_cast<std::uint32_t>(epochs.integer(i, 0));
    fresh->masking[static_cast<ProjectId>(epochs.integer(i, 1))] = epochs.text(i, 2);
  }
  snapshot.store(std::move(fresh));
  confirmed = asked;
  return {};
}

void Projects::Inside::write_last_used() {
  flushed = clock.monotonic();
  const auto known = snapshot.load();
  std::vector<std::pair<std::string, Nanos>> news;
  for (const auto& [id, one] : known->keys) {
    if (const Nanos used = *one.used; used > one.key.used) news.emplace_back(id, used);
  }
  if (news.empty()) return;
  const auto written = ledger.change([&](ledger::Transaction& t) -> Result<> {
    for (const auto& [id, used] : news) TRY(t.run("UPDATE keys SET last_used = ? WHERE id = ?", {used, id}));
    return {};
  });
  (void)written;  // it is tried again in a minute, and nothing hangs on it
}

Result<NewKey> Projects::create_key(ProjectId project, std::string_view name, const Scopes& scopes, Nanos expires,
                                    std::string_view actor) {
  if (scopes == Scopes{})
    return fail(ErrorKind::invalid, "A key needs at least one scope of ingest, read, write, admin, operate.");
  if (!name.empty()) TRY(check_name(name, "key's name"));
  const std::string id = inside_->random_text(6);
  NewKey made{{"pk_" + id, project, std::string(name), scopes, inside_->clock.now(), expires, 0, 0},
              fmt::format("pawl_sk_{}_{}", id, inside_->random_text(32))};
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("INSERT INTO keys (id, project, name, scopes, hash, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
              {made.key.id, std::int64_t{project}, made.key.name, to_text(scopes), to_hex(sha256(made.secret)),
               made.key.created, expires}));
    const std::string until = expires == 0 ? "" : " until " + format_time(expires);
    return inside_->audit(t, project, actor, "key.create", fmt::format("{} {}{}", made.key.id, to_text(scopes), until));
  }));
  TRY(inside_->load());
  return made;
}

Result<std::vector<Key>> Projects::keys(ProjectId project) const {
  const auto rows = TRY(inside_->ledger.read(
      fmt::format("SELECT {} FROM keys WHERE project = ? ORDER BY created", key_columns), {std::int64_t{project}}));
  const auto snapshot = inside_->snapshot.load();
  std::vector<Key> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Key& key = out.emplace_back(key_of(rows, i));
    if (const auto known = snapshot->keys.find(key.id); known != snapshot->keys.end())
      key.used = std::max<Nanos>(key.used, *known->second.used);
  }
  return out;
}

Result<> Projects::revoke_key(ProjectId project, std::string_view id, std::string_view actor) {
  TRY(inside_->ledger.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE keys SET revoked = ? WHERE id = ? AND project = ? AND revoked = 0",
              {inside_->clock.now(), std::string(id), std::int64_t{project}}));
    if (t.changes() == 0) return fail(ErrorKind::not_found, "There is no key {} in this project.", id);
    return inside_->audit(t, project, actor, "key.revoke", id);
  }));
  return inside_->load();
}

}  // namespace pawl::projects
