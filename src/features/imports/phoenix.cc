// Rows of Phoenix: its SQLite store, spans as its REST API lists them, and its data frame of spans as JSON or CSV.
// Source of the names: Phoenix' migrations and OpenInference's semantic conventions.
#include <algorithm>

#include "base/text.h"
#include "fields.h"
#include "items.h"
#include "otlp_span.h"
#include "store_things.h"

namespace pawl::imports {
namespace {

class Phoenix : public Reader {
 public:
  explicit Phoenix(std::string project) : project_(std::move(project)) {}

  void read(const Row& row, Mapped& out) override {
    if (!out.is(Pass::first)) return;
    const Fields fields(row.json);
    const std::string project = fields.text({"project", "project_name"});
    if (!project_.empty() && !project.empty() && project != project_) {
      ++out.skipped;
      out.notes.push_back("of another project");
      return;
    }
    if (row.table == "prompts" || row.table.starts_with("dataset"))
      return read_phoenix_thing(row.table, fields, memory, out);
    if (row.table.ends_with("annotations")) return read_annotation(row.table, fields, out);
    if (fields.has({"annotator_kind"}) && fields.has({"result"}))  // as the REST API lists them
      return read_annotation(fields.has({"span_id"})    ? "span_annotations"
                             : fields.has({"trace_id"}) ? "trace_annotations"
                                                        : "session_annotations",
                             fields, out);
    read_span(fields, row.json, project, out);
  }

 private:
  static void read_span(const Fields& row, std::string_view object, const std::string& project, Mapped& out) {
    const Fields context(row.raw({"context"}));
    const auto id_of = [&](const Names& names, const Names& inside, std::size_t bytes) {
      const std::string text = row.text(names);
      return hex_id(text.empty() ? context.text(inside) : text, bytes);
    };
    OtlpSpan span;
    span.trace = id_of({"trace_id", "context.trace_id"}, {"trace_id"}, 16);
    span.span = id_of({"span_id", "context.span_id"}, {"span_id"}, 8);
    span.parent = hex_id(row.text({"parent_id", "parent_span_id"}), 8);
    span.name = row.text({"name"});
    const auto start = row.moment({"start_time"}), end = row.moment({"end_time"});
    if (span.trace.empty() || span.span.empty())
      return out.bad.push_back(
          "the record is no span of Phoenix: it has no trace_id of 32 and span_id of 16 hex digits");
    if (!start) return out.bad.push_back("the span has no start_time, or one that is no time");
    span.start = *start, span.end = end.value_or(*start);
    const std::string status = row.text({"status_code"});
    span.status = status == "ERROR" ? 2 : status == "OK" ? 1 : 0;
    span.message = row.text({"status_message"});
    span.attributes = attributes_of(row, object);
    span.events = otlp_events(row.value({"events"}));
    out.items.push_back({.channel = Channel::otlp,
                         .kind = "span",
                         .id = span.span,
                         .json = otlp_json(span),
                         .trace = span.trace,
                         .span = span.span,
                         .at = span.start,
                         .resource = otlp_resource(project, "")});
  }

  // One object, or columns attributes.* of the data frame.
  static std::string attributes_of(const Fields& row, std::string_view object) {
    JsonWriter out;
    out.array();
    const std::string attributes = row.value({"attributes"});
    if (json::is_object(attributes)) write_flattened(out, "", attributes);
    bool kind = attributes.find("openinference") != std::string::npos;
    for (json::Members members(object); members.next();) {
      const std::string name = json::text("\"" + std::string(members.key) + "\"");
      if (!name.starts_with("attributes.")) continue;
      kind = kind || name == "attributes.openinference.span.kind";
      write_flattened(out, name.substr(11), unwrapped(members.value));
    }
    const std::string said = row.text({"span_kind"});
    if (!kind && !said.empty() && said != "UNKNOWN") write_attribute(out, "openinference.span.kind", json_quote(said));
    return out.end().take();
  }

  static void read_annotation(std::string_view table, const Fields& row, Mapped& out) {
    const Fields result(row.raw({"result"}));
    const auto of = [&](const Names& names) { return row.has(names) ? row.text(names) : result.text(names); };
    Judgement judgement;
    judgement.trace = hex_id(row.text({"trace_id"}), 16);
    judgement.span = hex_id(row.text({"span_id"}), 8);
    judgement.session = row.text({"session_id"});
    judgement.name = row.text({"name"});
    judgement.comment = of({"explanation"});
    const std::string about = !judgement.span.empty()    ? judgement.span
                              : !judgement.trace.empty() ? judgement.trace
                                                         : judgement.session;
    judgement.id = fmt::format("phoenix {} {} {} {}{}", table, about, judgement.name, row.text({"identifier"}),
                               row.text({"document_position"}));
    const auto at = row.moment({"created_at"});
    if (judgement.name.empty() || about.empty() || !at)
      return out.bad.push_back("the annotation has no name, nothing that it is about, or no time");
    judgement.at = *at;
    const std::string score = of({"score"}), label = of({"label"});
    if (parse_double(score)) {
      judgement.number = score, judgement.type = "NUMERIC";
    } else if (!label.empty()) {
      judgement.text = label, judgement.type = "CATEGORICAL";
    } else if (!judgement.comment.empty()) {
      judgement.text = judgement.comment, judgement.type = "TEXT";
    } else {
      return out.bad.push_back("the annotation has neither a score, a label nor an explanation");
    }
    judgement.source = row.text({"annotator_kind"}) == "HUMAN" ? "ANNOTATION" : "EVAL";
    JsonWriter metadata;
    begin_metadata(metadata, row.value({"metadata"}));
    if (!judgement.number.empty()) write_text(metadata, "label", label);
    write_text(metadata, "document_position", row.text({"document_position"}));
    write_text(metadata, "annotator_kind", row.text({"annotator_kind"}));
    judgement.metadata = metadata.end().take();
    add_score(out, judgement);
  }

  std::string project_;
};

}  // namespace

std::unique_ptr<Reader> phoenix_reader(std::string project) {
  return std::make_unique<Phoenix>(std::move(project));
}

}  // namespace pawl::imports
