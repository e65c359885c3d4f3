// Lists and whole runs as files. Lists and JSON lines are sent as they are read, a page or a trace at a time.
#include <simdjson.h>

#include <memory>

#include "base/text.h"
#include "guard/secrets.h"
#include "inside.h"
#include "markdown.h"
#include "wire/csv.h"

namespace pawl::explore {
namespace {

namespace sj = simdjson;
using query::Grain;

constexpr std::uint32_t usual_rows = 10'000, most_rows = 100'000, page_rows = 500;
constexpr std::size_t most_parquet = 16U << 20;  // of JSON, before the engine makes a file of it

struct FileColumn {
  std::string_view name;  // a dot looks into an object
  std::string_view type;  // text number whole money time list
};
constexpr FileColumn session_columns[] = {
    {"session_id", "text"},   {"trace_id", "text"},      {"title", "text"},       {"user_id", "text"},
    {"agent", "text"},        {"agent_version", "text"}, {"team", "text"},        {"task", "text"},
    {"outcome", "text"},      {"customer", "text"},      {"environment", "text"}, {"service", "text"},
    {"start", "time"},        {"duration_ms", "number"}, {"active_ms", "number"}, {"status", "text"},
    {"trace_count", "whole"}, {"error_count", "whole"},  {"span_count", "whole"}, {"llm_calls", "whole"},
    {"tool_calls", "whole"},  {"tokens", "whole"},       {"cost_usd", "money"},   {"cost_unknown_calls", "whole"},
    {"tags", "list"},         {"findings", "list"}};
constexpr FileColumn trace_columns[] = {{"trace_id", "text"},
                                        {"session_id", "text"},
                                        {"name", "text"},
                                        {"title", "text"},
                                        {"user_id", "text"},
                                        {"agent", "text"},
                                        {"agent_version", "text"},
                                        {"team", "text"},
                                        {"task", "text"},
                                        {"outcome", "text"},
                                        {"customer", "text"},
                                        {"environment", "text"},
                                        {"service", "text"},
                                        {"start", "time"},
                                        {"duration_ms", "number"},
                                        {"status", "text"},
                                        {"error_count", "whole"},
                                        {"span_count", "whole"},
                                        {"llm_calls", "whole"},
                                        {"tool_calls", "whole"},
                                        {"tokens", "whole"},
                                        {"cost_usd", "money"},
                                        {"cost_unknown_calls", "whole"},
                                        {"tags", "list"},
                                        {"findings", "list"}};
constexpr FileColumn span_columns[] = {{"trace_id", "text"},
                                       {"span_id", "text"},
                                       {"parent_id", "text"},
                                       {"session_id", "text"},
                                       {"user_id", "text"},
                                       {"kind", "text"},
                                       {"name", "text"},
                                       {"agent", "text"},
                                       {"agent_version", "text"},
                                       {"team", "text"},
                                       {"environment", "text"},
                                       {"service", "text"},
                                       {"start", "time"},
                                       {"duration_ms", "number"},
                                       {"status", "text"},
                                       {"error.type", "text"},
                                       {"error.message", "text"},
                                       {"model.provider", "text"},
                                       {"model.requested", "text"},
                                       {"model.served", "text"},
                                       {"tool.name", "text"},
                                       {"tokens.input", "whole"},
                                       {"tokens.cache_read", "whole"},
                                       {"tokens.cache_write", "whole"},
                                       {"tokens.output", "whole"},
                                       {"tokens.reasoning", "whole"},
                                       {"counted", "text"},
                                       {"cost_usd", "money"},
                                       {"cost_source", "text"},
                                       {"ttft_ms", "number"},
                                       {"finish_reasons", "list"},
                                       {"findings", "list"},
                                       {"waste", "text"}};

std::span<const FileColumn> columns_of(Grain grain) {
  if (grain == Grain::session) return session_columns;
  if (grain == Grain::trace) return trace_columns;
  return span_columns;
}

Result<std::vector<FileColumn>> columns_asked(const net::Request& request, Grain grain) {
  const auto known = columns_of(grain);
  std::vector<FileColumn> out;
  for (const auto piece : split(request.query.get("columns"), ',')) {
    const auto name = trim(piece);
    if (name.empty()) continue;
    const auto found = std::ranges::find(known, name, &FileColumn::name);
    if (found == known.end()) {
      std::vector<std::string_view> names;
      for (const auto& column : known) names.push_back(column.name);
      const auto near = nearest(name, names);
      return fail(
          ErrorKind::invalid, "columns: {} is no column of {}.{}", name, plural(grain),
          near.empty() ? fmt::format(" Known: {}.", fmt::join(names, ", ")) : fmt::format(" Did you mean {}?", near));
    }
    out.push_back(*found);
  }
  if (out.empty()) out.assign(known.begin(), known.end());
  return out;
}

std::string cell_of(const sj::dom::element& row, const FileColumn& column) {
  sj::dom::element value = row;
  for (const auto step : split(column.name, '.')) {
    sj::dom::object object;
    if (value.get(object) != sj::SUCCESS || object[step].get(value) != sj::SUCCESS) return {};
  }
  sj::dom::array list;
  if (value.get(list) == sj::SUCCESS) {
    std::vector<std::string> texts;
    for (const auto one : list) texts.emplace_back(one.get_string().value_unsafe());
    return join(texts, ", ");
  }
  std::string_view text;
  if (value.get(text) == sj::SUCCESS) return std::string(text);
  return value.is_null() ? std::string() : sj::to_string(value);
}

// A format, the columns of its file, and what is left to ask for.
class ListFile {
 public:
  static Result<ListFile> create(const net::Request& request, Grain grain, query::ListQuery query) {
    ListFile file;
    file.format_ = request.query.find("format").value_or("csv");
    if (file.format_ != "csv" && file.format_ != "jsonl" && file.format_ != "parquet")
      return fail(ErrorKind::invalid, "format={} is not offered: csv, jsonl or parquet.", file.format_);
    file.columns_ = TRY(columns_asked(request, grain));
    const auto given = request.query.find("limit");
    const auto limit = given ? parse_int(*given) : std::optional<std::int64_t>(usual_rows);
    if (!limit || *limit < 1 || *limit > most_rows)
      return fail(ErrorKind::invalid, "limit={} must be a number from 1 to {}.", request.query.get("limit"), most_rows);
    file.left_ = static_cast<std::uint32_t>(*limit);
    file.project_ = projects::access_of(request).project;
    file.query_ = std::move(query);
    file.redacted_ = request.query.get("redact") == "1";
    return file;
  }
  const std::string& format() const { return format_; }
  bool redacted() const { return redacted_; }

  // The next rows as text of the file; "" where there are no more.
  Result<std::string> next(warehouse::Warehouse& store) {
    std::string out;
    if (first_ && format_ == "csv") out = head();
    first_ = false;
    if (left_ == 0 || done_) return out;
    query_.limit = std::min(left_, page_rows);
    const ListPage page = TRY(fetch_list(store, project_, query_));
    for (const auto& row : TRY(list_rows(store, project_, query_.grain, page))) out += line(row);
    left_ -= std::min<std::uint32_t>(left_, static_cast<std::uint32_t>(page.rows.size()));
    query_.cursor = page.cursor;
    done_ = page.cursor.empty();
    return out;
  }
  bool done() const { return left_ == 0 || done_; }

  // All of it as Parquet, made by the engine from JSON lines.
  Result<std::string> parquet(warehouse::Warehouse& store) {
    std::string lines, structure, select;
    while (!done()) {
      std::string more = TRY(next(store));
      lines += redacted_ ? guard::redact(std::move(more)) : std::move(more);
      if (lines.size() > most_parquet)
        return fail(
            ErrorKind::exhausted,
            "As Parquet these are too many rows. Ask for fewer (limit=, from=, columns=), or for csv or jsonl.");
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto& [name, type] = columns_[i];
      const std::string_view of = type == "time"     ? "parseDateTime64BestEffortOrNull(c.c{0}, 9, 'UTC')"
                                  : type == "money"  ? "toDecimal128OrNull(c.c{0}, 12)"
                                  : type == "whole"  ? "toInt64OrNull(c.c{0})"
                                  : type == "number" ? "toFloat64OrNull(c.c{0})"
                                                     : "nullIf(c.c{0}, '')";
      std::string cell(of);
      cell.replace(cell.find("{0}"), 3, std::to_string(i));
      select += fmt::format("{}{} AS `{}`", i > 0 ? ", " : "", cell, name);
      structure += fmt::format("{}c{} String", i > 0 ? ", " : "", i);
    }
    auto answer = TRY(store.read(
        {.sql = fmt::format("SELECT {} FROM format(JSONEachRow, '{}', {{data:String}}) AS c", select, structure),
         .parameters = {{"data", std::move(lines)}},
         .deadline = minute,
         .format = "Parquet"}));
    return std::move(answer.raw);
  }

 private:
  std::string head() const {
    std::string out;
    for (const auto& column : columns_) out += fmt::format("{}{}", out.empty() ? "" : ",", column.name);
    return out + "\n";
  }
  std::string line(const std::string& row) {
    if (format_ == "jsonl") return row + "\n";
    sj::dom::element parsed;
    if (parser_.parse(row).get(parsed) != sj::SUCCESS) return {};
    std::string out;
    JsonWriter json;
    json.object();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string cell = cell_of(parsed, columns_[i]);
      if (format_ == "parquet") {
        json.field(fmt::format("c{}", i), cell);
        continue;
      }
      if (i > 0) out += ',';
      csv::append_cell(out, cell, columns_[i].type == "text" || columns_[i].type == "list");
    }
    return (format_ == "parquet" ? json.end().take() : out) + "\n";
  }

  std::string format_;
  std::vector<FileColumn> columns_;
  std::uint32_t left_ = 0;
  ProjectId project_ = 0;
  query::ListQuery query_;
  bool redacted_ = false, first_ = true, done_ = false;
  sj::dom::parser parser_;
};

// Secrets and personal data of every kind, starred out; lengths and JSON stay.
void redact(std::string& text) {
  text = guard::redact(std::move(text));
}

// A file made piece by piece: `next` gives "" where it ends.
struct Stream {
  Explore::Inside* inside;
  net::Cancel cancel;
  bool redacted = false;
  std::string first;  // made before the answer began, so that a mistake is an error and no broken file
  std::function<Result<std::string>(warehouse::Warehouse&)> next;
};

Task<Result<std::optional<std::string>>> piece_of(std::shared_ptr<Stream> stream) {
  std::string out = std::exchange(stream->first, {});
  if (out.empty()) {
    out = CO_TRY(co_await net::on_pool(stream->inside->pool, stream->cancel,
                                       [stream](const net::Cancel& stop) -> Result<std::string> {
                                         auto* store = stream->inside->warehouse.load();
                                         if (store == nullptr) return fail(ErrorKind::unavailable, "Pawl is stopping.");
                                         warehouse::ForOne asked(*store, [stop] { return stop.requested(); });
                                         return stream->next(asked);
                                       }));
  }
  if (out.empty()) co_return std::nullopt;
  if (stream->redacted) redact(out);
  co_return std::optional(std::move(out));
}

net::Response file_of(std::string_view type, const std::string& name, std::string_view ending) {
  auto response = net::Response::bytes(type, "");
  response.headers.set("content-disposition", fmt::format("attachment; filename=\"{}.{}\"", name, ending));
  return response;
}

net::Response streamed(net::Response head, std::shared_ptr<Stream> stream) {
  head.body = net::Source([stream] { return piece_of(stream); });
  return head;
}

Result<net::Response> export_list(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request,
                                  Grain grain) {
  auto filter = filter_of(request, request.query.get("filter"));
  if (!filter) return std::move(filter.error());
  auto query = TRY(list_query(request, grain, std::move(*filter), inside.clock.now()));
  const std::string name = fmt::format("pawl-{}-{}", plural(grain), format_time(query.range.from).substr(0, 10));
  const auto file = std::make_shared<ListFile>(TRY(ListFile::create(request, grain, std::move(query))));
  if (file->format() == "parquet") {
    auto head = file_of("application/vnd.apache.parquet", name, "parquet");
    head.body = TRY(file->parquet(store));
    return head;
  }
  const bool csv = file->format() == "csv";
  auto head = file_of(csv ? "text/csv; charset=utf-8" : "application/x-ndjson; charset=utf-8", name, file->format());
  auto first = TRY(file->next(store));
  if (first.empty()) return head;
  return streamed(std::move(head), std::make_shared<Stream>(Stream{
                                       .inside = &inside,
                                       .cancel = request.cancel,
                                       .redacted = file->redacted(),
                                       .first = std::move(first),
                                       .next = [file](warehouse::Warehouse& from) { return file->next(from); }}));
}

// ---- one run --------------------------------------------------------------------------------------------------------
struct Run {
  Explore::Inside* inside;
  ProjectId project = 0;
  std::vector<Id128> traces;
  std::size_t at = 0;
  bool markdown = false;
  std::string title;
  Fresh heard = {};

  Result<std::string> next(warehouse::Warehouse& store) {
    while (at < traces.size()) {
      const auto loaded = TRY(traces::load(store, {.project = project, .traces = {traces[at++]}, .span = std::nullopt},
                                           traces::With::content));
      if (loaded.spans.empty()) continue;
      return markdown ? markdown_of(loaded, traces.size() > 1 ? at : 0, heard) : lines(loaded);
    }
    return std::string();
  }
  std::string lines(const traces::Loaded& loaded) const {
    JsonWriter head;
    head.object().key("trace");
    write_trace(head, summarise(loaded.spans, inside->clock.now()));
    std::string out = head.end().take() + "\n";
    SpanWriter writer(loaded, {.budget = 256U << 20, .explain_cost = inside->options.explain_cost});
    for (const auto& row : loaded.spans) {
      JsonWriter json;
      writer.write(json, row);
      out += json.take() + "\n";
    }
    return out;
  }
};

Result<net::Response> export_run(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const std::string format(request.query.find("format").value_or("md"));
  if (format != "md" && format != "jsonl")
    return fail(ErrorKind::invalid, "format={} is not offered: md (Markdown) or jsonl (a span a line).", format);
  const bool session = request.captures.find("session_id").has_value();
  const std::string id(request.capture(session ? "session_id" : "trace_id"));
  const auto run = std::make_shared<Run>(Run{.inside = &inside,
                                             .project = projects::access_of(request).project,
                                             .traces = TRY(traces_asked(store, request)),
                                             .markdown = format == "md",
                                             .title = id});
  auto first = TRY(run->next(store));
  if (first.empty()) return fail(ErrorKind::not_found, "There is nothing of that id in this project.");
  if (run->markdown) first = fmt::format("# {} {}\n\n", session ? "Session" : "Trace", inline_text(id)) + first;
  std::string name = fmt::format("pawl-{}", id.substr(0, 60));
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') c = '-';
  auto head =
      file_of(run->markdown ? "text/markdown; charset=utf-8" : "application/x-ndjson; charset=utf-8", name, format);
  return streamed(std::move(head), std::make_shared<Stream>(
                                       Stream{.inside = &inside,
                                              .cancel = request.cancel,
                                              .redacted = request.query.get("redact") == "1",
                                              .first = std::move(first),
                                              .next = [run](warehouse::Warehouse& from) { return run->next(from); }}));
}

}  // namespace

void add_export_routes(net::Router& router, Explore::Inside& inside) {
  for (const Grain grain : {Grain::session, Grain::trace, Grain::span}) {
    router.add({.method = "GET",
                .pattern = fmt::format("/api/v1/export/{}", plural(grain)),
                .permission = "read",
                .handler =
                    [&inside, grain](net::Request& request) {
                      return inside.answer(request, [&inside, &request, grain](warehouse::Warehouse& store) {
                        return export_list(inside, store, request, grain);
                      });
                    },
                .handler_time = 10 * minute,
                .summary = fmt::format("The list of {} as a file", plural(grain)),
                .query = {{"format", "csv (default), jsonl (as the list answers) or parquet"},
                          {"filter", "the filter language (docs/reference/filters.md)"},
                          {"from", "RFC 3339, or a length such as 7d for as long ago; default 24 h before `to`"},
                          {"to", "RFC 3339, exclusive; default now"},
                          {"order", "[-]start cost duration tokens errors name; default -start"},
                          {"limit", "1 to 100000, default 10000"},
                          {"columns", "of csv and parquet: names, comma-separated"},
                          {"redact", "1: secrets of every kind are starred out"}},
                .answers = "a file"});
  }
  add_run_routes(router, inside, "export", export_run,
                 {.handler_time = 10 * minute,
                  .summary = "A run as a file: Markdown to read, or JSON lines",
                  .query = {{"format", "md (default) or jsonl: a line for each trace, and one for each of its spans"},
                            {"redact", "1: secrets of every kind are starred out"}},
                  .answers = "a file"});
}

}  // namespace pawl::explore
