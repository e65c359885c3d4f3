// Runs too large to be sent whole: their steps in windows without content, and stored bytes by range. Nothing here
// holds more than a window.
#include <future>
#include <unordered_map>

#include "base/text.h"
#include "inside.h"

namespace pawl::explore {
namespace {

constexpr std::uint32_t usual_window = 5'000, most_window = 20'000;
constexpr std::uint64_t usual_bytes = 64U << 10, most_bytes = 1U << 20;

Result<std::uint64_t> number_of(const net::Request& request, std::string_view name, std::uint64_t usual,
                                std::uint64_t most) {
  const auto given = request.query.find(name);
  if (!given) return usual;
  const auto number = parse_int(*given);
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) > most)
    return fail(ErrorKind::invalid, "{}={} must be a number from 0 to {}.", name, *given, most);
  return static_cast<std::uint64_t>(*number);
}

// Texts that stand in many rows: each is sent once.
class Texts {
 public:
  std::uint64_t of(std::string_view text) {
    const auto [at, news] = index_.try_emplace(std::string(text), all_.size());
    if (news) all_.push_back(at->first);
    return at->second;
  }
  void write(JsonWriter& json, std::string_view name) const {
    json.key(name).array();
    for (const auto& text : all_) json.value(text);
    json.end();
  }

 private:
  std::unordered_map<std::string, std::uint64_t> index_;
  std::vector<std::string> all_;
};

enum class Column : std::uint8_t {
  trace,
  span,
  parent,
  trace_id,
  span_id,
  parent_id,
  start,
  duration,
  kind,
  name,
  status,
  agent,
  tool,
  model,
  flags,
  tokens,
  cost,
  findings
};

constexpr std::string_view window_sql =
    "SELECT trace, span, parent, trace_id, span_id, parent_id, toUnixTimestamp64Nano(start) AS at, duration, "
    "CAST(kind, 'String') AS kind_, CAST(name, 'String') AS name_, CAST(status, 'String') AS status_, CAST(agent, "
    "'String') AS agent_, CAST(tool, 'String') AS tool_, CAST(model, 'String') AS model_, toInt64(noise + 2 * "
    "(is_error AND NOT noise) + 4 * counted + 8 * (parent = 0)) AS flags, if(NOT counted OR (isNull(tokens_input) AND "
    "isNull(tokens_cache_read) AND isNull(tokens_cache_write) AND isNull(tokens_output) AND isNull(tokens_reasoning)), "
    "NULL, ifNull(tokens_input, 0) + ifNull(tokens_cache_read, 0) + ifNull(tokens_cache_write, 0) + "
    "ifNull(tokens_output, 0) + ifNull(tokens_reasoning, 0)) AS tokens, if(counted, coalesce(cost, cost_reported), "
    "NULL) AS cost_, arrayStringConcat(findings, ',') AS findings_";
struct Asked {
  std::string where;  // of the run's spans
  std::vector<warehouse::Parameter> parameters;
};

Asked asked_of(const net::Request& request, ProjectId project) {
  Asked out{.where = {}, .parameters = {{"project", fmt::format("{}", project)}}};
  if (request.captures.find("session_id")) {
    const std::string session(request.capture("session_id"));
    out.where =
        "trace IN (SELECT trace FROM spans WHERE project = {project:UInt32} AND session = {session:String} AND session "
        "!= '' GROUP BY trace HAVING sum(sign) > 0)";
    out.parameters.push_back({"session", session});
  } else {
    const Id128 trace = id_from_text(request.capture("trace_id"));
    out.where = "trace = {trace:UInt128}";
    out.parameters.push_back({"trace", to_decimal(trace)});
  }
  return out;
}

// The rows that stand, of those that fit: of each record the last one that was not taken back. Their keys are chosen
// first, in few columns; with `order` only the first of them are read.
std::string holding(const Asked& asked, std::string_view order = "") {
  const std::string from = "FROM spans WHERE project = {project:UInt32} AND " + asked.where;
  return fmt::format(
      " {0} AND sign > 0 AND (trace, span, record, batch) IN (SELECT trace, span, record, maxIf(batch, sign > 0) {0} "
      "GROUP BY trace, span, record HAVING sum(sign) > 0{1})",
      from, order);
}

// ---- findings, as far as they are stored: where each begins, and which calls were wasted --------------------------
struct Told {
  llm::Rule rule;
  std::string trace_id, span_id;
  std::vector<std::string> wasted;
  std::optional<Int128> cost;
};

constexpr std::size_t most_told = 200;

// What is wasted by a rule stands with the first finding of it in that trace.
Result<std::vector<Told>> findings_of(warehouse::Warehouse& store, Asked asked, Read& read) {
  asked.where += " AND (notEmpty(findings) OR waste != '')";
  const auto answer = TRY(store.read(
      {.sql = "SELECT trace, trace_id, span, span_id, CAST(findings, 'Array(String)'), CAST(waste, 'String'), "
              "coalesce(cost, cost_reported)" +
              holding(asked) + " ORDER BY start LIMIT 5000",
       .parameters = asked.parameters}));
  read.rows += answer.rows_read, read.elapsed += answer.elapsed;
  std::vector<Told> out;
  const auto& rows = answer.rows;
  std::vector<traces::SpanRow> ids(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ids[i].trace = rows.id(0, i), ids[i].trace_id = rows.text(1, i);
    ids[i].span = rows.id(2, i), ids[i].span_id = rows.text(3, i);
    for (const auto name : rows.texts(4, i)) {
      const auto rule = llm::rule_from(name);
      if (rule && out.size() < most_told)
        out.push_back({*rule, ids[i].shown_trace_id(), ids[i].shown_span_id(), {}, std::nullopt});
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto rule = llm::rule_from(rows.text(5, i));
    const auto of = std::ranges::find_if(
        out, [&](const Told& one) { return rule == one.rule && one.trace_id == ids[i].shown_trace_id(); });
    if (!rule || of == out.end()) continue;
    of->wasted.push_back(ids[i].shown_span_id());
    if (const auto cost = rows.maybe(6, i)) of->cost = of->cost.value_or(0) + *cost;
  }
  return out;
}

void write_findings(JsonWriter& json, const std::vector<Told>& findings) {
  json.key("findings").array();
  for (const auto& one : findings) {
    json.object().field("rule", llm::name_of(one.rule)).field("times", 0).field("why", llm::words_of(one.rule));
    json.field("trace_id", one.trace_id).key("span_ids").array().value(one.span_id).end();
    json.key("wasted_span_ids").array();
    for (const auto& id : one.wasted) json.value(id);
    json.end().key("wasted_usd");
    one.cost ? json.value(format_dollars(*one.cost)) : json.null();
    json.end();
  }
  json.end();
}

void write_row(JsonWriter& json, const native::Rows& rows, std::size_t i, Texts& traces, Texts& texts) {
  const auto at = [](Column column) { return static_cast<std::size_t>(column); };
  const auto text = [&](Column column) { json.value(texts.of(rows.text(at(column), i))); };
  traces::SpanRow ids;
  ids.trace = rows.id(at(Column::trace), i), ids.trace_id = rows.text(at(Column::trace_id), i);
  ids.span = rows.id(at(Column::span), i), ids.span_id = rows.text(at(Column::span_id), i);
  ids.parent = rows.id(at(Column::parent), i), ids.parent_id = rows.text(at(Column::parent_id), i);
  json.array().value(ids.shown_span_id()).value(ids.shown_parent_id()).value(traces.of(ids.shown_trace_id()));
  json.value(rows.integer(at(Column::start), i) / 1000).value(rows.integer(at(Column::duration), i) / 1000);
  for (const Column one : {Column::kind, Column::name, Column::status, Column::agent, Column::tool, Column::model})
    text(one);
  json.value(rows.integer(at(Column::flags), i));
  json.value(rows.maybe(at(Column::tokens), i)).value(rows.maybe(at(Column::cost), i));
  text(Column::findings);
  json.end();
}

Result<net::Response> skeleton(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = projects::access_of(request).project;
  const auto offset = TRY(number_of(request, "offset", 0, 100'000'000));
  const auto limit = TRY(number_of(request, "limit", usual_window, most_window));
  if (limit == 0) return fail(ErrorKind::invalid, "limit=0 asks for nothing. Take 1 to {}.", most_window);
  auto asked = asked_of(request, project);
  asked.parameters.push_back({"offset", fmt::format("{}", offset)});
  asked.parameters.push_back({"limit", fmt::format("{}", limit + 1)});
  Read read{.project = project}, of_whole;
  std::future<Result<std::string>> whole;  // beside the window
  if (offset == 0)
    whole = std::async(std::launch::async, [&] {
      return summary_of(store, asked.where, asked.parameters, request.captures.find("session_id").has_value(),
                        inside.clock.now(), of_whole);
    });
  constexpr std::string_view window =
      " ORDER BY argMaxIf(start, batch, sign > 0), trace, span LIMIT 1 BY trace, span LIMIT {offset:UInt64}, "
      "{limit:UInt64}";
  auto answer = TRY(store.read({.sql = std::string(window_sql) + holding(asked, window) + " ORDER BY at, trace, span",
                                .parameters = asked.parameters}));
  read.rows += answer.rows_read, read.elapsed += answer.elapsed;
  const auto& rows = answer.rows;
  if (rows.size() == 0 && offset == 0)
    return fail(ErrorKind::not_found, "There is nothing of that id in this project.");
  JsonWriter json;
  json.object();
  if (offset == 0) {
    const std::string summary = TRY(whole.get());
    if (!summary.empty()) json.key("summary").raw(summary);
    read.rows += of_whole.rows;
    const bool found = summary.find("\"findings\":[]") == std::string::npos;
    write_findings(json, found ? TRY(findings_of(store, asked, read)) : std::vector<Told>());
  }
  const std::size_t shown = std::min<std::size_t>(rows.size(), limit);
  json.field("offset", offset).key("next_offset");
  rows.size() > limit ? json.value(offset + limit) : json.null();
  json.key("columns").array();
  for (const std::string_view name : {"span_id", "parent_id", "trace", "start_us", "duration_us", "kind", "name",
                                      "status", "agent", "tool", "model", "flags", "tokens", "cost", "findings"})
    json.value(name);
  Texts traces, texts;
  texts.of("");
  json.end().key("rows").array();
  for (std::size_t i = 0; i < shown; ++i) write_row(json, rows, i, traces, texts);
  json.end();
  traces.write(json, "traces");
  texts.write(json, "texts");
  write_stats(json, inside, read);
  return net::Response::json(json.end().take());
}

// ---- stored bytes by range ------------------------------------------------------------------------------------------
void write_piece(JsonWriter& json, std::size_t number, const traces::PieceRef& piece) {
  json.field("piece", static_cast<std::uint64_t>(number)).field("slot", llm::name_of(piece.slot));
  json.field("key", piece.key).field("role", piece.role).field("total", std::uint64_t{piece.size});
}

// Moves both ends to where characters begin, so that every part is UTF-8 where the whole is. `last`: nothing follows.
std::string_view whole_characters(std::string_view bytes, std::uint64_t& from, bool last) {
  std::size_t skip = 0;
  while (from > 0 && skip < std::min<std::size_t>(3, bytes.size()) && (bytes[skip] & 0xC0) == 0x80) ++skip;
  from += skip;
  bytes.remove_prefix(skip);
  for (std::size_t back = 1; !last && back <= std::min<std::size_t>(3, bytes.size()); ++back) {
    const auto lead = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if ((lead & 0xC0) == 0x80) continue;
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (size > back) bytes.remove_suffix(back);
    break;
  }
  return bytes;
}

Result<net::Response> content(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const Nanos began = inside.clock.monotonic();
  const auto project = projects::access_of(request).project;
  const auto trace_id = request.capture("trace_id"), span_id = request.capture("span_id");
  const auto loaded =
      TRY(traces::load(store, {.project = project, .traces = {id_from_text(trace_id)}, .span = id_from_text(span_id)},
                       traces::With::references));
  if (loaded.spans.empty())
    return fail(ErrorKind::not_found, "There is no span {} in trace {} of this project.", span_id, trace_id);
  const auto found = loaded.content.find(traces::content_key(loaded.spans.front().trace, loaded.spans.front().span));
  static const std::vector<traces::Piece> none;
  const auto& pieces = found == loaded.content.end() ? none : found->second;
  JsonWriter json;
  json.object();
  if (!request.query.find("piece")) {
    json.key("pieces").array();
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      json.object();
      write_piece(json, i, pieces[i].ref);
      json.end();
    }
    json.end();
  } else {
    const auto number = TRY(number_of(request, "piece", 0, 100'000'000));
    auto from = TRY(number_of(request, "from", 0, 1ULL << 40));
    const auto bytes = TRY(number_of(request, "bytes", usual_bytes, most_bytes));
    if (number >= pieces.size())
      return fail(ErrorKind::not_found, "This span has {} pieces, counted from 0.", pieces.size());
    const auto& piece = pieces[number].ref;
    const auto part = TRY(traces::read_body(store, project, piece, from, bytes));
    const std::uint64_t end = std::min(part.total, from + bytes);
    const std::string_view text = whole_characters(part.bytes, from, end == part.total);
    write_piece(json, number, piece);
    json.field("from", from).field("bytes", static_cast<std::uint64_t>(text.size()));
    json.field("text", text).key("next");
    const std::uint64_t next = std::max(from + text.size(), end < part.total && text.empty() ? end : 0);
    next < part.total ? json.value(next) : json.null();
  }
  write_stats(json, inside, {loaded.rows_read, inside.clock.monotonic() - began, project});
  return net::Response::json(json.end().take());
}

}  // namespace

void add_skeleton_routes(net::Router& router, Explore::Inside& inside) {
  add_run_routes(router, inside, "skeleton", skeleton,
                 {.summary = "The steps of a run in windows, in order of start, without content: for runs too large to "
                             "be sent whole",
                  .query = {{"offset", "steps before the window"}, {"limit", "1 to 20000, default 5000"}},
                  .answers = "{summary, findings:[Finding], offset, next_offset, columns:[string], rows, "
                             "traces:[string], texts:[string], "
                             "stats:Stats}: summary is a Session or a Trace; it and findings (200, each with its first "
                             "step; times is 0) stand in the first window; kind, name, "
                             "status, agent, tool, model and findings are places in texts, trace in traces; flags: 1 "
                             "noise, 2 error, 4 counted, 8 root; times in µs since 1970, cost in millionths of a "
                             "millionth of a dollar"});
  router.add({.method = "GET",
              .pattern = "/api/v1/traces/{trace_id}/spans/{span_id}/content",
              .permission = "read",
              .handler = reading::handler(inside, content),
              .summary = "A span's stored pieces, and the bytes of one by range",
              .query = {{"piece", "which one; without it they are listed"},
                        {"from", "first byte; moved to where a character begins"},
                        {"bytes", "0 to 1048576, default 65536"}},
              .answers = "{pieces, stats:Stats} or {piece, slot, key, role, total, from, bytes, text, next, stats}"});
}

}  // namespace pawl::explore
