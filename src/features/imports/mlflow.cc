// Rows of MLflow: its SQLite store (3.x keeps spans there), and traces as JSON: artifacts traces.json of any version,
// and what Trace.to_json() writes. Source of the names: MLflow's store models and its entities Trace, Span and
// Assessment.
#include <algorithm>

#include "base/text.h"
#include "fields.h"
#include "items.h"
#include "otlp_span.h"
#include "store_things.h"

namespace pawl::imports {
namespace {

std::string trace_of(std::string_view id) {
  return hex_id(id.starts_with("tr-") ? id.substr(3) : id, 16);
}

class Mlflow : public Reader {
 public:
  explicit Mlflow(std::string project) : project_(std::move(project)) {}

  void read(const Row& row, Mapped& out) override {
    if (!out.is(Pass::first)) return;
    const Fields fields(row.json);
    const std::string experiment = fields.text({"experiment"});
    if (!project_.empty() && !experiment.empty() && experiment != project_) {
      ++out.skipped;
      out.notes.push_back("of another experiment");
      return;
    }
    if (row.table == "prompts" || row.table.starts_with("dataset"))
      return read_mlflow_thing(row.table, fields, memory, out);
    if (row.table == "assessments") return read_assessment(fields, out);
    if (row.table == "lost_traces") {
      if (trace_of(fields.text({"trace_id"})).empty() || fields.has({"location"}))
        return out.bad.push_back(fmt::format(
            "the spans of this trace are not in the store but in files (traces.json below {}): name that folder too",
            fields.text({"location"}).empty() ? "mlruns" : fields.text({"location"})));
      return out.bad.push_back("the trace has no spans in the store");
    }
    if (fields.has({"content"})) {  // a row of the table spans
      const std::string content = fields.value({"content"});
      if (!json::is_object(content)) return out.bad.push_back("the span's content is no JSON");
      return read_span(Fields(content), fields, experiment, out);
    }
    read_trace(fields, out);
  }

 private:
  // {"info": {…}, "data": {"spans": […]}}, or {"spans": […]} alone.
  void read_trace(const Fields& row, Mapped& out) {
    const std::string info = row.value({"info"}), data = row.value({"data"});
    const Fields inside(data);
    const std::string list = inside.has({"spans"}) ? inside.value({"spans"}) : row.value({"spans"});
    if (!json::is_array(list)) return out.bad.push_back("the record is no trace of MLflow: it has no spans");
    const Fields about(info);
    JsonWriter beside;
    beside.object();
    write_raw(beside, "metadata", about.value({"trace_metadata", "request_metadata"}));
    write_raw(beside, "tags", about.value({"tags"}));
    const std::string whole = beside.end().take();
    for (json::Elements spans(list); spans.next();) {
      if (json::is_object(spans.value))
        read_span(Fields(spans.value), Fields(whole), "", out);
      else
        out.bad.push_back("a span of the trace is no object");
    }
    const std::string assessments = about.value({"assessments"});
    for (json::Elements all(assessments); all.next();)
      if (json::is_object(all.value)) read_assessment(Fields(all.value), out);
  }

  // `beside`: what is known of the trace; it stands on the root.
  static void read_span(const Fields& row, const Fields& beside, const std::string& experiment, Mapped& out) {
    const Fields context(row.raw({"context"}));
    OtlpSpan span;
    const auto either = [&](const Names& names) {
      const std::string text = row.text(names);
      return text.empty() ? context.text(names) : text;
    };
    span.trace = trace_of(either({"trace_id"}));
    if (const auto known = trace_of(beside.text({"trace_id"})); !known.empty()) span.trace = known;
    span.span = hex_id(either({"span_id"}), 8);
    if (const auto known = hex_id(beside.text({"span_id"}), 8); !known.empty()) span.span = known;
    span.parent = hex_id(row.text({"parent_span_id", "parent_id"}), 8);
    if (const auto known = hex_id(beside.text({"parent_span_id"}), 8); !known.empty()) span.parent = known;
    span.name = row.text({"name"});
    const auto start = row.moment({"start_time_unix_nano", "start_time"}),
               end = row.moment({"end_time_unix_nano", "end_time"});
    if (span.trace.empty() || span.span.empty())
      return out.bad.push_back("the span has no ids of MLflow 2.14 or later");
    if (!start) return out.bad.push_back("the span has no start time");
    span.start = *start, span.end = end.value_or(*start);
    const Fields status(row.raw({"status"}));
    const std::string code = status.has({"code"}) ? status.text({"code"}) : row.text({"status_code"});
    span.status = code.ends_with("ERROR") || code == "2" ? 2 : code.ends_with("OK") || code == "1" ? 1 : 0;
    span.message = status.has({"message"}) ? status.text({"message"}) : row.text({"status_message"});
    JsonWriter attributes;
    attributes.array();
    const std::string own = row.value({"attributes"});
    for (json::Members members(own); members.next();)
      write_attribute(attributes, json::text("\"" + std::string(members.key) + "\""), members.value);
    if (span.parent.empty()) write_beside(attributes, beside);
    span.attributes = attributes.end().take();
    span.events = otlp_events(row.value({"events"}));
    out.items.push_back({.channel = Channel::otlp,
                         .kind = "span",
                         .id = span.span,
                         .json = otlp_json(span),
                         .trace = span.trace,
                         .span = span.span,
                         .at = span.start,
                         .resource = otlp_resource(experiment, "mlflow")});
  }

  static void write_beside(JsonWriter& attributes, const Fields& beside) {
    const std::string metadata = beside.value({"metadata"}), tags = beside.value({"tags"});
    if (metadata.find("mlflow.trace.session") == std::string::npos && beside.has({"session_id"}))
      write_attribute(attributes, "mlflow.trace.session", beside.raw({"session_id"}));
    for (json::Members members(metadata); members.next();) {
      const std::string name = json::text("\"" + std::string(members.key) + "\"");
      if (name == "mlflow.trace.session" || name == "mlflow.trace.user")
        write_attribute(attributes, name, members.value);
      else if (!name.starts_with("mlflow."))
        write_attribute(attributes, "mlflow.traceMetadata." + name, members.value);
    }
    for (json::Members members(tags); members.next();) {
      const std::string name = json::text("\"" + std::string(members.key) + "\"");
      if (!name.starts_with("mlflow.")) write_attribute(attributes, "mlflow.traceTag." + name, members.value);
    }
  }

  static void read_assessment(const Fields& row, Mapped& out) {
    const Fields feedback(row.raw({"feedback"})), expectation(row.raw({"expectation"})), source(row.raw({"source"}));
    Judgement judgement;
    judgement.id = row.text({"assessment_id"});
    judgement.trace = trace_of(row.text({"trace_id"}));
    judgement.span = hex_id(row.text({"span_id"}), 8);
    judgement.name = row.text({"name", "assessment_name"});
    judgement.comment = row.text({"rationale"});
    const auto at = row.moment({"created_timestamp", "create_time"});
    if (judgement.id.empty() || judgement.name.empty() || judgement.trace.empty() || !at)
      return out.bad.push_back("the assessment has no id, no name, no trace or no time");
    judgement.at = *at;
    if (row.has({"valid"}) && !row.is_true({"valid"})) {
      ++out.skipped;
      return out.notes.push_back("assessments that a later one overrides");
    }
    // In the store the value is text that holds JSON.
    std::string value(row.has({"value"}) ? row.text({"value"}) : "");
    if (value.empty()) value = feedback.raw({"value"});
    if (value.empty()) value = expectation.raw({"value"});
    if (json::is_null(value)) return out.bad.push_back("the assessment has no value (its judge failed)");
    if (value == "true" || value == "false") {
      judgement.number = value == "true" ? "1" : "0", judgement.type = "BOOLEAN";
    } else if (parse_double(value)) {
      judgement.number = value, judgement.type = "NUMERIC";
    } else {
      judgement.text = json::text(value),
      judgement.type = json::is_string(value) && judgement.text.size() < 100 ? "CATEGORICAL" : "TEXT";
    }
    std::string kind = row.text({"source_type"});
    if (kind.empty()) kind = source.text({"source_type"});
    judgement.source = kind == "HUMAN" ? "ANNOTATION" : "EVAL";
    JsonWriter metadata;
    begin_metadata(metadata, row.value({"assessment_metadata", "metadata"}));
    write_text(metadata, "source_type", kind);
    write_text(metadata, "source_id", row.has({"source_id"}) ? row.text({"source_id"}) : source.text({"source_id"}));
    if (row.text({"assessment_type"}) == "expectation" || row.has({"expectation"})) metadata.field("expectation", true);
    judgement.metadata = metadata.end().take();
    add_score(out, judgement);
  }

  std::string project_;
};

}  // namespace

std::unique_ptr<Reader> mlflow_reader(std::string project) {
  return std::make_unique<Mlflow>(std::move(project));
}

}  // namespace pawl::imports
