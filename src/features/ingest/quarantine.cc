// The quarantine in the ledger. Bodies are base64: a ledger's text holds no zero bytes.
#include "quarantine.h"

#include "base/text.h"
#include "ingest.h"

namespace pawl::ingest {
namespace {

constexpr ledger::Migration steps[] = {{"ingest", 1, R"sql(
CREATE TABLE quarantine (id INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('held', 'sending', 'sent')), batch INTEGER NOT NULL, segment INTEGER NOT NULL,
  place INTEGER NOT NULL, number INTEGER NOT NULL, signal INTEGER NOT NULL, encoding INTEGER NOT NULL,
  received INTEGER NOT NULL, kept INTEGER NOT NULL, trace TEXT NOT NULL, span TEXT NOT NULL, record TEXT NOT NULL,
  name TEXT NOT NULL, reason TEXT NOT NULL, tries INTEGER NOT NULL, bytes INTEGER NOT NULL, body TEXT NOT NULL,
  sent INTEGER NOT NULL DEFAULT 0, sent_by TEXT NOT NULL DEFAULT '',
  UNIQUE (batch, segment, place, number, record)) STRICT;
CREATE INDEX quarantine_held ON quarantine (project, state, id);
CREATE TABLE ingest_marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
)sql"}};

constexpr Nanos sent_life = 30 * day;

constexpr std::string_view columns =
    "id, project, batch, segment, place, number, signal, encoding, received, kept, trace, span, record, name, reason, "
    "tries, bytes";

Id128 id_of(const std::string& hex) {
  return id_from_bytes(from_hex(hex).value_or(""));
}

Quarantined read(const ledger::Rows& rows, std::size_t i) {
  Quarantined entry;
  entry.id = rows.integer(i, 0);
  entry.project = static_cast<ProjectId>(rows.integer(i, 1));
  entry.batch = static_cast<BatchNumber>(rows.integer(i, 2));
  entry.at = {static_cast<std::uint64_t>(rows.integer(i, 3)), static_cast<std::uint64_t>(rows.integer(i, 4))};
  entry.index = static_cast<std::uint64_t>(rows.integer(i, 5));
  entry.signal = static_cast<otlp::Signal>(rows.integer(i, 6));
  entry.encoding = static_cast<otlp::Encoding>(rows.integer(i, 7));
  entry.received = rows.integer(i, 8), entry.kept = rows.integer(i, 9);
  entry.trace = id_of(rows.text(i, 10)), entry.span = id_of(rows.text(i, 11)), entry.record = id_of(rows.text(i, 12));
  entry.name = rows.text(i, 13), entry.reason = rows.text(i, 14);
  entry.tries = static_cast<std::uint32_t>(rows.integer(i, 15));
  entry.bytes = static_cast<std::uint64_t>(rows.integer(i, 16));
  return entry;
}

std::int64_t signed_of(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::span<const ledger::Migration> migrations() {
  return steps;
}

Result<std::uint64_t> count_quarantined(ledger::Ledger& ledger) {
  const auto there = TRY(ledger.read("SELECT 1 FROM migrations WHERE owner = 'ingest' AND number = 1"));
  if (there.size() == 0) return 0;
  const auto rows = TRY(ledger.read("SELECT count(*) FROM quarantine WHERE state != 'sent'"));
  return static_cast<std::uint64_t>(rows.integer(0, 0));
}

Result<std::vector<Quarantined>> Quarantine::keep(std::vector<New> entries) {
  std::vector<Quarantined> kept;
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    kept.clear();
    for (auto& [entry, sent_as] : entries) {
      if (sent_as != 0) {
        const auto before = TRY(t.run("SELECT tries FROM quarantine WHERE id = ?", {sent_as}));
        if (before.size() == 1) entry.tries = static_cast<std::uint32_t>(before.integer(0, 0)) + 1;
      }
      TRY(t.run(
          "INSERT INTO quarantine (project, state, batch, segment, place, number, signal, encoding, received, "
          "kept, trace, span, record, name, reason, tries, bytes, body) VALUES (?, 'held', ?, ?, ?, ?, ?, ?, ?, "
          "?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
          {std::int64_t{entry.project}, signed_of(entry.batch), signed_of(entry.at.segment), signed_of(entry.at.offset),
           signed_of(entry.index), static_cast<std::int64_t>(entry.signal), static_cast<std::int64_t>(entry.encoding),
           entry.received, entry.kept, to_hex(entry.trace), to_hex(entry.span), to_hex(entry.record), entry.name,
           entry.reason, std::int64_t{entry.tries}, signed_of(entry.bytes), to_base64(entry.body)}));
      if (t.changes() > 0) kept.push_back(entry);
    }
    return {};
  }));
  return kept;
}

Result<Quarantine::State> Quarantine::state() {
  State state;
  const auto rows = TRY(ledger_.read("SELECT project, batch, trace, span, record, state FROM quarantine"));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto project = static_cast<ProjectId>(rows.integer(i, 0));
    const auto batch = static_cast<BatchNumber>(rows.integer(i, 1));
    state.batches[batch].push_back({{project, id_of(rows.text(i, 4))}, id_of(rows.text(i, 2)), id_of(rows.text(i, 3))});
    if (rows.text(i, 5) != "sent") ++state.held[project];
    state.last_batch = std::max(state.last_batch, batch);
  }
  return state;
}

Result<std::vector<Quarantined>> Quarantine::list(ProjectId project, std::int64_t before, std::uint32_t limit) {
  const auto rows = TRY(ledger_.read(fmt::format("SELECT {} FROM quarantine WHERE project = ? AND state = 'held' AND "
                                                 "(? = 0 OR id < ?) ORDER BY id DESC LIMIT ?",
                                                 columns),
                                     {std::int64_t{project}, before, before, std::int64_t{limit}}));
  std::vector<Quarantined> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(read(rows, i));
  return out;
}

Result<std::uint64_t> Quarantine::count(ProjectId project) {
  const auto rows = TRY(
      ledger_.read("SELECT count(*) FROM quarantine WHERE project = ? AND state = 'held'", {std::int64_t{project}}));
  return static_cast<std::uint64_t>(rows.integer(0, 0));
}

Result<std::vector<Quarantined>> Quarantine::to_send(ProjectId project, const std::vector<std::int64_t>& ids,
                                                     std::int64_t after, std::uint32_t limit) {
  std::vector<ledger::Value> values = {std::int64_t{project}, after};
  std::string among;
  for (const std::int64_t id : ids) {
    among += among.empty() ? " AND id IN (?" : ", ?";
    values.emplace_back(id);
  }
  if (!among.empty()) among += ")";
  values.emplace_back(std::int64_t{limit});
  const auto rows = TRY(ledger_.read(
      fmt::format("SELECT {}, body FROM quarantine WHERE project = ? AND state = 'held' AND id > ?{} ORDER BY id "
                  "LIMIT ?",
                  columns, among),
      values));
  std::vector<Quarantined> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.push_back(read(rows, i));
    out.back().body = from_base64(rows.text(i, 17)).value_or("");
  }
  return out;
}

Result<> Quarantine::sending(std::int64_t id) {
  return ledger_.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE quarantine SET state = 'sending' WHERE id = ? AND state = 'held'", {id}));
    if (t.changes() == 0) return fail(ErrorKind::conflict, "record {} is not held any more", id);
    return {};
  });
}

Result<> Quarantine::not_sent(std::int64_t id) {
  return ledger_.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE quarantine SET state = 'held' WHERE id = ? AND state = 'sending'", {id}));
    return {};
  });
}

Result<bool> Quarantine::sent(std::int64_t id, Nanos at, const std::string& by) {
  bool news = false;
  TRY(ledger_.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE quarantine SET state = 'sent', body = '', sent = ?, sent_by = ? WHERE id = ? AND state != 'sent'",
              {at, by, id}));
    news = t.changes() > 0;
    return {};
  }));
  return news;
}

Result<> Quarantine::settle_after_recovery(Nanos now) {
  return ledger_.change([&](ledger::Transaction& t) -> Result<> {
    TRY(t.run("UPDATE quarantine SET state = 'held' WHERE state = 'sending'"));
    TRY(t.run("DELETE FROM quarantine WHERE state = 'sent' AND sent < ?", {now - sent_life}));
    return {};
  });
}

Result<std::int64_t> Quarantine::mark(const std::string& name) {
  const auto rows = TRY(ledger_.read("SELECT value FROM ingest_marks WHERE name = ?", {name}));
  return rows.size() == 0 ? 0 : rows.integer(0, 0);
}

Result<> Quarantine::set_mark(const std::string& name, std::int64_t value) {
  return ledger_.change([&](ledger::Transaction& t) -> Result<> {
    TRY(
        t.run("INSERT INTO ingest_marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = "
              "excluded.value",
              {name, value}));
    return {};
  });
}

}  // namespace pawl::ingest
