// Reads notices; words that all channels share.
#include "notice.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

namespace pawl::alerts {
namespace {

namespace dom = simdjson::dom;

std::string text_at(dom::element from, std::string_view path) {
  std::string_view text;
  return from.at_pointer(path).get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::int64_t time_at(dom::element from, std::string_view path) {
  const auto time = parse_time(text_at(from, path));
  return time ? *time / second : 0;
}

std::string word_of(std::string_view type) {
  if (type == "firing") return "Firing";
  if (type == "resolved") return "Resolved";
  if (type == "reminder") return "Still firing";
  if (type == "no_data") return "No data";
  if (type == "data_back") return "Data is back";
  if (type == "acknowledged") return "Acknowledged";
  return "Test";
}

}  // namespace

Result<Notice> read_notice(std::string_view body) {
  dom::parser parser;
  dom::element root;
  const simdjson::padded_string text(body);
  std::string_view type;
  if (parser.parse(text).get(root) || root["type"].get(type) || !type.starts_with("alert."))
    return fail(ErrorKind::corrupt, "This is no notice of an alert.");
  Notice out{.type = std::string(type.substr(6)),
             .event = text_at(root, "/data/id"),
             .project = text_at(root, "/data/project"),
             .rule = text_at(root, "/data/rule/id"),
             .name = text_at(root, "/data/rule/name"),
             .severity = text_at(root, "/data/rule/severity"),
             .measure = text_at(root, "/data/measure"),
             .filter = text_at(root, "/data/filter"),
             .value = text_at(root, "/data/value_text"),
             .usual = text_at(root, "/data/usual"),
             .reason = text_at(root, "/data/reason"),
             .runbook = text_at(root, "/data/runbook"),
             .url = text_at(root, "/data/url"),
             .sentence = text_at(root, "/data/evidence/sentence"),
             .release = {},
             .key = text_at(root, "/data/key"),
             .split = {},
             .at = time_at(root, "/timestamp"),
             .since = time_at(root, "/data/since")};
  if (const auto version = text_at(root, "/data/evidence/release/version"); !version.empty())
    out.release = fmt::format("{} {}, first seen {}", text_at(root, "/data/evidence/release/agent"), version,
                              text_at(root, "/data/evidence/release/at"));
  dom::object split;
  if (!root.at_pointer("/data/split").get(split)) {
    for (const auto [name, value] : split) {
      std::string_view of;
      if (!value.get(of)) out.split.emplace_back(name, of);
    }
  }
  bool learning = false;
  out.learning = !root.at_pointer("/data/learning").get(learning) && learning;
  return out;
}

std::string split_text_of(const Notice& notice) {
  std::string out;
  for (const auto& [name, value] : notice.split)
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", name, value.empty() ? "(none)" : value);
  return out;
}

std::string title_of(std::span<const Notice> notices) {
  const auto& first = notices.front();
  const bool one_rule = std::ranges::all_of(notices, [&](const Notice& one) { return one.rule == first.rule; });
  if (!one_rule) {  // a group across rules: what all of them share says most
    const std::string shared = split_text_of(first);
    const bool all = std::ranges::all_of(notices, [&](const Notice& one) { return split_text_of(one) == shared; });
    return fmt::format("{}: {} alerts{}{}", word_of(first.type), notices.size(), all && !shared.empty() ? ", " : "",
                       all ? shared : "");
  }
  const std::string where = notices.size() > 1 ? fmt::format("{} instances", notices.size()) : split_text_of(first);
  return fmt::format("{}: {}{}{}", word_of(first.type), first.name, where.empty() ? "" : ", ", where);
}

std::string summary_of(const Notice& notice) {
  if (notice.type == "test") return "A test of Pawl: this channel works.";
  std::string out = notice.measure;
  if (const auto where = split_text_of(notice); !where.empty()) out += fmt::format(" of {}", where);
  if (notice.type == "no_data") return out + " has no data";
  if (notice.reason == "gone") return out + " is not heard of any more";
  out += notice.value.empty() ? " has no value" : fmt::format(" is {}", notice.value);
  if (!notice.usual.empty()) out += fmt::format(" (usual {})", notice.usual);
  return out;
}

std::string value_text(double value, std::string_view unit) {
  if (std::isnan(value)) return "";
  if (unit == "USD") return std::abs(value) < .1 ? fmt::format("${:.4f}", value) : fmt::format("${:.2f}", value);
  if (unit == "ratio") return fmt::format("{:.3g} %", 100 * value);
  if (unit == "ms" && std::abs(value) >= 1000) return fmt::format("{:.3g} s", value / 1000);
  std::string number = std::abs(value) < 1e6 ? fmt::format("{:.6g}", value) : fmt::format("{:.0f}", value);
  return unit.empty() ? number : fmt::format("{} {}", number, unit);
}

std::string webhook_body(std::span<const std::string> bodies) {
  if (bodies.size() == 1) return bodies.front();
  constexpr std::size_t most = 18'000;  // of 20 kB that receivers take
  std::string list;
  std::size_t told = 0;
  for (const auto& body : bodies) {
    dom::parser parser;
    dom::element data;
    const simdjson::padded_string text(body);
    if (parser.parse(text).at_pointer("/data").get(data)) continue;
    const std::string one = simdjson::minify(data);
    if (told > 0 && list.size() + one.size() > most) break;
    list += (told++ > 0 ? "," : "") + one;
  }
  dom::parser parser;
  dom::element root;
  const simdjson::padded_string text(bodies.front());
  JsonWriter json;
  json.object();
  if (parser.parse(text).get(root)) return bodies.front();
  json.field("type", text_at(root, "/type")).field("timestamp", text_at(root, "/timestamp")).key("data").object();
  json.field("project", text_at(root, "/data/project")).key("rule");
  dom::element rule;
  root.at_pointer("/data/rule").get(rule) == simdjson::SUCCESS ? json.raw(simdjson::minify(rule)) : json.null();
  json.field("count", static_cast<std::uint64_t>(bodies.size()));
  json.field("left_out", static_cast<std::uint64_t>(bodies.size() - told));
  json.key("alerts").raw("[" + list + "]");
  return json.end().end().take();
}

}  // namespace pawl::alerts
