// LangSmith's runs (wire.md 4): multipart and JSON batches, and a run as a span in the words of its OpenTelemetry
// export.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "llm/json_check.h"
#include "llm/json_scan.h"
#include "llm/run_values.h"
#include "wire/multipart.h"

namespace pawl::llm {
namespace {

constexpr std::string_view big_fields[] = {"inputs", "outputs", "events", "extra", "error", "serialized"};

// What one run's fragment is made of, while its parts are gathered.
struct Gathered {
  bool patch = false;
  std::string id;
  std::string_view object;
  std::vector<std::pair<std::string_view, std::string_view>> parts;
  std::string why;  // it is refused
};

std::string_view field_of(const Gathered& run, std::string_view name) {
  return json::member(run.object, name);
}

Fragment fragment_of(const Gathered& run, Nanos received) {
  Fragment out;
  out.form = RunForm::langsmith;
  out.id = run.id;
  out.object = run.object;
  out.parts = run.parts;
  const auto start = time_of(field_of(run, "start_time")), end = time_of(field_of(run, "end_time"));
  out.when = {static_cast<std::uint8_t>(run.patch ? 1 : 0), (run.patch && end ? end : start).value_or(received),
              received};
  return out;
}

void check(Gathered& run) {
  if (!run.why.empty()) return;
  if (run.object.empty()) {
    run.why = fmt::format("The part {}.{} is missing.", run.patch ? "patch" : "post", run.id);
    return;
  }
  for (const std::string_view field : {"start_time", "end_time"}) {
    const std::string_view time = field_of(run, field);
    if (!json::is_null(time) && !time_of(time))
      run.why = fmt::format("{} {} is no time; send ISO 8601 or milliseconds.", field, utf8_prefix(time, 60));
  }
}

void hand_out(Gathered run, Nanos received, const EachRunEvent& each) {
  check(run);
  RunEvent event;
  event.id = run.id;
  event.type = run.patch ? "patch" : "post";
  event.at = received;
  event.why = run.why;
  event.what = run.why.empty() ? RunEvent::What::fragment : RunEvent::What::refused;
  if (run.why.empty()) event.fragment = fragment_of(run, received);
  each(event);
}

void walk_list(std::string_view list, bool patch, Nanos received, const EachRunEvent& each) {
  json::Elements elements(list);
  while (elements.next()) {
    Gathered run;
    run.patch = patch;
    run.object = elements.value;
    const std::string_view id = json::is_object(elements.value) ? json::member(elements.value, "id") : "";
    if (!json::is_string(id) || id.size() < 3) {
      run.why = "A run needs an id: a text that is not empty.";
    } else {
      run.id = json::text(id);
    }
    hand_out(std::move(run), received, each);
  }
}

Result<> walk_json(std::string_view body, Nanos received, const EachRunEvent& each) {
  if (const auto at = json::first_error(body))
    return fail(ErrorKind::invalid, "The body stops being JSON at byte {}.", *at);
  const std::string_view post = json::member(body, "post"), patch = json::member(body, "patch");
  const bool lists = (json::is_null(post) || json::is_array(post)) && (json::is_null(patch) || json::is_array(patch));
  if (!lists || (post.empty() && patch.empty()))
    return fail(ErrorKind::invalid, "The body must be {{\"post\": [run, …], \"patch\": [run, …]}}.");
  walk_list(post, false, received, each);
  walk_list(patch, true, received, each);
  return {};
}

class Multipart {
 public:
  Multipart(Nanos received, const EachRunEvent& each) : received_(received), each_(each) {}

  void part(const Part& part) {
    const auto [kind, rest] = cut(part.name, '.');
    if (kind == "post" || kind == "patch") return run_part(kind == "patch", rest, part);
    RunEvent event;
    event.at = received_;
    event.type = kind;
    event.json = part.bytes;
    event.what = RunEvent::What::other;
    if (kind == "feedback") {
      event.id = rest;
      if (json::first_error(part.bytes)) refuse(event, "is no JSON");
    } else if (kind == "attachment") {
      const auto [id, name] = cut(rest, '.');
      event.id = id, event.name = name, event.content_type = cut(part.content_type, ';').first;
      if (name.empty()) refuse(event, "must be named attachment.RUN.NAME");
    } else {
      event.id = part.name;
      refuse(event, "is no part that Pawl knows");
    }
    others_.push_back(std::move(event));
  }

  void finish() {
    for (auto& run : runs_) hand_out(std::move(run), received_, each_);
    for (auto& other : others_) each_(other);
  }

 private:
  static void refuse(RunEvent& event, std::string_view why) {
    event.what = RunEvent::What::refused;
    event.why = fmt::format("The part {}.{} {}.", event.type, event.id, why);
  }

  Gathered& gathered(bool patch, std::string_view id) {
    const auto found =
        std::ranges::find_if(runs_, [&](const Gathered& run) { return run.patch == patch && run.id == id; });
    if (found != runs_.end()) return *found;
    runs_.emplace_back().patch = patch;
    runs_.back().id = id;
    return runs_.back();
  }

  void run_part(bool patch, std::string_view rest, const Part& part) {
    std::string_view field;
    if (const auto dot = rest.rfind('.'); dot != std::string_view::npos) {
      const auto last = rest.substr(dot + 1);
      if (std::ranges::find(big_fields, last) != std::end(big_fields)) {
        field = last;
        rest = rest.substr(0, dot);
      }
    }
    auto& run = gathered(patch, rest);
    std::string_view bytes = json::trimmed(part.bytes);
    if (json::first_error(bytes)) {
      if (field != "error") {
        run.why = fmt::format("The part {} is no JSON.", part.name);
        return;
      }
      bytes = texts_.emplace_back(json_quote(part.bytes));
    }
    if (field.empty()) {
      run.object = bytes;
      if (!json::is_object(bytes)) run.why = fmt::format("The part {} is no object.", part.name);
    } else {
      run.parts.emplace_back(field, bytes);
    }
  }

  Nanos received_;
  const EachRunEvent& each_;
  std::deque<Gathered> runs_;
  std::vector<RunEvent> others_;
  std::deque<std::string> texts_;
};

// --- as a span ---

// Where a run says what the call used, the newest way first (wire.md 4.2).
std::string_view usage_of(std::string_view outputs) {
  for (const std::string_view usage :
       {json::member(outputs, "usage_metadata"),
        json::at(outputs, {"generations", "0", "0", "message", "kwargs", "usage_metadata"}),
        json::at(outputs, {"generations", "0", "0", "message", "usage_metadata"}),
        json::at(outputs, {"llm_output", "token_usage"}), json::at(outputs, {"llm_output", "usage"}),
        json::at(outputs, {"llmOutput", "tokenUsage"}), json::member(outputs, "usage")}) {
    if (json::is_object(usage)) return usage;
  }
  return {};
}

void read_events(const Run& run, RunSpan& out) {
  const std::string raw = run.value("events");
  json::Elements events(raw);
  while (events.next()) {
    otlp::Event event;
    event.name = out.texts.emplace_back(json::text(json::member(events.value, "name")));
    event.time_ns =
        static_cast<std::uint64_t>(std::max<Nanos>(0, time_of(json::member(events.value, "time")).value_or(0)));
    auto& held = out.event_attributes.emplace_back();
    Attributes attributes(out, held);
    json::Members members(events.value);
    while (members.next()) {
      if (members.key != "name" && members.key != "time") attributes.json(members.key, members.value);
    }
    event.attributes = held;
    out.events.push_back(event);
  }
  const std::string error = run.text("error");
  if (error.empty()) return;
  auto& held = out.event_attributes.emplace_back();
  Attributes attributes(out, held);
  attributes.text("exception.type", "Exception");
  attributes.text("exception.message", error);
  otlp::Event event;
  event.name = "exception";
  event.time_ns = out.span.end_ns;
  event.attributes = held;
  out.events.push_back(event);
}

void read_extra(const Run& run, RunSpan& out, Attributes& attributes) {
  const std::string extra = run.value("extra");
  json::Members members(extra);
  while (members.next()) {
    if (members.key == "metadata") {
      attributes.members("langsmith.metadata.", members.value);
    } else if (members.key == "invocation_params") {
      attributes.json("llm.invocation_parameters", members.value);
    } else {
      attributes.members(fmt::format("langsmith.{}.", members.key), members.value);
    }
  }
  if (json::is_object(json::at(extra, {"metadata", "usage_metadata"}))) return;
  const std::string outputs = run.value("outputs");
  attributes.text("langsmith.metadata.usage_metadata", std::string(usage_of(outputs)));
  static_cast<void>(out);
}

constexpr std::string_view own_fields[] = {"id",     "trace_id", "parent_run_id", "name",         "run_type",
                                           "inputs", "outputs",  "extra",         "error",        "events",
                                           "tags",   "end_time", "start_time",    "session_name", "child_runs"};

}  // namespace

Result<> walk_langsmith(std::string_view body, Nanos received, const EachRunEvent& each) {
  if (!body.starts_with("--")) return walk_json(body, received, each);
  Multipart parts(received, each);
  TRY(walk_multipart(body, multipart_boundary_of_body(body), [&](const Part& part) { parts.part(part); }));
  parts.finish();
  return {};
}

void read_langsmith(const Run& run, RunSpan& out) {
  Attributes attributes(out, out.attributes), resource(out, out.resource_attributes);
  out.scope.name = "langsmith";
  out.span.name = out.texts.emplace_back(run.text("name"));
  const auto start = time_of(run.value("start_time")), end = time_of(run.value("end_time"));
  const Nanos begin = start ? *start : end ? *end : run.received();
  out.span.start_ns = static_cast<std::uint64_t>(begin);
  out.span.end_ns = static_cast<std::uint64_t>(end.value_or(begin));
  const std::string project = run.text("session_name");
  resource.text("service.name", project);
  attributes.text("langsmith.trace.session_name", project);
  attributes.text("langsmith.span.kind", run.text("run_type"));
  attributes.json("gen_ai.prompt", run.value("inputs"));
  attributes.json("gen_ai.completion", run.value("outputs"));
  attributes.json("langsmith.span.tags", run.value("tags"));
  read_extra(run, out, attributes);
  for (const auto& field : run.fields()) {
    if (std::ranges::find(own_fields, field) != std::end(own_fields)) continue;
    attributes.json(fmt::format("langsmith.{}", field), run.value(field));
  }
  read_events(run, out);
}

}  // namespace pawl::llm
