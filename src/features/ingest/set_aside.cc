// What the warehouse refuses for what it holds: found, kept in the quarantine, and taken out of the batch.
#include "base/text.h"
#include "wire/otlp_pick.h"
#include "writer.h"

namespace pawl::ingest {
namespace {

constexpr std::size_t reason_bytes = 1000;

std::string reason_of(std::string_view words) {
  const std::string text = repair_utf8(words);
  return std::string(utf8_prefix(text, reason_bytes));
}

// Finds records by the hashes of their bytes.
class Finder final : public otlp::Visitor {
 public:
  struct Found {
    std::size_t index = 0;
    Id128 trace, span;
    std::string name;
    traces::RecordKey key;
  };

  Finder(ProjectId project, std::map<traces::RecordKey, std::uint32_t>& wanted) : project_(project), wanted_(wanted) {}
  void span(const otlp::Resource&, const otlp::Scope&, const otlp::Span& span) override {
    look(traces::record_hash(span.raw), span.trace_id, span.span_id, span.name);
  }
  void log(const otlp::Resource&, const otlp::Scope&, const otlp::LogRecord& record) override {
    look(hash128(record.raw), record.trace_id, record.span_id, record.event_name);
  }
  void refused(std::string_view) override { ++at_; }
  std::vector<Found> found;

 private:
  void look(const Id128& record, std::string_view trace, std::string_view span, std::string_view name) {
    const std::size_t index = at_++;
    const traces::RecordKey key{project_, record};
    const auto wanted = wanted_.find(key);
    if (wanted == wanted_.end() || wanted->second == 0) return;
    --wanted->second;
    found.push_back({index, id_from_bytes(trace), id_from_bytes(span), std::string(name), key});
  }

  ProjectId project_;
  std::map<traces::RecordKey, std::uint32_t>& wanted_;
  std::size_t at_ = 0;
};

Result<std::vector<Finder::Found>> found_in(const journal::Record& record,
                                            std::map<traces::RecordKey, std::uint32_t>& wanted) {
  std::pmr::monotonic_buffer_resource arena;
  Finder finder(record.project, wanted);
  const auto encoding = static_cast<otlp::Encoding>(record.content);
  if (static_cast<otlp::Signal>(record.signal) == otlp::Signal::traces) {
    TRY(otlp::walk_traces(record.body, encoding, {}, arena, finder));
  } else {
    TRY(otlp::walk_logs(record.body, encoding, {}, arena, finder));
  }
  return std::move(finder.found);
}

}  // namespace

Result<std::vector<Quarantine::New>> Writer::find_in_journal(const traces::Batch& batch, const Bounds& bounds,
                                                             const traces::Refusals& refusals) {
  std::map<traces::RecordKey, std::uint32_t> wanted;
  for (const auto& [key, why] : refusals.records) wanted[key] = why.units;
  std::vector<Quarantine::New> out;
  std::set<traces::RecordKey> seen;
  for (const auto& row : batch.spans) {  // a run has no record of its own: what it was folded into is kept
    const traces::RecordKey key{row.project, row.record};
    const auto refused = wanted.find(key);
    if (refused == wanted.end()) continue;
    auto body = runs_.kept_of(row.project, row.span, row.record);
    if (body.empty()) continue;
    seen.insert(key);
    wanted.erase(refused);
    out.push_back({.entry = {.project = row.project,
                             .batch = batch.number,
                             .at = bounds.from,
                             .signal = static_cast<otlp::Signal>(last_form),
                             .encoding = otlp::Encoding::json,
                             .received = row.received,
                             .kept = clock_.now(),
                             .trace = row.trace,
                             .span = row.span,
                             .record = row.record,
                             .name = reason_of(row.name),
                             .reason = reason_of(refusals.records.at(key).words),
                             .bytes = body.size(),
                             .body = std::move(body)},
                   .sent_as = 0});
    runs_.forget_shown(row.project, row.span);
  }
  auto reader = TRY(journal_.read(bounds.from, {bounds.up_to.segment, bounds.up_to.offset + 1}));
  for (;;) {
    const auto entry = TRY(reader.next());
    if (!entry) break;
    const auto& record = entry->record;
    const auto signal = static_cast<otlp::Signal>(record.signal);
    const auto encoding = static_cast<otlp::Encoding>(record.content);
    if (signal == otlp::Signal::metrics || record.signal >= first_form) continue;
    const auto found = TRY(found_in(record, wanted));
    std::vector<std::size_t> which;
    for (const auto& one : found) which.push_back(one.index);
    auto bodies = TRY(otlp::pick(record.body, signal, encoding, which));
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto& one = found[i];
      seen.insert(one.key);
      out.push_back({.entry = {.project = record.project,
                               .batch = batch.number,
                               .at = entry->at,
                               .index = one.index,
                               .signal = signal,
                               .encoding = encoding,
                               .received = record.received,
                               .kept = clock_.now(),
                               .trace = one.trace,
                               .span = one.span,
                               .record = one.key.record,
                               .name = reason_of(one.name),
                               .reason = reason_of(refusals.records.at(one.key).words),
                               .bytes = bodies[i].size(),
                               .body = std::move(bodies[i])},
                     .sent_as = static_cast<std::int64_t>(record.key)});
    }
  }
  if (seen.size() < refusals.records.size())
    return fail(ErrorKind::corrupt, "{} of {} refused records are not in the journal any more",
                refusals.records.size() - seen.size(), refusals.records.size());
  return out;
}

Result<> Writer::set_aside(traces::Batch& batch, const Bounds& bounds) {
  const auto refusals = TRY(traces::find_refused(*warehouse_, batch));
  if (refusals.empty())
    return fail(ErrorKind::unavailable, "the warehouse refused it, and takes the same rows into a table on trial");
  auto entries = TRY(find_in_journal(batch, bounds, refusals));
  for (const auto& [entry, sent_as] : entries) memory_.forget(entry.project, entry.trace, entry.span, entry.record);
  const auto kept = TRY(quarantine_.keep(std::move(entries)));
  for (const auto& entry : kept) {
    books_.quarantined(entry.project, 1);
    log_.error("a record is quarantined", {{"project", fmt::format("{}", entry.project)},
                                           {"trace", to_hex(entry.trace)},
                                           {"span", to_hex(entry.span)},
                                           {"why", entry.reason}});
  }
  for (const std::size_t point : refusals.points) {  // points are in no books
    const auto& row = batch.points[point];
    books_.note(row.project, {clock_.now(), "", 200,
                              fmt::format("a point of metric {} was refused by the warehouse: {}", row.metric,
                                          reason_of(refusals.point_words))});
  }
  traces::leave_out(batch, refusals);
  return {};
}

}  // namespace pawl::ingest
