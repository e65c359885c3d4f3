// Diffs of state.
#include "llm/state.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

constexpr int most_depth = 6;
constexpr std::size_t most_facts = 32, most_fact_bytes = 256, most_elements = 10'000;

using Op = StateChange::Op;
using Members = std::map<std::string, std::string_view, std::less<>>;

// A key as its characters: an escape in it is undone.
std::string key_text(std::string_view written) {
  return repair_utf8(written.contains('\\') ? json::text(fmt::format("\"{}\"", written)) : std::string(written));
}

Members members_of(std::string_view object) {
  Members out;
  json::Members members(object);
  while (out.size() < most_elements && members.next()) out[key_text(members.key)] = members.value;
  return out;
}

std::vector<std::string_view> elements_of(std::string_view array) {
  std::vector<std::string_view> out;
  json::Elements elements(array);
  while (out.size() < most_elements && elements.next()) out.push_back(elements.value);
  return out;
}

std::string below(const std::string& path, std::string_view key) {
  const bool plain = !key.empty() && key.find_first_of(".[]\" ") == std::string_view::npos;
  const std::string name = plain ? std::string(key) : json_quote(key);
  return path.empty() ? name : path + '.' + name;
}

// A value as it may be written out: what is cut off or no JSON becomes a text.
std::string written(std::string_view raw) {
  return json::is_valid(raw) ? std::string(raw) : json_quote(raw);
}

class Differ {
 public:
  explicit Differ(std::vector<StateChange>& out) : out_(out) {}

  void compare(const std::string& path, std::string_view before, std::string_view after, int depth) {
    if (before == after || out_.size() >= most_state_changes) return;
    if (before.empty() || after.empty() || depth >= most_depth) return tell(path, before, after);
    if (json::is_object(before) && json::is_object(after)) return objects(path, before, after, depth);
    if (json::is_array(before) && json::is_array(after)) return arrays(path, before, after, depth);
    tell(path, before, after);
  }

 private:
  void tell(const std::string& path, std::string_view before, std::string_view after) {
    const Op op = before.empty() ? Op::added : after.empty() ? Op::removed : Op::changed;
    out_.push_back({op, path, before.empty() ? "" : written(before), after.empty() ? "" : written(after)});
  }
  void objects(const std::string& path, std::string_view before, std::string_view after, int depth) {
    const Members old = members_of(before), now = members_of(after);
    for (const auto& [key, value] : old) {
      const auto found = now.find(key);
      compare(below(path, key), value, found == now.end() ? std::string_view() : found->second, depth + 1);
    }
    for (const auto& [key, value] : now)
      if (!old.contains(key)) compare(below(path, key), {}, value, depth + 1);
  }
  void arrays(const std::string& path, std::string_view before, std::string_view after, int depth) {
    const auto old = elements_of(before), now = elements_of(after);
    for (std::size_t i = 0; i < std::max(old.size(), now.size()); ++i)
      compare(fmt::format("{}[{}]", path, i), i < old.size() ? old[i] : std::string_view(),
              i < now.size() ? now[i] : std::string_view(), depth + 1);
  }
  std::vector<StateChange>& out_;
};

}  // namespace

std::string_view name_of(StateChange::Op op) {
  switch (op) {
    case Op::added:
      return "added";
    case Op::changed:
      return "changed";
    case Op::removed:
      return "removed";
  }
  return "";
}

std::vector<StateChange> json_changes(std::string_view before, std::string_view after) {
  std::vector<StateChange> out;
  const auto value = [](std::string_view raw) { return raw.empty() ? std::string() : written(json::trimmed(raw)); };
  Differ(out).compare("", value(before), value(after), 0);
  return out;
}

std::vector<StateChange> State::apply(std::string_view delta) {
  std::vector<StateChange> out;
  delta = json::trimmed(delta);
  if (!json::is_object(delta)) return out;
  for (const auto& [key, value] : members_of(delta)) {
    const bool gone = json::is_null(value);
    const auto known = values_.find(key);
    const std::string before = known == values_.end() ? std::string() : known->second;
    const std::string after = gone ? std::string() : written(value);
    Differ(out).compare(below("", key), before, after, 0);
    if (gone)
      values_.erase(key);
    else
      values_[key] = after;
  }
  return out;
}

std::string State::json() const {
  JsonWriter json;
  json.object();
  for (const auto& [key, value] : values_) json.key(key).raw(value);
  return json.end().take();
}

std::string state_delta(const Piece& piece) {
  std::string value = parse_value_json({piece});
  if (json::is_array(value)) value = std::string(json::first(value));  // attributes of an event: a list of one object
  const bool event = piece.format == Format::key_values;
  for (const std::string_view wrapper : {"channel_values", "state_delta", "stateDelta", "state", "delta", "update"}) {
    if (!event && wrapper != "channel_values") break;
    const std::string_view inner = json::member(value, wrapper);
    if (json::is_object(inner)) return std::string(inner);
    if (std::string text = json::is_string(inner) ? json::text(inner) : ""; json::is_object(json::trimmed(text)))
      return text;
  }
  return value;
}

std::vector<std::pair<std::string, std::string>> state_facts(std::string_view delta) {
  std::vector<std::pair<std::string, std::string>> out;
  delta = json::trimmed(delta);
  if (!json::is_object(delta)) return out;
  json::Members members(delta);
  while (out.size() < most_facts && members.next()) {
    const std::string_view raw = members.value;
    if (members.key.empty() || members.key.size() > most_fact_bytes || raw.size() > most_fact_bytes) continue;
    if (json::is_object(raw) || json::is_array(raw) || json::is_null(raw) || !json::is_valid(raw)) continue;
    out.emplace_back(key_text(members.key), repair_utf8(json::text(raw)));
  }
  return out;
}

}  // namespace pawl::llm
