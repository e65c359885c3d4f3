// The fold.
#include "llm/run.h"

#include <algorithm>
#include <iterator>

#include "base/json.h"
#include "llm/json_check.h"
#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

constexpr char joint = '\x1f';     // no JSON key holds it
constexpr int deepest_merge = 16;  // below it an object is one value
constexpr std::string_view forms[] = {"none", "langfuse",     "langsmith", "openai-agents",
                                      "kept", "coding-agent", "log-call"};

bool says_nothing(std::string_view raw) {
  if (raw.empty()) return true;
  const bool open = raw.front() == '{' || raw.front() == '[';
  return open && json::skip_space(raw, 1) + 1 == raw.size();
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

std::string_view last_of(std::string_view path) {
  const auto at = path.rfind(joint);
  return at == std::string_view::npos ? path : path.substr(at + 1);
}

}  // namespace

std::string_view name_of(RunForm form) {
  return forms[static_cast<std::size_t>(form)];
}

Run::Run(const Fragment& first) : form_(first.form), root_(first.root), id_(first.id) {}

Run::Rule Run::rule_of(RunForm form, bool root, std::string_view field) {
  switch (form) {
    case RunForm::langfuse:
      if (field == "metadata") return Rule::merge;
      if (root && field == "tags") return Rule::unite;
      if (one_of(field, {"id", "traceId", "environment", root ? "timestamp" : "startTime"})) return Rule::first;
      return Rule::latest;
    case RunForm::langsmith:
      if (field == "extra") return Rule::merge;
      if (one_of(field, {"id", "trace_id", "parent_run_id", "dotted_order", "start_time"})) return Rule::first;
      return Rule::latest;
    case RunForm::coding_agent:
      if (one_of(field, {"started_at", "input", "session"})) return Rule::first;
      return one_of(field, {"metadata", "resource"}) ? Rule::merge : Rule::latest;
    case RunForm::log_call:
      if (one_of(field, {"started_at", "preview"})) return Rule::first;
      return one_of(field, {"metadata", "resource"}) ? Rule::merge : Rule::latest;
    default:
      return field == "metadata" ? Rule::merge : Rule::latest;
  }
}

// LangSmith's clients write null for whatever a patch does not change; only what a run brought can be taken back.
bool Run::erases(RunForm form, std::string_view field) {
  switch (form) {
    case RunForm::langfuse:
      return !one_of(field, {"id", "traceId", "environment", "timestamp", "startTime", "name"});
    case RunForm::langsmith:
      return one_of(field, {"inputs", "outputs", "error"});
    default:
      return true;
  }
}

void Run::hold(const std::string& path, Rule rule, const Moment& when, std::string_view raw) {
  auto [at, fresh] = fields_.try_emplace(path);
  auto& held = at->second;
  const auto mine = std::tie(held.when, held.raw);
  const std::string text(raw);
  const auto theirs = std::tie(when, text);
  if (!fresh && (rule == Rule::first ? mine <= theirs : mine >= theirs)) return;
  bytes_ += fresh ? path.size() + raw.size() + 96 : raw.size();
  bytes_ -= fresh ? 0 : std::min(bytes_, held.raw.size());
  held = {when, text};
}

void Run::put(std::string path, Rule rule, const Moment& when, std::string_view raw, int depth) {
  if (says_nothing(raw)) return;
  if (rule == Rule::merge && json::is_object(raw) && depth < deepest_merge) {
    json::Members members(raw);
    while (members.next()) put(path + joint + std::string(members.key), rule, when, members.value, depth + 1);
    return;
  }
  if (rule == Rule::unite && json::is_array(raw)) {
    json::Elements elements(raw);
    while (elements.next()) {
      if (json::is_string(elements.value)) hold(path + joint + std::string(elements.value), rule, when, "true");
    }
    return;
  }
  hold(path, rule, when, raw);
}

void Run::put_field(std::string_view field, const Moment& when, std::string_view raw) {
  raw = json::trimmed(raw);
  if (raw == "null" && !erases(form_, field)) return;
  put(std::string(field), rule_of(form_, root_, field), when, raw, 0);
}

void Run::fold(const Fragment& fragment) {
  received_ = std::max(received_, fragment.when.received);
  created_ = created_ || fragment.when.rank == 0;
  if (!fragment.type.empty()) put_field("@type", fragment.when, json_quote(fragment.type));
  json::Members members(fragment.object);
  while (members.next()) put_field(members.key, fragment.when, members.value);
  for (const auto& [name, raw] : fragment.parts) put_field(name, fragment.when, raw);
}

void Run::merge(const Run& other) {
  received_ = std::max(received_, other.received_);
  created_ = created_ || other.created_;
  for (const auto& [path, held] : other.fields_) {
    const std::string_view field = std::string_view(path).substr(0, path.find(joint));
    hold(path, rule_of(form_, root_, field), held.when, held.raw);
  }
}

std::string Run::render(std::string_view path, const Moment* above) const {
  std::string leaf;
  if (const auto own = fields_.find(path); own != fields_.end()) {
    if (above == nullptr || own->second.when > *above) {
      above = &own->second.when;
      if (own->second.raw != "null") leaf = own->second.raw;
    }
  }
  std::string inside;
  const std::string prefix = std::string(path) + joint;
  for (auto at = fields_.lower_bound(prefix); at != fields_.end() && at->first.starts_with(prefix);) {
    const auto end = at->first.find(joint, prefix.size());
    const std::string child = at->first.substr(0, end);
    if (const std::string value = render(child, above); !value.empty()) {
      inside += fmt::format("{}\"{}\":{}", inside.empty() ? "" : ",", last_of(child), value);
    }
    const std::string below = child + joint;
    while (at != fields_.end() && (at->first == child || at->first.starts_with(below))) ++at;
  }
  return inside.empty() ? leaf : "{" + inside + "}";
}

std::string Run::value(std::string_view field) const {
  if (rule_of(form_, root_, field) == Rule::merge) return render(field, nullptr);
  const auto at = fields_.find(field);
  return at == fields_.end() || at->second.raw == "null" ? std::string() : at->second.raw;
}

std::string Run::text(std::string_view field) const {
  const std::string raw = value(field);
  return raw.empty() ? raw : json::text(raw);
}

std::vector<std::string> Run::united(std::string_view field) const {
  std::vector<std::string> out;
  const std::string prefix = std::string(field) + joint;
  for (auto at = fields_.lower_bound(prefix); at != fields_.end() && at->first.starts_with(prefix); ++at)
    out.push_back(at->first.substr(prefix.size()));
  return out;
}

std::vector<std::string> Run::fields() const {
  std::vector<std::string> out;
  for (const auto& [path, held] : fields_) {
    std::string field = path.substr(0, path.find(joint));
    if (out.empty() || out.back() != field) out.push_back(std::move(field));
  }
  // "a" and "a\x1fb" may stand apart: "a!" sorts between them.
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

std::vector<std::string> Run::erased() const {
  std::vector<std::string> out;
  for (const auto& [path, held] : fields_) {
    if (held.raw != "null") continue;
    std::string& name = out.emplace_back(path);
    std::ranges::replace(name, joint, '.');
  }
  return out;
}

Moment Run::last() const {
  Moment last;
  for (const auto& [path, held] : fields_) last = std::max(last, held.when);
  return last;
}

Id128 Run::record() const {
  std::string all = fmt::format("{}{}{}", static_cast<int>(form_), root_ ? "r" : "s", created_ ? "" : "?");
  for (const auto& field : fields()) {
    std::string raw = value(field);
    if (raw.empty()) {
      for (const auto& one : united(field)) raw += one;
    }
    if (!raw.empty()) all += fmt::format("\n{} {}:{}", field, raw.size(), raw);
  }
  return hash128(all);
}

std::string Run::write() const {
  JsonWriter json;
  json.object().field("form", static_cast<int>(form_)).field("id", id_).field("root", root_);
  json.field("created", created_).field("received", received_).key("fields").array();
  for (const auto& [path, held] : fields_) {
    json.array().value(path).value(static_cast<int>(held.when.rank)).value(held.when.at).value(held.when.received);
    json.raw(held.raw).end();
  }
  return json.end().end().take();
}

Result<Run> Run::read(std::string_view text) {
  Run run;
  const auto form = json::integer(json::member(text, "form"));
  if (!form || *form < 1 || *form >= static_cast<std::int64_t>(std::size(forms)))
    return fail(ErrorKind::corrupt, "a kept run has no form");
  run.form_ = static_cast<RunForm>(*form);
  run.id_ = json::text(json::member(text, "id"));
  run.root_ = json::member(text, "root") == "true";
  run.created_ = json::member(text, "created") == "true";
  run.received_ = json::integer(json::member(text, "received")).value_or(0);
  json::Elements fields(json::member(text, "fields"));
  while (fields.next()) {
    std::vector<std::string_view> five;
    json::Elements parts(fields.value);
    while (parts.next()) five.push_back(parts.value);
    if (five.size() != 5) return fail(ErrorKind::corrupt, "a field of kept run {} has {} parts", run.id_, five.size());
    const std::string path = json::text(five[0]);
    const Moment when{static_cast<std::uint8_t>(json::integer(five[1]).value_or(0)), json::integer(five[2]).value_or(0),
                      json::integer(five[3]).value_or(0)};
    run.hold(path, rule_of(run.form_, run.root_, std::string_view(path).substr(0, path.find(joint))), when, five[4]);
  }
  return run;
}

Result<std::vector<Run>> read_kept_runs(std::string_view body) {
  std::vector<Run> runs;
  json::Elements elements(json::member(body, "runs"));
  while (elements.next()) runs.push_back(TRY(Run::read(elements.value)));
  return runs;
}

Result<> walk_runs(RunForm form, std::string_view body, Nanos received, const EachRunEvent& each) {
  switch (form) {
    case RunForm::langfuse:
      return walk_langfuse(body, received, each);
    case RunForm::langsmith:
      return walk_langsmith(body, received, each);
    case RunForm::openai_agents:
      return walk_openai_agents(body, received, each);
    default:
      return fail(ErrorKind::invalid, "no vendor's protocol");
  }
}

}  // namespace pawl::llm
