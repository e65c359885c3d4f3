// Evaluators kept on the server by version, and tried on traces that there are before they judge anything.
#include <algorithm>

#include "base/text.h"
#include "experiments.h"
#include "llm/json_scan.h"
#include "query/query.h"
#include "reading/reading.h"
#include "trace_outcome.h"
#include "trials/evaluators.h"

namespace pawl::quality {
namespace {

namespace json = llm::json;
using datasets::EvaluatorFile;
using trials::Evaluator;

constexpr std::size_t most_traces = 100;

Result<std::vector<Evaluator>> read(const std::string& text) {
  return trials::read_evaluators(text, json::trimmed(text).starts_with('{'));
}

void write_names(JsonWriter& out, const std::vector<Evaluator>& all) {
  out.key("evaluators").array();
  for (const auto& one : all) out.object().field("name", one.name).field("kind", one.kind).end();
  out.end();
}

void write_file(JsonWriter& out, const EvaluatorFile& file) {
  out.object().field("name", file.name).field("version", file.version).field("changed", format_time(file.changed));
  out.field("author", file.author).field("text", file.text);
  write_names(out, read(file.text).value_or(std::vector<Evaluator>()));
}

void write_kind(JsonWriter& out, const trials::Kind& kind) {
  out.object().field("kind", kind.name).field("one", kind.one).key("fields").array();
  for (const auto& field : kind.fields) {
    out.object().field("name", field.name).field("type", field.type).key("choices").array();
    if (!field.choices.empty())
      for (const auto choice : split(field.choices, ' ')) out.value(choice);
    out.end().field("needed", field.needed).field("one", field.one).end();
  }
  out.end().end();
}

Result<net::Response> list(Quality::Inside& inside, const net::Request& request) {
  JsonWriter out;
  out.object().key("kinds").array();
  for (const auto& kind : trials::kinds()) write_kind(out, kind);
  out.end().key("evaluators").array();
  for (const auto& file : TRY(inside.parts.datasets.evaluators(access_of(request).project))) {
    write_file(out, file);
    out.end();
  }
  return net::Response::json(out.end().end().take());
}

Result<net::Response> show(Quality::Inside& inside, const net::Request& request) {
  const auto versions =
      TRY(inside.parts.datasets.evaluator_versions(access_of(request).project, request.capture("evaluators")));
  JsonWriter out;
  write_file(out, versions.front());
  out.key("versions").array();
  for (const auto& one : versions) {
    write_file(out, one);
    out.end();
  }
  return net::Response::json(out.end().end().take());
}

Result<net::Response> put(Quality::Inside& inside, const net::Request& request) {
  const std::string body = TRY(body_of(request));
  const auto raw = json::trimmed(body);
  if (!json::is_valid(raw) || !json::is_string(json::member(raw, "text")))
    return fail(ErrorKind::invalid, "The body must be {{\"text\": \"[[evaluator]] …\"}}.");
  EvaluatorFile file{.name = std::string(request.capture("evaluators")),
                     .text = json::text(json::member(raw, "text")),
                     .author = actor_of(access_of(request))};
  TRY(read(file.text));
  TRY(inside.parts.datasets.put_evaluators(access_of(request).project, std::move(file)));
  return show(inside, request);
}

Result<net::Response> remove(Quality::Inside& inside, const net::Request& request) {
  TRY(inside.parts.datasets.remove_evaluators(access_of(request).project, request.capture("evaluators")));
  return net::Response::json("{}");
}

// ---- trying

struct Asked {
  std::vector<Evaluator> evaluators;
  std::vector<std::string> traces;
  std::string dataset, expected;
};

Result<std::vector<std::string>> newest_traces(Quality::Inside& inside, warehouse::Warehouse& store, ProjectId project,
                                               const json::Object& said, std::uint32_t limit) {
  auto filter = query::Filter::parse(json::is_string(said.member("filter")) ? json::text(said.member("filter")) : "");
  if (!filter) return fail(ErrorKind::invalid, "filter: {}", filter.error().message);
  const Nanos now = inside.clock.now();
  query::ListQuery wanted{
      .filter = std::move(*filter), .range = {now - 7 * day, now + day}, .limit = limit, .now = now};
  for (const auto& [key, into] : {std::pair{"from", &wanted.range.from}, {"to", &wanted.range.to}}) {
    if (json::is_null(said.member(key))) continue;
    const auto time = parse_time(json::text(said.member(key)));
    if (!time) return fail(ErrorKind::invalid, "{} is no time such as 2026-11-21T12:00:00Z.", key);
    *into = *time;
  }
  auto pager = TRY(query::Pager::create(project, std::move(wanted)));
  std::vector<std::string> out;
  while (const auto statement = pager.next()) {
    const auto page = pager.read(TRY(store.read(query::question(*statement))).rows);
    for (const auto row : page.mine)
      out.emplace_back(page.rows->text(static_cast<std::size_t>(query::TraceColumn::trace_id), row));
  }
  return out;
}

Result<Asked> asked_of(Quality::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = access_of(request).project;
  const std::string body = TRY(body_of(request));
  const auto raw = json::trimmed(body);
  if (!json::is_valid(raw) || !json::is_object(raw)) return fail(ErrorKind::invalid, "The body must be a JSON object.");
  const json::Object said(raw);
  Asked out;
  std::string text = json::is_string(said.member("text")) ? json::text(said.member("text")) : "";
  if (text.empty() && json::is_string(said.member("name")))
    text = TRY(inside.parts.datasets.evaluator_versions(project, json::text(said.member("name")))).front().text;
  out.evaluators = TRY(read(text));
  out.dataset = json::is_string(said.member("dataset")) ? json::text(said.member("dataset")) : "";
  if (!json::is_null(said.member("expected"))) out.expected = said.member("expected");
  for (json::Elements list(said.member("traces")); list.next();) out.traces.push_back(json::text(list.value));
  if (out.traces.size() > most_traces) return fail(ErrorKind::invalid, "At most {} traces at once.", most_traces);
  const auto limit = json::integer(said.member("limit")).value_or(20);
  if (limit < 1 || limit > std::int64_t{most_traces})
    return fail(ErrorKind::invalid, "limit must be 1 to {}.", most_traces);
  if (out.traces.empty())
    out.traces = TRY(newest_traces(inside, store, project, said, static_cast<std::uint32_t>(limit)));
  return out;
}

// What is expected of a trace: what was said, else what the case says that was made from it.
datasets::Item expected_of(Quality::Inside& inside, ProjectId project, const Asked& asked, const TraceOutcome& seen) {
  datasets::Item item;
  item.input = seen.item.input, item.expected = asked.expected, item.metadata = seen.item.metadata;
  if (asked.dataset.empty()) return item;
  const auto dataset = inside.parts.datasets.find(project, asked.dataset);
  if (!dataset) return item;
  const auto found = inside.parts.datasets.items(
      project,
      {.dataset = dataset->id, .source_trace = seen.trace, .ids = {}, .splits = {}, .version = {}, .page = {0, 1}});
  if (!found || found->rows.empty()) return item;
  auto of_case = found->rows.front();
  if (!asked.expected.empty()) of_case.expected = asked.expected;
  return of_case;
}

struct Tally {
  double sum = 0;
  std::uint64_t passed = 0, failed = 0, nulls = 0;
};

void write_result(JsonWriter& out, const Asked& asked, const TraceOutcome& seen, const datasets::Item& item,
                  std::vector<Tally>& tallies) {
  const auto& outcome = seen.outcome;
  out.object().field("trace", seen.trace).field("name", seen.name).field("start", format_time(seen.start));
  out.field("output", beginning_of(outcome.output));
  out.field("trajectory_calls", std::uint64_t{trials::calls_of(outcome.trajectory).size()});
  write_money(out, "cost_usd", outcome.cost_usd);
  out.field("latency_ms", outcome.latency_ms).field("tokens", outcome.tokens).key("scores").array();
  for (std::size_t i = 0; i < asked.evaluators.size(); ++i) {
    const auto given = trials::evaluate(asked.evaluators[i], item, outcome);
    auto& tally = tallies[i];
    if (given.score) {
      tally.sum += *given.score;
      ++(*given.score >= 1 ? tally.passed : tally.failed);
    } else {
      ++tally.nulls;
    }
    out.object().field("name", asked.evaluators[i].name).field("value", given.score);
    out.field("comment", given.comment).end();
  }
  out.end().end();
}

Result<net::Response> try_out(Quality::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto asked = TRY(asked_of(inside, store, request));
  std::vector<Tally> tallies(asked.evaluators.size());
  std::vector<std::pair<std::string, std::string>> refused;
  JsonWriter out;
  out.object();
  write_names(out, asked.evaluators);
  out.key("results").array();
  for (const auto& trace : asked.traces) {
    const auto seen = outcome_of_trace(store, project, trace);
    if (seen) {
      write_result(out, asked, *seen, expected_of(inside, project, asked, *seen), tallies);
    } else if (seen.error().kind == ErrorKind::not_found) {
      refused.emplace_back(trace, seen.error().what);
    } else {
      return std::unexpected(seen.error());
    }
  }
  out.end().field("tried", std::uint64_t{asked.traces.size() - refused.size()}).key("summary").array();
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    const auto& tally = tallies[i];
    const auto known = static_cast<double>(tally.passed + tally.failed);
    out.object().field("name", asked.evaluators[i].name);
    out.field("mean", known > 0 ? std::optional<double>(tally.sum / known) : std::nullopt);
    out.field("passed", tally.passed).field("failed", tally.failed).field("nulls", tally.nulls).end();
  }
  out.end().key("refused").array();
  for (const auto& [trace, why] : refused) out.object().field("trace", trace).field("why", why).end();
  return net::Response::json(out.end().end().take());
}

}  // namespace

void add_evaluator_routes(net::Router& router, Quality::Inside& inside) {
  const std::string all = "/api/v1/evaluators", one = all + "/{evaluators}";
  const auto to = [&](net::Route route, Work work) { add(router, inside, std::move(route), work); };
  to({.method = "GET",
      .pattern = all,
      .permission = "read",
      .summary = "Files of evaluators, and the kinds that there are",
      .answers = "{kinds:[{kind, one, fields}], evaluators:[EvaluatorFile]}"},
     list);
  to({.method = "GET",
      .pattern = one,
      .permission = "read",
      .summary = "A file of evaluators and its versions",
      .answers = "an EvaluatorFile"},
     show);
  to({.method = "PUT",
      .pattern = one,
      .permission = "write",
      .body_bytes = 2U << 20,
      .summary = "Keeps a file of evaluators; what says something else is its next version",
      .accepts = "{text}: TOML or JSON",
      .answers = "an EvaluatorFile"},
     put);
  to({.method = "DELETE",
      .pattern = one,
      .permission = "write",
      .summary = "Takes a file of evaluators away; its versions stay in what they judged",
      .answers = "{}"},
     remove);
  router.add({.method = "POST",
              .pattern = all + "/try",
              .permission = "read",
              .handler = reading::handler(inside, try_out),
              .body_bytes = 2U << 20,
              .summary = "What evaluators say of traces that there are; nothing is stored",
              .accepts = "{text, name, traces:[string], filter, from, to, limit, dataset, expected}",
              .answers = "{evaluators:[{name, kind}], tried, results:[{trace, name, start, output, trajectory_calls, "
                         "cost_usd, latency_ms, tokens, scores:[{name, value, comment}]}], summary:[{name, mean, "
                         "passed, failed, nulls}], refused:[{trace, why}]}"});
}

}  // namespace pawl::quality
