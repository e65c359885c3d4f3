// Trying rows in copies of the tables.
#include "refusals.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "store.h"

namespace pawl::traces {
namespace {

using warehouse::Warehouse;

constexpr int most_tries = 2000;

using Rows = std::span<const std::size_t>;

template <typename T>
std::vector<T> picked(const std::vector<T>& from, Rows rows) {
  std::vector<T> out;
  out.reserve(rows.size());
  for (const std::size_t i : rows) out.push_back(from[i]);
  return out;
}

// One table's share of a batch.
struct Share {
  std::string_view table;
  std::size_t (*size)(const Batch&);
  void (*pick)(const Batch&, Rows, Batch&);
};
constexpr Share shares[] = {{"bodies", [](const Batch& b) { return b.bodies.size(); },
                             [](const Batch& b, Rows rows, Batch& to) { to.bodies = picked(b.bodies, rows); }},
                            {"span_content", [](const Batch& b) { return b.contents.size(); },
                             [](const Batch& b, Rows rows, Batch& to) { to.contents = picked(b.contents, rows); }},
                            {"logs", [](const Batch& b) { return b.logs.size(); },
                             [](const Batch& b, Rows rows, Batch& to) { to.logs = picked(b.logs, rows); }},
                            {"points", [](const Batch& b) { return b.points.size(); },
                             [](const Batch& b, Rows rows, Batch& to) { to.points = picked(b.points, rows); }},
                            {"spans", [](const Batch& b) { return b.spans.size(); },
                             [](const Batch& b, Rows rows, Batch& to) { to.spans = picked(b.spans, rows); }}};

struct BadRow {
  std::size_t row = 0;
  std::string words;
};

// The rows of one table on trial.
class Trial {
 public:
  Trial(Warehouse& warehouse, const Batch& batch, const Share& share)
      : warehouse_(warehouse), batch_(batch), share_(share) {}

  Result<std::vector<BadRow>> run(int& tries) {
    std::vector<std::size_t> all(share_.size(batch_));
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (all.empty()) return std::vector<BadRow>{};
    TRY(make_trial_table(warehouse_, share_.table));
    auto bad = search(all, tries);
    TRY(drop_trial_table(warehouse_, share_.table));
    return bad;
  }

 private:
  // The warehouse's words where it refuses these rows, "" where it takes them.
  Result<std::string> words_on(Rows rows) {
    Batch part;
    part.number = batch_.number;
    share_.pick(batch_, rows, part);
    const auto inserted = insert_on_trial(warehouse_, part);
    if (inserted) return std::string();
    if (inserted.error().kind == ErrorKind::unavailable) return std::unexpected(inserted.error());
    return inserted.error().what;
  }

  Result<std::vector<BadRow>> search(Rows all, int& tries) {
    std::vector<BadRow> bad;
    const std::string first = TRY(words_on(all));
    if (first.empty()) return bad;
    std::vector<std::pair<Rows, std::string>> refused = {{all, first}};
    while (!refused.empty()) {
      const auto [rows, words] = std::move(refused.back());
      refused.pop_back();
      if (rows.size() == 1 || tries <= 0) {
        for (const std::size_t row : rows) bad.push_back({row, words});
        continue;
      }
      for (const Rows half : {rows.subspan(rows.size() / 2), rows.first(rows.size() / 2)}) {
        --tries;
        if (auto again = TRY(words_on(half)); !again.empty()) refused.emplace_back(half, std::move(again));
      }
    }
    if (bad.empty()) {
      for (const std::size_t row : all.subspan(all.size() / 2)) bad.push_back({row, "only together: " + first});
    }
    return bad;
  }

  Warehouse& warehouse_;
  const Batch& batch_;
  const Share& share_;
};

template <typename T>
void erase_at(std::vector<T>& from, const std::set<std::size_t>& rows) {
  std::size_t at = 0;
  std::erase_if(from, [&](const T&) { return rows.contains(at++); });
}

// What is refused of a body is refused of every record that refers to it.
void name_users_of_body(const Batch& batch, const BodyRow& body, const std::string& words, Refusals& out) {
  for (const auto& carrier : batch.contents) {
    const bool uses = carrier.project == body.project && std::ranges::any_of(carrier.pieces, [&](const PieceRef& ref) {
                        return ref.scope == body.scope && ref.hash == body.hash;
                      });
    if (uses) out.records.try_emplace({carrier.project, carrier.record}, words);
  }
}

void name_rows(const Batch& batch, std::string_view table, const std::vector<BadRow>& bad, Refusals& out) {
  const auto name = [&](const auto& row, const std::string& words) {
    out.records.try_emplace({row.project, row.record}, words);
  };
  for (const auto& [row, words] : bad) {
    if (table == "bodies") {
      out.bodies.insert(row);
      name_users_of_body(batch, batch.bodies[row], words, out);
    } else if (table == "points") {
      if (out.points.empty()) out.point_words = words;
      out.points.insert(row);
    } else if (table == "span_content") {
      name(batch.contents[row], words);
    } else if (table == "logs") {
      name(batch.logs[row], words);
    } else {
      name(batch.spans[row], words);
    }
  }
}

void count_units(const Batch& batch, Refusals& refusals) {
  std::map<RecordKey, std::uint32_t> rows;
  for (const auto& row : batch.logs) ++rows[{row.project, row.record}];
  for (const auto& row : batch.contents) {
    if (row.from_log) ++rows[{row.project, row.record}];
  }
  for (auto& [key, why] : refusals.records) {
    if (const auto found = rows.find(key); found != rows.end()) why.units = found->second;
  }
}

}  // namespace

Result<Refusals> find_refused(Warehouse& warehouse, const Batch& batch) {
  Refusals refusals;
  int tries = most_tries;
  for (const auto& share : shares) {
    const auto bad = TRY(Trial(warehouse, batch, share).run(tries));
    name_rows(batch, share.table, bad, refusals);
  }
  count_units(batch, refusals);
  return refusals;
}

void leave_out(Batch& batch, const std::set<RecordKey>& records) {
  if (records.empty()) return;
  const auto named = [&](const auto& row) { return records.contains({row.project, row.record}); };
  for (const auto& row : batch.spans) {
    if (named(row)) batch.dirty.emplace_back(row.project, row.trace);
  }
  std::erase_if(batch.spans, named);
  std::erase_if(batch.contents, named);
  std::erase_if(batch.logs, named);
}

void leave_out(Batch& batch, const Refusals& refusals) {
  if (batch.new_bodies.size() == batch.bodies.size()) erase_at(batch.new_bodies, refusals.bodies);
  erase_at(batch.bodies, refusals.bodies);
  erase_at(batch.points, refusals.points);
  std::set<RecordKey> records;
  for (const auto& [key, why] : refusals.records) records.insert(key);
  leave_out(batch, records);
}

}  // namespace pawl::traces
