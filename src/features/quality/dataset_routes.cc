// Datasets over the API: cases by version, files in and out, a case from a trace.
#include "base/text.h"
#include "inside.h"
#include "llm/json_scan.h"
#include "trials/suites.h"

namespace pawl::quality {
namespace {

namespace json = llm::json;
using datasets::Dataset;
using datasets::Item;

void write_dataset(JsonWriter& out, const Dataset& one) {
  out.object().field("name", one.name).field("id", one.id).field("description", one.description);
  out.field("version", one.version).field("cases", one.items).field("experiments", one.experiments).key("metadata");
  one.metadata.empty() ? out.null() : out.raw(one.metadata);
  out.field("created", format_time(one.created)).field("changed", format_time(one.changed)).end();
}

Result<Dataset> dataset_of(Quality::Inside& inside, const net::Request& request) {
  return inside.parts.datasets.find(access_of(request).project, request.capture("dataset"));
}

Result<net::Response> list(Quality::Inside& inside, const net::Request& request) {
  const auto window = TRY(window_of(request));
  const auto found = TRY(
      inside.parts.datasets.list(access_of(request).project, request.query.get("q"), {window.offset, window.limit}));
  JsonWriter out;
  out.object().key("datasets").array();
  for (const auto& one : found.rows) write_dataset(out, one);
  return net::Response::json(out.end().field("total", found.total).end().take());
}

Result<net::Response> show(Quality::Inside& inside, const net::Request& request) {
  JsonWriter out;
  write_dataset(out, TRY(dataset_of(inside, request)));
  return net::Response::json(out.take());
}

Result<net::Response> put(Quality::Inside& inside, const net::Request& request) {
  const std::string body = TRY(body_of(request));
  const auto raw = json::trimmed(body);
  if (!raw.empty() && (!json::is_valid(raw) || !json::is_object(raw)))
    return fail(ErrorKind::invalid, "The body must be a JSON object.");
  const json::Object object(raw.empty() ? "{}" : raw);
  Dataset wanted{.name = std::string(request.capture("dataset"))};
  if (json::is_string(object.member("description"))) wanted.description = json::text(object.member("description"));
  if (json::is_object(object.member("metadata"))) wanted.metadata = object.member("metadata");
  JsonWriter out;
  write_dataset(out, TRY(inside.parts.datasets.put(access_of(request).project, std::move(wanted), true)));
  return net::Response::json(out.take());
}

Result<std::optional<std::int64_t>> version_of(const net::Request& request, const Dataset& dataset) {
  const auto given = request.query.find("version");
  if (!given) return std::nullopt;
  const auto number = parse_int(*given);
  if (!number || *number < 0 || *number > dataset.version)
    return fail(ErrorKind::not_found, "Dataset {} has versions 0 to {}, not {}.", dataset.name, dataset.version,
                *given);
  return *number;
}

Result<datasets::Listed<Item>> cases_of(Quality::Inside& inside, const net::Request& request, const Dataset& dataset,
                                        const Window& window) {
  datasets::ItemsWanted wanted{.dataset = dataset.id,
                               .ids = {},
                               .splits = {},
                               .version = TRY(version_of(request, dataset)),
                               .archived = request.query.get("retired") == "1",
                               .page = {window.offset, window.limit}};
  if (const auto split = request.query.find("split")) wanted.splits.emplace_back(*split);
  return inside.parts.datasets.items(access_of(request).project, wanted);
}

void write_failure(JsonWriter& out, const datasets::LastFailed& one) {
  out.object().field("case", one.case_name).field("experiment", one.experiment).field("name", one.experiment_name);
  out.field("trial", one.trial).field("at", format_time(one.at)).key("trace");
  one.trace.empty() ? out.null() : out.value(one.trace);
  out.end();
}

// Where cases failed last, the newest first.
Result<net::Response> failures(Quality::Inside& inside, const net::Request& request) {
  const auto dataset = TRY(dataset_of(inside, request));
  const auto window = TRY(window_of(request, 100));
  const auto all = TRY(inside.parts.datasets.last_failed(access_of(request).project, dataset.id));
  JsonWriter out;
  out.object().key("failures").array();
  for (std::size_t i = window.offset; i < all.size() && i < window.offset + window.limit; ++i)
    write_failure(out, all[i]);
  return net::Response::json(out.end().field("total", std::uint64_t{all.size()}).end().take());
}

Result<net::Response> cases(Quality::Inside& inside, const net::Request& request) {
  const auto dataset = TRY(dataset_of(inside, request));
  const auto found = TRY(cases_of(inside, request, dataset, TRY(window_of(request, 100))));
  JsonWriter out;
  out.object().field("version", TRY(version_of(request, dataset)).value_or(dataset.version)).key("cases").array();
  for (const auto& one : found.rows) datasets::write_case(out, one);
  return net::Response::json(out.end().field("total", found.total).end().take());
}

struct FileKind {
  const char *type, *ending;
};
FileKind file_of(std::string_view format) {
  if (format == "csv") return {"text/csv; charset=utf-8", "csv"};
  if (format == "langfuse" || format == "adk") return {"application/json", "json"};
  if (format == "promptfoo") return {"application/yaml", "yaml"};
  return {"application/x-ndjson", "jsonl"};
}

Result<net::Response> export_cases(Quality::Inside& inside, const net::Request& request) {
  const auto dataset = TRY(dataset_of(inside, request));
  const std::string format(request.query.find("format").value_or("jsonl"));
  const auto found = TRY(cases_of(inside, request, dataset, {0, 10'000'000}));
  const auto [type, ending] = file_of(format);
  auto response = net::Response::bytes(type, TRY(trials::write_suite(found.rows, dataset.name, format)));
  response.headers.set("content-disposition", fmt::format("attachment; filename=\"cases.{}\"", ending));
  return response;
}

void write_bad(JsonWriter& out, const datasets::CasesRead& read) {
  out.key("bad_rows").array();
  for (const auto& one : read.bad)
    out.object().field("line", one.line).field("column", one.column).field("reason", one.reason).end();
  out.end().field("bad_rows_total", read.bad_total);
}

// All or nothing, unless skip_bad=1: then what is wrong is left out, and named all the same.
Result<net::Response> import_cases(Quality::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto suite = TRY(trials::read_suite(TRY(body_of(request)), request.query.get("format")));
  const auto& read = suite.cases;
  const bool dry = request.query.get("dry_run") == "1";
  const bool stored = !dry && !read.cases.empty() && (read.bad_total == 0 || request.query.get("skip_bad") == "1");
  datasets::Datasets::PutCases done;
  if (stored) {
    const std::string name(request.capture("dataset"));
    const auto dataset = TRY(inside.parts.datasets.put(project, {.name = name}, true));
    done = TRY(inside.parts.datasets.put_cases(project, dataset.id, read.cases));
    if (!suite.evaluators.empty())
      TRY(inside.parts.datasets.put_evaluators(
          project, {.name = name, .text = suite.evaluators, .author = actor_of(access_of(request))}));
  }
  JsonWriter out;
  out.object().field("stored", stored).field("format", read.format).field("read", std::uint64_t{read.cases.size()});
  out.field("version", done.version).field("added", done.added).field("changed", done.changed).field("same", done.same);
  write_bad(out, read);
  out.key("warnings").array();
  for (const auto& one : read.warnings) out.value(one);
  out.end().key("evaluators");
  suite.evaluators.empty() ? out.null() : out.value(suite.evaluators);
  out.key("near_duplicates").array();
  const auto near = request.query.get("near") == "0" ? datasets::NearFound() : datasets::near_duplicates(read.cases);
  for (const auto& one : near.pairs) {
    const Item &a = read.cases[one.a], &b = read.cases[one.b];
    out.object().field("a", a.name).field("b", b.name).field("a_line", read.lines[one.a]);
    out.field("b_line", read.lines[one.b]).field("likeness", one.likeness);
    out.field("across_splits", one.across_splits).end();
  }
  out.end().field("near_duplicates_total", near.total).end();
  return net::Response::json(out.take(), stored || dry ? 200 : 422);
}

Result<net::Response> show_case(Quality::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto dataset = TRY(dataset_of(inside, request));
  const auto one = TRY(inside.parts.datasets.find_case(project, dataset.id, request.capture("case")));
  JsonWriter out;
  out.object().key("case");
  datasets::write_case(out, one);
  out.key("versions").array();
  for (const auto& version : TRY(inside.parts.datasets.versions_of(project, one.id)))
    datasets::write_case(out, version);
  out.end().key("last_failed");
  const auto failed = TRY(inside.parts.datasets.last_failed(project, dataset.id, one.case_id()));
  failed.empty() ? static_cast<void>(out.null()) : write_failure(out, failed.front());
  return net::Response::json(out.end().take());
}

// One case by its id; the body is the whole of it.
Result<net::Response> put_case(Quality::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto dataset = TRY(dataset_of(inside, request));
  const auto read = TRY(datasets::read_cases(TRY(body_of(request)), "jsonl"));
  if (read.bad_total > 0) return fail(ErrorKind::invalid, "{}", read.bad.front().reason);
  if (read.cases.size() != 1) return fail(ErrorKind::invalid, "The body must be one case.");
  auto one = read.cases.front();
  const std::string id(request.capture("case"));
  if (!one.name.empty() && one.name != id)
    return fail(ErrorKind::invalid, "The case says it is {}, the address {}.", one.name, id);
  one.name = id;
  TRY(inside.parts.datasets.put_cases(project, dataset.id, {std::move(one)}));
  return show_case(inside, request);
}

Result<net::Response> retire(Quality::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto dataset = TRY(dataset_of(inside, request));
  const auto one = TRY(inside.parts.datasets.find_case(project, dataset.id, request.capture("case")));
  TRY(inside.parts.datasets.archive_item(project, one.id));
  return net::Response::json("{}");
}

void add_case_routes(net::Router& router, Quality::Inside& inside) {
  const std::string each = "/api/v1/datasets/{dataset}/cases/{case}";
  const auto to = [&](net::Route route, Work work) { add(router, inside, std::move(route), work); };
  to({.method = "GET",
      .pattern = each,
      .permission = "read",
      .summary = "A case and its versions, the newest first, and where it failed last",
      .answers = "{case:Case, versions:[Case], last_failed:{case, experiment, name, trial, at, trace}}"},
     show_case);
  to({.method = "PUT",
      .pattern = each,
      .permission = "write",
      .body_bytes = 16U << 20,
      .summary = "Puts one case, as the dataset's next version",
      .accepts = "a Case",
      .answers = "{case:Case, versions:[Case], last_failed:{case, experiment, name, trial, at, trace}}"},
     put_case);
  to({.method = "DELETE",
      .pattern = each,
      .permission = "write",
      .summary = "Retires a case: it stays, and is not run any more",
      .answers = "{}"},
     retire);
}

}  // namespace

void add_dataset_routes(net::Router& router, Quality::Inside& inside) {
  const std::string all = "/api/v1/datasets", one = all + "/{dataset}";
  const auto to = [&](net::Route route, Work work) { add(router, inside, std::move(route), work); };
  to({.method = "GET",
      .pattern = all,
      .permission = "read",
      .summary = "Datasets, the newest first",
      .query = {{"q", "part of the name"}, {"limit", "1 to 10000"}, {"offset", "how many are left out"}},
      .answers = "{datasets:[Dataset], total}"},
     list);
  to({.method = "GET", .pattern = one, .permission = "read", .summary = "One dataset", .answers = "a Dataset"}, show);
  to({.method = "PUT",
      .pattern = one,
      .permission = "write",
      .body_bytes = 1U << 20,
      .summary = "Makes a dataset, or changes what is said of it",
      .accepts = "{description, metadata}",
      .answers = "a Dataset"},
     put);
  to({.method = "GET",
      .pattern = one + "/cases",
      .permission = "read",
      .summary = "Cases of a dataset, as they are or as they were in a version",
      .query = {{"version", "an older version"},
                {"split", "of this split"},
                {"retired", "1: those too"},
                {"limit", "1 to 10000"},
                {"offset", "how many are left out"}},
      .answers = "{version, cases:[Case], total}"},
     cases);
  to({.method = "GET",
      .pattern = one + "/failures",
      .permission = "read",
      .summary = "Which experiment each case failed in last, the newest first; cases that never failed are not there",
      .query = {{"limit", "1 to 10000"}, {"offset", "how many are left out"}},
      .answers = "{failures:[{case, experiment, name, trial, at, trace}], total}"},
     failures);
  to({.method = "GET",
      .pattern = one + "/export",
      .permission = "read",
      .summary = "Cases as a file",
      .query = {{"format", "jsonl, csv, langfuse, langsmith, openai, adk, promptfoo"},
                {"version", "an older version"},
                {"split", "of this split"},
                {"retired", "1: those too"}},
      .answers = "JSON lines, CSV, JSON or YAML"},
     export_cases);
  to({.method = "POST",
      .pattern = one + "/import",
      .permission = "write",
      .body_bytes = most_body,
      .summary = "Puts a file of cases in as the dataset's next version, all or nothing: 422 and every bad row by its "
                 "line. The dataset is made where it is missing; what a suite of tests asserts is kept as evaluators "
                 "of its name",
      .query = {{"format", "auto, " + trials::known_formats()},
                {"skip_bad", "1: what is wrong is left out, the rest is kept"},
                {"near", "0: near-duplicates are not looked for"},
                {"dry_run", "1: only said"}},
      .accepts = "a file of cases",
      .answers =
          "{stored, format, read, version, added, changed, same, bad_rows:[{line, column, reason}], "
          "bad_rows_total, warnings, evaluators, near_duplicates:[{a, b, a_line, b_line, likeness, across_splits}], "
          "near_duplicates_total}"},
     import_cases);
  add_case_routes(router, inside);
}

}  // namespace pawl::quality
