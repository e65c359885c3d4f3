// Two runs side by side, in words and as JSON.
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "entries.h"
#include "terminal.h"

namespace pawl::terminal {
namespace {

constexpr std::size_t most_text = 100, most_value = 60, most_changes = 20;

std::string shortened(std::string_view text, std::size_t most) {
  const std::string line = one_line(text);
  return line.size() <= most ? line : std::string(utf8_prefix(line, most)) + "…";
}

std::string called(const Entry& entry) {
  switch (entry.kind) {
    case Entry::Kind::user:
    case Entry::Kind::agent:
    case Entry::Kind::thought:
      return fmt::format("{}: {}", name_of(entry.kind), shortened(entry.text, most_text));
    case Entry::Kind::failure:
      return fmt::format("{} fails: {}", entry.name, shortened(entry.text, most_text));
    case Entry::Kind::card:
      return fmt::format("agent {}", entry.name);
    default:
      return fmt::format("{} {}", entry.name, shortened(entry.text, most_text));
  }
}

Figures delta(const Pair& pair) {
  Figures out;
  if (pair.right != nullptr) out.add(pair.right->figures);
  if (pair.left != nullptr) {
    Figures minus = pair.left->figures;
    if (minus.cost) minus.cost = -*minus.cost;
    if (minus.tokens) minus.tokens = -*minus.tokens;
    minus.ms = -minus.ms;
    out.add(minus);
  }
  return out;
}

std::string signed_money(std::optional<std::int64_t> pico) {
  if (!pico) return "–";
  return fmt::format("{}${}", *pico < 0 ? "−" : "+", format_dollars(*pico < 0 ? -*pico : *pico));
}

std::string delta_text(const Figures& by) {
  std::string out;
  if (by.cost.value_or(0) != 0) out += "  " + signed_money(by.cost);
  if (by.tokens.value_or(0) != 0) out += fmt::format("  {:+} tokens", *by.tokens);
  if (by.ms >= 1 || by.ms <= -1) out += fmt::format("  {}{}", by.ms > 0 ? "+" : "", time_text(by.ms));
  return out;
}

std::string head_of(std::string_view side, const Run& run) {
  return fmt::format("{}  {}  {}{}{}  {}  {} {}  {}  {} tokens  {}\n", side, run.id, run.agent,
                     run.version.empty() ? "" : " ", run.version, run.status, steps_of(run),
                     steps_of(run) == 1 ? "step" : "steps", run.cost.empty() ? "–" : "$" + run.cost,
                     run.tokens ? std::to_string(*run.tokens) : "–", time_text(run.ms));
}

std::string lines_of(const Pair& pair) {
  constexpr std::string_view signs[] = {"=", "~", "!", "<", ">"};
  const std::string indent(2 * static_cast<std::size_t>(pair.depth), ' ');
  const Entry& shown = pair.left != nullptr ? *pair.left : *pair.right;
  std::string out = fmt::format("{} {}{}{}\n", signs[static_cast<std::size_t>(pair.fate)], indent, called(shown),
                                delta_text(delta(pair)));
  if (!pair.why.empty()) out += fmt::format("    {}{}\n", indent, pair.why);
  const bool both = pair.left != nullptr && pair.right != nullptr;
  if (both && pair.changes.empty() && pair.fate != Fate::same)
    out += fmt::format("    {}→ {}\n", indent, called(*pair.right));
  for (std::size_t i = 0; i < std::min(pair.changes.size(), most_changes); ++i) {
    const auto& change = pair.changes[i];
    const auto value = [](const std::string& of) { return of.empty() ? "–" : shortened(of, most_value); };
    out += fmt::format("    {}{}: {} → {}\n", indent, change.path.empty() ? "value" : change.path, value(change.before),
                       value(change.after));
  }
  return out;
}

void write_entry(JsonWriter& json, std::string_view name, const Entry* entry) {
  json.key(name);
  if (entry == nullptr) {
    json.null();
    return;
  }
  json.object().field("kind", name_of(entry->kind)).field("name", entry->name).field("text", entry->text);
  json.field("trace_id", entry->step->trace_id).field("span_id", entry->step->span_id);
  json.field("failed", entry->failed).end();
}

void write_run(JsonWriter& json, std::string_view name, const Run& run) {
  json.key(name).object().field("id", run.id).field("agent", run.agent).field("agent_version", run.version);
  json.field("status", run.status).field("steps", static_cast<std::uint64_t>(steps_of(run))).key("cost_usd");
  run.cost.empty() ? json.null() : json.value(run.cost);
  json.field("tokens", run.tokens).field("ms", run.ms).end();
}

void write_figures(JsonWriter& json, const Figures& by) {
  json.key("cost_usd");
  by.cost ? json.value(format_dollars(*by.cost)) : json.null();
  json.field("tokens", by.tokens).field("ms", by.ms);
}

std::string json_of(const Run& a, const Run& b, const std::vector<Pair>& pairs, std::optional<std::size_t> first) {
  JsonWriter json;
  json.object();
  write_run(json, "left", a);
  write_run(json, "right", b);
  json.key("first_divergence");
  first ? json.value(static_cast<std::uint64_t>(*first)) : json.null();
  json.key("pairs").array();
  Figures sum;
  for (const auto& pair : pairs) {
    json.object().field("fate", name_of(pair.fate)).field("depth", pair.depth).field("why", pair.why);
    write_entry(json, "left", pair.left);
    write_entry(json, "right", pair.right);
    json.key("changes").array();
    for (const auto& change : pair.changes) {
      json.object().field("path", change.path).field("op", llm::name_of(change.op)).key("before");
      change.before.empty() ? json.null() : json.raw(change.before);
      json.key("after");
      change.after.empty() ? json.null() : json.raw(change.after);
      json.end();
    }
    json.end().key("delta").object();
    write_figures(json, delta(pair));
    json.end().end();
    sum.add(delta(pair));
  }
  json.end().key("delta").object();
  write_figures(json, sum);
  return json.end().end().take();
}

}  // namespace

Result<Difference> diff(std::string_view left, std::string_view right, bool all) {
  const Run a = TRY(read_run(left)), b = TRY(read_run(right));
  const auto of_a = entries_of(a), of_b = entries_of(b);
  const auto pairs = align(of_a, of_b);
  const auto first = divergence(pairs);
  Difference out{.text = head_of("left ", a) + head_of("right", b), .json = json_of(a, b, pairs, first)};
  out.same = !first;
  Figures sum;
  for (const auto& pair : pairs) sum.add(delta(pair));
  out.text += fmt::format("right − left:{}\n\n", sum.empty() ? "  nothing" : delta_text(sum));
  std::size_t same = 0;
  const auto skipped = [&] {
    if (same > 0) out.text += fmt::format("  … {} the same\n", same);
    same = 0;
  };
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i].fate == Fate::same && !all) {
      ++same;
      continue;
    }
    skipped();
    if (first == i) out.text += "* first divergence\n";
    out.text += lines_of(pairs[i]);
  }
  skipped();
  if (out.same) out.text += "No agent did anything otherwise.\n";
  return out;
}

}  // namespace pawl::terminal
