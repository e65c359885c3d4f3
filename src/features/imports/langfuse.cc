// Rows of Langfuse: exports of its tables as JSON, JSONL or CSV, answers of its API, tables of ClickHouse and
// PostgreSQL, the event store. Each becomes an event of the ingestion protocol. Source of the names: Langfuse's public
// API reference and database migrations.
#include <algorithm>

#include "base/text.h"
#include "fields.h"
#include "items.h"
#include "langfuse_things.h"

namespace pawl::imports {
namespace {

struct Name {
  std::string_view to;
  Names from;
};

class Langfuse : public Reader {
 public:
  explicit Langfuse(std::string project) : project_(std::move(project)) {}

  void read(const Row& row, Mapped& out) override {
    const bool dumped = row.table.find('.') != std::string::npos;  // "public.users"
    const bool known = row.table.ends_with("traces") || row.table.ends_with("observations") ||
                       row.table.ends_with("scores") ||
                       langfuse_thing(row.table, Fields(std::string_view())) != LangfuseThing::none;
    if (dumped && !known) {
      if (!out.is(Pass::first)) return;
      ++out.skipped;
      out.notes.push_back(fmt::format("the table {} of the dump", row.table));
      return;
    }
    cells_ = row.cells, dumped_ = dumped;
    read_object(row.table, row.json, "", out);
  }

 private:
  enum class Table : std::uint8_t { none, traces, observations, scores, spans, events };

  static Table table_of(std::string_view name, const Fields& row) {
    const bool known = name.ends_with("traces") || name.ends_with("observations") || name.ends_with("scores");
    if (row.has({"body"}) && row.has({"type"})) return Table::events;
    if (row.has({"span_id", "spanId"}) && row.has({"start_time", "startTime"})) return Table::spans;
    if (known && name.ends_with("scores")) return Table::scores;
    if (known && name.ends_with("observations")) return Table::observations;
    if (known && name.ends_with("traces") && row.has({"timestamp"})) return Table::traces;
    if (row.has({"startTime", "start_time"})) return Table::observations;
    if (row.has({"dataType", "data_type"}) || (row.has({"value", "stringValue", "string_value"}) && row.has({"name"})))
      return Table::scores;
    if (row.has({"timestamp"}) && row.has({"id"})) return Table::traces;
    return Table::none;
  }

  bool is_wanted(const Fields& row, Mapped& out) {
    const auto leave = [&](std::string why) {
      if (!out.is(Pass::first)) return false;  // it is counted
      ++out.skipped;
      out.notes.push_back(std::move(why));
      return false;
    };
    if (row.is_true({"is_deleted", "isDeleted"})) return leave("deleted at the source");
    const std::string project = row.text({"projectId", "project_id"});
    if (project.empty()) return true;
    auto& first = memory["project"];
    if (first.empty()) first = project;
    const std::string& wanted = project_.empty() ? first : project_;
    if (project == wanted) return true;
    return leave(fmt::format("of project {}, not {}: import it by itself with --project", project, wanted));
  }

  void read_columns(Table table, const Fields& row, std::string_view object, Mapped& out) {
    const std::string id = row.text({"id", "span_id", "spanId"}), trace = row.text({"traceId", "trace_id"});
    if (table == Table::traces)
      read_score_columns(object, {.trace = id, .observation = {}, .at = row.moment({"timestamp"})}, memory, out);
    if (table == Table::observations)
      read_score_columns(object, {.trace = trace, .observation = id, .at = row.moment({"startTime", "start_time"})},
                         memory, out);
  }

  void read_object(std::string_view table, std::string_view object, const std::string& trace, Mapped& out) {
    const Fields row(object);
    if (const auto inner = row.raw({"trace"}); json::is_object(inner)) {  // what its page downloads
      read_object("traces", inner, "", out);
      read_nested(row, json::text(json::member(inner, "id")), out);
      return;
    }
    if (!is_wanted(row, out)) return;
    if (const auto thing = langfuse_thing(table, row); thing != LangfuseThing::none)
      return read_langfuse_thing(thing, row, cells_, memory, out);
    const Table kind = table_of(table, row);
    if (!dumped_ && trace.empty()) read_columns(kind, row, object, out);
    if (!out.is(Pass::first)) return;
    if (kind == Table::scores) memory["scores"] = "1";
    switch (kind) {
      case Table::events:
        return read_event(row, object, out);
      case Table::traces:
        return read_trace(row, out);
      case Table::observations:
      case Table::spans:
        return read_observation(row, trace, out);
      case Table::scores:
        return read_score(row, trace, out);
      case Table::none:
        out.bad.push_back(
            "the record is no trace, observation, score, prompt or dataset of Langfuse: id and timestamp or startTime "
            "are "
            "missing");
    }
  }

  void read_nested(const Fields& row, const std::string& trace, Mapped& out) {
    for (const auto& [name, table] : {std::pair{"observations", "observations"}, {"scores", "scores"}}) {
      const std::string list = row.value({name});
      if (!json::is_array(list)) continue;
      for (json::Elements elements(list); elements.next();)
        if (json::is_object(elements.value) && json::member(elements.value, "id") != "")
          read_object(table, elements.value, trace, out);
    }
  }

  static void put(Mapped& out, std::string_view kind, std::string_view type, const std::string& id, Nanos at,
                  std::string body, std::string trace, std::string span, Nanos start = 0) {
    JsonWriter event;
    event.object().field("id", fmt::format("import {} {} {}", kind, id, at)).field("type", type);
    event.field("timestamp", format_time(at)).key("body").raw(body).end();
    out.items.push_back({.channel = Channel::langfuse,
                         .kind = std::string(kind),
                         .id = id,
                         .json = event.take(),
                         .trace = std::move(trace),
                         .span = std::move(span),
                         .at = start,
                         .resource = {}});
  }

  // What came in by the ingestion protocol, kept as it came.
  static void read_event(const Fields& row, std::string_view object, Mapped& out) {
    const std::string type = row.text({"type"});
    const Fields body(row.raw({"body"}));
    const std::string id = body.text({"id"});
    const bool score = type.starts_with("score"), trace = type.starts_with("trace");
    if (!row.has({"id"}) || !row.has({"timestamp"})) return out.bad.push_back("the event has no id or no timestamp");
    out.items.push_back({.channel = Channel::langfuse,
                         .kind = score   ? "score"
                                 : trace ? "trace"
                                         : "observation",
                         .id = id,
                         .json = std::string(object),
                         .trace = score   ? ""
                                  : trace ? id
                                          : body.text({"traceId"}),
                         .span = score   ? ""
                                 : trace ? "trace:" + id
                                         : id,
                         .resource = {}});
  }

  static void write_metadata(JsonWriter& body, const Fields& row) {
    std::string metadata = row.value({"metadata"});
    const std::string names = list_of(row.raw({"metadata_names"})), values = list_of(row.raw({"metadata_values"}));
    if (metadata.empty() && !names.empty()) {
      JsonWriter made;
      made.object();
      json::Elements value(values);
      for (json::Elements name(names); name.next() && value.next();)
        made.key(json::text(name.value)).raw(unwrapped(value.value));
      metadata = made.end().take();
    }
    if (metadata != "{}") write_raw(body, "metadata", metadata);
  }

  static void note_rest(const Fields& row, Mapped& out) {
    const std::string comments = row.value({"comments"});
    if (json::is_array(comments) && comments != "[]") out.notes.push_back("comments of people");
  }

  void read_trace(const Fields& row, Mapped& out) {
    const std::string id = row.text({"id"});
    const auto at = row.moment({"timestamp"});
    if (id.empty()) return out.bad.push_back("the trace has no id");
    if (!at) return out.bad.push_back("the trace has no timestamp, or one that is no time");
    write_trace(row, id, *at, {"name"}, out);
    note_rest(row, out);
    read_nested(row, id, out);
  }

  static void write_trace(const Fields& row, const std::string& id, Nanos at, const Names& name, Mapped& out) {
    JsonWriter body;
    body.object().field("id", id).field("timestamp", format_time(at));
    write_text(body, "name", row.text(name));
    write_text(body, "userId", row.text({"userId", "user_id"}));
    write_text(body, "sessionId", row.text({"sessionId", "session_id"}));
    for (const std::string_view field : {"release", "version", "environment"})
      write_text(body, field, row.text({field}));
    write_raw(body, "input", row.value({"input"}));
    write_raw(body, "output", row.value({"output"}));
    write_raw(body, "tags", list_of(row.raw({"tags"})));
    if (row.is_true({"public"})) body.field("public", true);
    write_metadata(body, row);
    const auto said = row.moment({"updatedAt", "updated_at", "event_ts"}).value_or(at);
    put(out, "trace", "trace-create", id, said, body.end().take(), id, "trace:" + id, at);
  }

  // usageDetails; else the columns and objects of older versions.
  static std::string usage_of(const Fields& row) {
    for (const Names& names : {Names{"usageDetails", "usage_details"}, Names{"provided_usage_details"}})
      if (auto usage = row.numbers(names); !usage.empty()) return usage;
    JsonWriter usage;
    usage.object();
    bool any = false;
    const std::string usages = row.value({"usage"});
    const Fields old(usages);
    const auto add = [&](std::string_view to, const Names& columns, const Names& members) {
      auto number = row.text(columns);
      if (number.empty()) number = old.text(members);
      if (!parse_int(number) || number == "0") return;
      usage.key(to).raw(number);
      any = true;
    };
    add("input", {"promptTokens", "prompt_tokens", "inputUsage"}, {"input", "promptTokens"});
    add("output", {"completionTokens", "completion_tokens", "outputUsage"}, {"output", "completionTokens"});
    add("total", {"totalTokens", "total_tokens", "totalUsage"}, {"total", "totalTokens"});
    return any ? usage.end().take() : std::string();
  }

  static std::string costs_of(const Fields& row) {
    if (auto costs = row.numbers({"costDetails", "cost_details"}); !costs.empty()) return costs;
    JsonWriter costs;
    costs.object();
    bool any = false;
    for (const auto& [to, from] :
         {Name{"input", {"calculatedInputCost", "calculated_input_cost", "inputCost", "input_cost"}},
          Name{"output", {"calculatedOutputCost", "calculated_output_cost", "outputCost", "output_cost"}},
          Name{"total", {"calculatedTotalCost", "calculated_total_cost", "totalCost", "total_cost"}}}) {
      const auto number = row.text(from);
      if (!parse_double(number)) continue;
      costs.key(to).raw(number);
      any = true;
    }
    return any ? costs.end().take() : std::string();
  }

  void read_observation(const Fields& row, const std::string& of_trace, Mapped& out) {
    const bool flat = row.has({"span_id", "spanId"});  // of the events table: a trace's fields stand on each row
    const std::string id = flat ? row.text({"span_id", "spanId"}) : row.text({"id"});
    std::string trace = row.text({"traceId", "trace_id"});
    if (trace.empty()) trace = of_trace;
    const auto start = row.moment({"startTime", "start_time"});
    const auto end = row.moment({"endTime", "end_time"});
    if (id.empty()) return out.bad.push_back("the observation has no id");
    if (!start) return out.bad.push_back("the observation has no startTime, or one that is no time");
    if (!end && row.has({"endTime", "end_time"})) return out.bad.push_back("the observation's endTime is no time");
    if (trace.empty()) trace = id;
    const std::string parent =
        row.text({"parentObservationId", "parent_observation_id", "parent_span_id", "parentSpanId"});
    std::string type = row.text({"type"});
    JsonWriter body;
    body.object().field("id", id).field("traceId", trace).field("type", type.empty() ? "SPAN" : type);
    write_text(body, "parentObservationId", parent);
    write_text(body, "name", row.text({"name"}));
    write_time(body, "startTime", start);
    write_time(body, "endTime", end);
    write_time(body, "completionStartTime", row.moment({"completionStartTime", "completion_start_time"}));
    write_text(body, "model", row.text({"model", "providedModelName", "provided_model_name", "internal_model"}));
    write_raw(body, "modelParameters", row.value({"modelParameters", "model_parameters"}));
    write_raw(body, "input", row.value({"input"}));
    write_raw(body, "output", row.value({"output"}));
    write_raw(body, "usageDetails", usage_of(row));
    write_raw(body, "costDetails", costs_of(row));
    write_text(body, "promptName", row.text({"promptName", "prompt_name"}));
    if (const auto version = parse_int(row.text({"promptVersion", "prompt_version"})))
      body.field("promptVersion", *version);
    for (const auto& [to, from] : {Name{"level", {"level"}},
                                   {"statusMessage", {"statusMessage", "status_message"}},
                                   {"version", {"version"}},
                                   {"environment", {"environment"}}})
      write_text(body, to, row.text(from));
    write_metadata(body, row);
    const auto said = row.moment({"updatedAt", "updated_at", "event_ts"}).value_or(end.value_or(*start));
    put(out, "observation", "observation-create", id, said, body.end().take(), trace, id, *start);
    if (flat && parent.empty()) write_trace(row, trace, *start, {"trace_name", "traceName", "name"}, out);
    note_rest(row, out);
  }

  static void read_score(const Fields& row, const std::string& of_trace, Mapped& out) {
    const std::string id = row.text({"id"}), name = row.text({"name"});
    if (id.empty() || name.empty()) return out.bad.push_back("the score has no id or no name");
    const std::string type = row.text({"dataType", "data_type"});
    const bool words = type == "CATEGORICAL" || type == "TEXT" || type == "CORRECTION";
    std::string value;
    if (words)
      value = json_quote(row.text({"longStringValue", "long_string_value", "stringValue", "string_value", "value"}));
    else if (const auto number = row.text({"value"}); parse_double(number))
      value = number;
    else
      value = row.value({"value", "stringValue", "string_value"});
    if (value.empty() || value == "\"\"") return out.bad.push_back("the score has no value");
    std::string trace = row.text({"traceId", "trace_id"});
    if (trace.empty()) trace = of_trace;
    JsonWriter body;
    body.object().field("id", id).field("name", name).key("value").raw(value);
    write_text(body, "dataType", type);
    write_text(body, "traceId", trace);
    write_text(body, "observationId", row.text({"observationId", "observation_id"}));
    write_text(body, "sessionId", row.text({"sessionId", "session_id"}));
    write_text(body, "datasetRunId", row.text({"datasetRunId", "dataset_run_id"}));
    for (const std::string_view field : {"source", "comment", "environment"})
      write_text(body, field, row.text({field}));
    write_metadata(body, row);
    const auto at = row.moment({"timestamp", "createdAt", "created_at"});
    if (!at) return out.bad.push_back("the score has no timestamp, or one that is no time");
    write_time(body, "timestamp", at);
    put(out, "score", "score-create", id, *at, body.end().take(), "", "");
  }

  std::string project_;
  bool cells_ = false, dumped_ = false;  // of the row that is read
};

}  // namespace

std::unique_ptr<Reader> langfuse_reader(std::string project) {
  return std::make_unique<Langfuse>(std::move(project));
}

}  // namespace pawl::imports
