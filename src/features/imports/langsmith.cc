// Rows of LangSmith: runs as its API lists them or its exports write them (JSON, JSONL, CSV), and feedback.
// Source of the names: LangSmith's API reference (RunSchema, FeedbackSchema).
#include <algorithm>

#include "base/text.h"
#include "fields.h"
#include "items.h"
#include "langsmith_things.h"

namespace pawl::imports {
namespace {

constexpr int deepest = 32;  // child runs inside of runs

class LangSmith : public Reader {
 public:
  explicit LangSmith(std::string project) : project_(std::move(project)) {}

  void read(const Row& row, Mapped& out) override {
    const Fields fields(row.json);
    const bool run = fields.has({"run_type"});
    const bool feedback = fields.has({"key"}) && (fields.has({"run_id"}) || fields.has({"trace_id"}));
    if (!run && !feedback) return read_langsmith_thing(fields, memory, out);
    if (!out.is(Pass::first)) return;
    return run ? read_run(row.json, "", "", 0, out) : read_feedback(fields, out);
  }

 private:
  bool is_wanted(const Fields& row, Mapped& out) const {
    if (project_.empty() || project_ == row.text({"session_id", "project_id"}) ||
        project_ == row.text({"session_name", "project_name"}))
      return true;
    ++out.skipped;
    out.notes.push_back("of another project");
    return false;
  }

  // What the columns of an export say of usage, where the answer itself does not.
  static std::string with_usage(const Fields& row, const std::string& extra, const std::string& outputs) {
    const auto input = row.text({"prompt_tokens"}), output = row.text({"completion_tokens"});
    const bool told = outputs.find("usage") != std::string::npos || outputs.find("Usage") != std::string::npos ||
                      extra.find("usage_metadata") != std::string::npos;
    if (row.text({"run_type"}) != "llm" || told || !parse_int(input) || !parse_int(output) ||
        *parse_int(input) + *parse_int(output) == 0)
      return extra;
    JsonWriter out;
    out.object();
    bool metadata = false;
    const std::string usage = fmt::format("{{\"input_tokens\":{},\"output_tokens\":{}}}", input, output);
    for (json::Members members(extra); members.next();) {
      const std::string name = json::text("\"" + std::string(members.key) + "\"");
      if (name != "metadata" || !json::is_object(members.value)) {
        out.key(name).raw(members.value);
        continue;
      }
      const auto rest = json::trimmed(members.value.substr(1));
      metadata = true;
      out.key(name).raw(fmt::format("{{\"usage_metadata\":{}{}{}", usage, rest == "}" ? "" : ",", rest));
    }
    if (!metadata) out.key("metadata").raw(fmt::format("{{\"usage_metadata\":{}}}", usage));
    return out.end().take();
  }

  static std::string events_of(const Fields& row) {
    std::string events = row.value({"events"});
    const auto first = row.moment({"first_token_time"});
    if (!first || events.find("new_token") != std::string::npos) return json::is_array(events) ? events : std::string();
    const std::string event = fmt::format("{{\"name\":\"new_token\",\"time\":\"{}\"}}", format_time(*first));
    const std::string rest =
        json::is_array(events) ? std::string(json::trimmed(std::string_view(events).substr(1))) : "]";
    return fmt::format("[{}{}{}", event, rest == "]" ? "" : ",", rest);
  }

  void read_run(std::string_view object, const std::string& trace_above, const std::string& parent_above, int depth,
                Mapped& out) {
    const Fields row(object);
    if (depth == 0 && !is_wanted(row, out)) return;
    const std::string id = row.text({"id", "run_id"});
    const auto start = row.moment({"start_time"}), end = row.moment({"end_time"});
    if (id.empty()) return out.bad.push_back("the run has no id");
    if (!start) return out.bad.push_back("the run has no start_time, or one that is no time");
    if (!end && row.has({"end_time"})) return out.bad.push_back("the run's end_time is no time");
    std::string trace = row.text({"trace_id"}), parent = row.text({"parent_run_id"});
    if (trace.empty()) trace = !trace_above.empty() ? trace_above : parent.empty() ? id : "";
    if (parent.empty()) parent = parent_above;
    const std::string outputs = row.value({"outputs"});
    JsonWriter run;
    run.object().field("id", id);
    write_text(run, "trace_id", trace);
    write_text(run, "parent_run_id", parent);
    write_text(run, "name", row.text({"name"}));
    write_text(run, "run_type", row.text({"run_type"}));
    write_time(run, "start_time", start);
    write_time(run, "end_time", end);
    write_raw(run, "inputs", row.value({"inputs"}));
    write_raw(run, "outputs", outputs);
    write_raw(run, "error", std::string(row.raw({"error"})));
    write_raw(run, "extra", with_usage(row, row.value({"extra"}), outputs));
    write_raw(run, "events", events_of(row));
    write_raw(run, "tags", list_of(row.raw({"tags"})));
    write_text(run, "session_name", row.text({"session_name", "project_name"}));
    for (const std::string_view field : {"dotted_order", "session_id", "reference_example_id"})
      write_text(run, field, row.text({field}));
    out.items.push_back({.channel = Channel::langsmith,
                         .kind = "run",
                         .id = id,
                         .json = run.end().take(),
                         .trace = trace,
                         .span = trace.empty() ? "" : id,
                         .at = *start,
                         .resource = {}});
    note_rest(row, out);
    const std::string children = row.value({"child_runs"});
    if (!json::is_array(children)) return;
    for (json::Elements child(children); child.next();) {
      if (depth == deepest)
        return out.bad.push_back("runs stand deeper than 32 in one another: export them one a line");
      if (json::is_object(child.value)) read_run(child.value, trace, id, depth + 1, out);
    }
  }

  static void note_rest(const Fields& row, Mapped& out) {
    for (const std::string_view field : {"inputs", "outputs"}) {
      const std::string address = fmt::format("{}_s3_urls", field), value = row.value({address});
      if (!row.has({field}) && !value.empty() && value != "{}")
        out.notes.push_back(fmt::format("{} that stand in an object storage and not in the export", field));
    }
    const std::string stats = row.value({"feedback_stats"});
    if (!stats.empty() && stats != "{}") out.notes.push_back("sums of feedback: export the feedback itself too");
  }

  static void read_feedback(const Fields& row, Mapped& out) {
    const std::string id = row.text({"id"});
    if (id.empty()) return out.bad.push_back("the feedback has no id");
    if (std::ranges::any_of(id, [](char c) { return c == '"' || static_cast<unsigned char>(c) < 0x20; }))
      return out.bad.push_back("the feedback's id has characters that no id has");
    JsonWriter feedback;
    feedback.object().field("id", id);
    for (const std::string_view field : {"key", "run_id", "trace_id", "session_id", "comment"})
      write_text(feedback, field, row.text({field}));
    for (const std::string_view field : {"score", "value", "correction", "feedback_source", "extra"}) {
      std::string raw = row.value({field});
      if (field == "score" && json::is_string(raw) && parse_double(json::text(raw))) raw = json::text(raw);
      write_raw(feedback, field, raw);
    }
    const auto at = row.moment({"created_at"});
    if (!at) return out.bad.push_back("the feedback has no created_at, or one that is no time");
    write_time(feedback, "created_at", at);
    out.items.push_back({.channel = Channel::feedback,
                         .kind = "feedback",
                         .id = id,
                         .json = feedback.end().take(),
                         .trace = {},
                         .span = {},
                         .resource = {}});
  }

  std::string project_;
};

}  // namespace

std::unique_ptr<Reader> langsmith_reader(std::string project) {
  return std::make_unique<LangSmith>(std::move(project));
}

}  // namespace pawl::imports
