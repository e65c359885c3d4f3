// Reading a run.
#include "run.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_map>

#include "base/text.h"

namespace pawl::terminal {
namespace {

namespace sj = simdjson;

std::string text_of(const sj::dom::element& of, std::string_view name) {
  std::string_view text;
  return of[name].get(text) == sj::SUCCESS ? std::string(text) : std::string();
}
std::string json_of(const sj::dom::element& of, std::string_view name) {
  sj::dom::element value;
  return of[name].get(value) == sj::SUCCESS && !value.is_null() ? std::string(sj::minify(value)) : std::string();
}
double number_of(const sj::dom::element& of, std::string_view name) {
  double number = 0;
  return of[name].get(number) == sj::SUCCESS ? number : 0;
}
bool flag_of(const sj::dom::element& of, std::string_view name) {
  bool flag = false;
  return of[name].get(flag) == sj::SUCCESS && flag;
}
template <typename F>
void each(const sj::dom::element& of, std::string_view name, F use) {
  sj::dom::array list;
  if (of[name].get(list) != sj::SUCCESS) return;
  for (const auto one : list) use(one);
}

std::vector<Said> messages_of(const sj::dom::element& span, std::string_view name) {
  std::vector<Said> out;
  each(span, name, [&](const sj::dom::element& message) {
    Said said{text_of(message, "role"), {}};
    each(message, "parts", [&](const sj::dom::element& part) {
      Part one{text_of(part, "type"), text_of(part, "text"), text_of(part, "id"), text_of(part, "name"),
               json_of(part, "arguments")};
      if (one.text.empty() && one.type == "tool_result") one.text = json_of(part, "result");
      said.parts.push_back(std::move(one));
    });
    out.push_back(std::move(said));
  });
  return out;
}

std::optional<std::int64_t> tokens_of(const sj::dom::element& span) {
  sj::dom::element tokens;
  if (span["tokens"].get(tokens) != sj::SUCCESS || !tokens.is_object()) return std::nullopt;
  std::optional<std::int64_t> sum;
  for (const std::string_view kind : {"input", "cache_read", "cache_write", "output", "reasoning"}) {
    std::int64_t count = 0;
    if (tokens[kind].get(count) == sj::SUCCESS) sum = sum.value_or(0) + count;
  }
  return sum;
}

Step step_of(const sj::dom::element& span) {
  Step step;
  step.trace_id = text_of(span, "trace_id"), step.span_id = text_of(span, "span_id");
  step.parent_id = text_of(span, "parent_id"), step.kind = text_of(span, "kind"), step.name = text_of(span, "name");
  step.agent = text_of(span, "agent"), step.status = text_of(span, "status");
  step.start = parse_time(text_of(span, "start")).value_or(0), step.ms = number_of(span, "duration_ms");
  step.is_error = flag_of(span, "is_error"), step.noise = flag_of(span, "noise");
  const std::string why = text_of(span, "not_counted_because");
  step.wrapper = why.starts_with("a wrapper"), step.duplicate = why.starts_with("a duplicate");
  if (const auto cost = parse_dollars(text_of(span, "cost_usd"))) step.cost = cost->pico;
  if (flag_of(span, "counted")) step.tokens = tokens_of(span);
  step.label = step.name;
  if (sj::dom::element tool; span["tool"].get(tool) == sj::SUCCESS && tool.is_object()) {
    step.label = text_of(tool, "name"), step.call_id = text_of(tool, "call_id");
    step.arguments = json_of(tool, "arguments"), step.result = json_of(tool, "result");
  } else if (sj::dom::element model; span["model"].get(model) == sj::SUCCESS && model.is_object()) {
    const std::string served = text_of(model, "served");
    step.label = served.empty() ? text_of(model, "requested") : served;
  }
  if (step.label.empty()) step.label = step.name;
  if (sj::dom::element error; span["error"].get(error) == sj::SUCCESS && error.is_object())
    step.error = std::string(trim(text_of(error, "type") + " " + text_of(error, "message")));
  step.input = messages_of(span, "input"), step.output = messages_of(span, "output");
  each(span, "findings", [&](const sj::dom::element& one) {
    std::string_view rule;
    if (one.get(rule) == sj::SUCCESS) step.findings.emplace_back(rule);
  });
  return step;
}

// Parents before children, each level in order of start; what hangs on nothing, or on itself, is a root.
void order(std::vector<Step> found, Run& run) {
  std::unordered_map<std::string, std::size_t> at;
  for (std::size_t i = 0; i < found.size(); ++i) at.try_emplace(found[i].trace_id + "\n" + found[i].span_id, i);
  std::vector<std::vector<std::size_t>> below(found.size());
  std::vector<std::size_t> tops;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto parent = at.find(found[i].trace_id + "\n" + found[i].parent_id);
    parent == at.end() || parent->second == i ? tops.push_back(i) : below[parent->second].push_back(i);
  }
  std::vector<bool> taken(found.size());
  const auto take = [&](std::size_t top) {
    std::vector<std::pair<std::size_t, std::optional<std::size_t>>> left{
        {top, std::nullopt}};  // step, its parent's place
    while (!left.empty()) {
      const auto [i, parent] = left.back();
      left.pop_back();
      if (taken[i]) continue;
      taken[i] = true;
      const std::size_t place = run.steps.size();
      found[i].depth = parent ? run.steps[*parent].depth + 1 : 0;
      parent ? run.steps[*parent].children.push_back(place) : run.roots.push_back(place);
      run.steps.push_back(std::move(found[i]));
      for (std::size_t n = below[i].size(); n > 0; --n) left.emplace_back(below[i][n - 1], place);
    }
  };
  for (const std::size_t top : tops) take(top);
  for (std::size_t i = 0; i < taken.size(); ++i)
    if (!taken[i]) take(i);  // parents in a circle
}

}  // namespace

Result<Run> read_run(std::string_view json) {
  sj::dom::parser parser;
  sj::dom::element document, head;
  if (parser.parse(json.data(), json.size()).get(document) != sj::SUCCESS ||
      (document["session"].get(head) != sj::SUCCESS && document["trace"].get(head) != sj::SUCCESS))
    return fail(ErrorKind::corrupt, "the answer is no run");
  Run run;
  run.id = text_of(head, "session_id");
  if (run.id.empty() || document["trace"].error() == sj::SUCCESS) run.id = text_of(head, "trace_id");
  run.title = one_line(text_of(head, "title").empty() ? text_of(head, "name") : text_of(head, "title"));
  run.agent = text_of(head, "agent"), run.version = text_of(head, "agent_version");
  run.status = text_of(head, "status"), run.cost = text_of(head, "cost_usd");
  run.ms = number_of(head, head["active_ms"].error() == sj::SUCCESS ? "active_ms" : "duration_ms");
  std::int64_t tokens = 0;
  if (head["tokens"].get(tokens) == sj::SUCCESS) run.tokens = tokens;
  std::vector<Step> found;
  each(document, "spans", [&](const sj::dom::element& span) { found.push_back(step_of(span)); });
  order(std::move(found), run);
  return run;
}

std::size_t steps_of(const Run& run) {
  return static_cast<std::size_t>(std::ranges::count_if(run.steps, [](const Step& step) {
    const bool holds = step.kind == "agent" || step.kind == "workflow" || step.kind == "other";
    const bool repeats = step.duplicate || (step.wrapper && (step.kind == "llm" || step.kind == "embedding"));
    return !holds && !step.noise && !repeats;
  }));
}

std::string one_line(std::string_view text) {
  const std::string valid = repair_utf8(text);
  std::string out;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const char c = valid[i];
    const bool c1 = c == '\xC2' && i + 1 < valid.size() && static_cast<unsigned char>(valid[i + 1]) < 0xA0;
    if (c1) ++i;  // U+0080 to U+009F steer some terminals
    const bool space = c1 || static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
    if (!space) out += c;
    if (space && !out.empty() && out.back() != ' ') out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string time_text(double ms) {
  const double size = std::abs(ms);
  if (size < 1000) return fmt::format("{:.0f} ms", ms);
  if (size < 100'000) return fmt::format("{:.1f} s", ms / 1000);
  const auto seconds = static_cast<std::int64_t>(ms / 1000);
  return fmt::format("{} m {} s", seconds / 60, std::abs(seconds % 60));
}

std::string money_text(std::optional<std::int64_t> pico) {
  return pico ? "$" + format_dollars(*pico) : "–";
}

}  // namespace pawl::terminal
