// What came of an import, for people and for programs.
#include "base/json.h"
#include "imports.h"

namespace pawl::imports {
namespace {

std::string in_words(const std::map<std::string, Count>& kinds, std::uint64_t Count::* which) {
  std::string out;
  for (const auto& [kind, count] : kinds)
    if (count.*which > 0)
      out += fmt::format("{}{} {}{}", out.empty() ? "" : ", ", count.*which, kind, count.*which == 1 ? "" : "s");
  return out.empty() ? "nothing" : out;
}

std::string text_of(const Place& place) {
  return place.line > 0 ? fmt::format("{}:{}", place.file, place.line)
                        : fmt::format("{} record {}", place.file, place.row);
}

std::string reasons_of(std::string_view title, const std::map<std::string, Reason>& reasons) {
  if (reasons.empty()) return {};
  std::string out = fmt::format("{}\n", title);
  for (const auto& [why, reason] : reasons) {
    out += fmt::format("  {} × {}\n", reason.count, why);
    for (const auto& place : reason.places) out += fmt::format("      {}\n", text_of(place));
    if (reason.count > reason.places.size())
      out += fmt::format("      and {} more\n", reason.count - reason.places.size());
  }
  return out;
}

void write_reasons(JsonWriter& json, std::string_view name, const std::map<std::string, Reason>& reasons) {
  json.key(name).array();
  for (const auto& [why, reason] : reasons) {
    json.object().field("why", why).field("count", reason.count).key("places").array();
    for (const auto& place : reason.places)
      json.object().field("file", place.file).field("line", place.line).field("record", place.row).end();
    json.end().end();
  }
  json.end();
}

std::uint64_t sum(const std::map<std::string, Count>& kinds, std::uint64_t Count::* which) {
  std::uint64_t out = 0;
  for (const auto& [kind, count] : kinds) out += count.*which;
  return out;
}

}  // namespace

std::uint64_t Report::carried() const {
  return sum(kinds, &Count::carried);
}
std::uint64_t Report::already() const {
  return sum(kinds, &Count::already);
}
std::uint64_t Report::not_carried() const {
  return sum(kinds, &Count::refused);
}

std::string Report::text() const {
  const double seconds = static_cast<double>(took) / static_cast<double>(second);
  std::string out = fmt::format("{}: {}\n", dry_run ? "Would be carried" : "Carried", in_words(kinds, &Count::carried));
  if (already() > 0) out += fmt::format("Already there: {}\n", in_words(kinds, &Count::already));
  if (!knows_already)
    out += "What the server had before was not asked for: this key may not read. What came again it drops by itself.\n";
  out += reasons_of(fmt::format("Not carried: {}", in_words(kinds, &Count::refused)), refused);
  out += reasons_of("Stayed behind, of what was carried:", left);
  out += reasons_of("Left out:", skipped);
  if (!unread.empty()) out += "Files that were not read:\n";
  for (const auto& why : unread) out += fmt::format("  {}\n", why);
  return out + fmt::format("{:.1f} s\n", seconds);
}

std::string Report::json() const {
  JsonWriter json;
  json.object().field("dry_run", dry_run).field("carried", carried()).field("already", already());
  json.field("not_carried", not_carried()).field("asked_what_is_there", knows_already);
  json.field("seconds", static_cast<double>(took) / static_cast<double>(second)).key("kinds").object();
  for (const auto& [kind, count] : kinds)
    json.key(kind)
        .object()
        .field("carried", count.carried)
        .field("already", count.already)
        .field("not_carried", count.refused)
        .end();
  json.end();
  write_reasons(json, "refused", refused), write_reasons(json, "stayed_behind", left);
  write_reasons(json, "left_out", skipped);
  json.key("unread").array();
  for (const auto& why : unread) json.value(why);
  return json.end().end().take() + "\n";
}

}  // namespace pawl::imports
