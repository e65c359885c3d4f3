// Reads silences, and says whether they hold.
#include "silences.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "base/time.h"

namespace pawl::alerts {
namespace {

using promql::Matcher;
constexpr std::array<std::string_view, 4> ops = {"=", "!=", "=~", "!~"};
constexpr std::array<std::string_view, 7> day_names = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

Result<std::vector<Matcher>> read_matchers(const std::vector<JsonFields>& list) {
  std::vector<Matcher> out;
  for (const auto& one : list) {
    const std::string name = one.text("name"), op = one.has("op") ? one.text("op") : "=";
    const auto found = std::ranges::find(ops, op);
    if (name.empty())
      return fail(ErrorKind::invalid, "A matcher needs a \"name\": rule, severity, measure, or a split.");
    if (found == ops.end()) return fail(ErrorKind::invalid, "\"op\" of {} must be =, !=, =~ or !~.", name);
    out.push_back(TRY(Matcher::create(name, static_cast<Matcher::Op>(found - ops.begin()), one.text("value"))));
  }
  if (out.empty() || out.size() > 20)
    return fail(ErrorKind::invalid, "\"matchers\" needs 1 to 20 of {{name, op, value}}; rule =~ .* mutes everything.");
  return out;
}

Result<std::int64_t> seconds_of_day(const std::string& text) {
  const auto [hours, minutes] = cut(text, ':');
  const auto h = parse_int(hours), m = parse_int(minutes);
  if (!h || !m || *h < 0 || *h > 23 || *m < 0 || *m > 59)
    return fail(ErrorKind::invalid, "\"from\" and \"to\" of a weekly window are times such as 22:30.");
  return *h * 3600 + *m * 60;
}

Result<Weekly> read_weekly(const JsonFields& fields) {
  Weekly out;
  for (const auto& day : TRY(fields.texts("days"))) {
    const auto found = std::ranges::find(day_names, to_lower(day));
    if (found == day_names.end())
      return fail(ErrorKind::invalid, "{} is no day; \"days\" are of {}.", day, fmt::join(day_names, ", "));
    out.days[static_cast<std::size_t>(found - day_names.begin())] = true;
  }
  if (std::ranges::none_of(out.days, [](bool on) { return on; }))
    return fail(ErrorKind::invalid, "\"days\" of a weekly window are missing, such as [\"sat\", \"sun\"].");
  out.from = TRY(seconds_of_day(fields.text("from"))), out.to = TRY(seconds_of_day(fields.text("to")));
  if (out.from == out.to) return fail(ErrorKind::invalid, "A weekly window must not end when it begins.");
  const std::string name = fields.has("timezone") ? fields.text("timezone") : "UTC";
  const auto zone = Zone::find(name);
  if (!zone) return fail(ErrorKind::invalid, "There is no time zone {}.", name);
  out.zone = *zone;
  return out;
}

std::string matchers_json(const std::vector<Matcher>& matchers) {
  JsonWriter json;
  json.array();
  for (const auto& one : matchers)
    json.object()
        .field("name", one.name)
        .field("op", ops[static_cast<std::size_t>(one.op)])
        .field("value", one.value)
        .end();
  return json.end().take();
}

std::string weekly_json(const Weekly& weekly, const JsonFields& fields) {
  JsonWriter json;
  json.object().key("days").array();
  for (std::size_t d = 0; d < 7; ++d)
    if (weekly.days[d]) json.value(day_names[d]);
  json.end().field("from", fields.text("from")).field("to", fields.text("to"));
  return json.field("timezone", fields.has("timezone") ? fields.text("timezone") : "UTC").end().take();
}

Result<std::int64_t> time_of(const JsonFields& fields, std::string_view key, std::int64_t fallback) {
  if (!fields.has(key)) return fallback;
  const auto time = parse_time(fields.text(key));
  if (!time) return fail(ErrorKind::invalid, "\"{}\" must be a time such as 2026-11-21T13:00:00Z.", key);
  return *time / second;
}

bool holds(const Matcher& matcher, const Notice& notice) {
  if (matcher.name == "rule") {
    const bool no = matcher.op == Matcher::Op::differs || matcher.op == Matcher::Op::differs_from_pattern;
    return no ? matcher.holds(notice.rule) && matcher.holds(notice.name)
              : matcher.holds(notice.rule) || matcher.holds(notice.name);
  }
  if (matcher.name == "severity") return matcher.holds(notice.severity);
  if (matcher.name == "measure") return matcher.holds(notice.measure);
  const auto found = std::ranges::find(notice.split, matcher.name, &std::pair<std::string, std::string>::first);
  return matcher.holds(found == notice.split.end() ? std::string_view() : std::string_view(found->second));
}

}  // namespace

bool Weekly::holds(std::int64_t at) const {
  const std::int64_t local = zone.local(at), number = local / 86'400, of_day = local % 86'400;
  const auto today = static_cast<std::size_t>((number + 4) % 7), before = (today + 6) % 7;  // 1970 began on a Thursday
  if (from < to) return days[today] && of_day >= from && of_day < to;
  return (days[today] && of_day >= from) || (days[before] && of_day < to);
}

bool Silence::in_force(std::int64_t now) const {
  return now >= begins && (ends == 0 || now < ends) && (!weekly || weekly->holds(now));
}

bool Silence::mutes(const Notice& notice) const {
  return std::ranges::all_of(matchers, [&](const Matcher& one) { return holds(one, notice); });
}

Result<Silence> stored_silence(std::string_view matchers, std::string_view weekly) {
  const auto fields = TRY(JsonFields::parse(fmt::format("{{\"matchers\":{}}}", matchers)));
  Silence out{.matchers = TRY(read_matchers(fields.objects("matchers"))),
              .matchers_json = std::string(matchers),
              .weekly_json = std::string(weekly)};
  if (!weekly.empty()) out.weekly = TRY(read_weekly(TRY(JsonFields::parse(weekly))));
  return out;
}

Result<Silence> read_silence(std::string_view json, std::int64_t now) {
  const auto fields = TRY(JsonFields::parse(json));
  Silence out{.matchers = TRY(read_matchers(fields.objects("matchers")))};
  out.why = fields.text("why");
  if (out.why.empty() || out.why.size() > 1000)
    return fail(ErrorKind::invalid, "\"why\" must say in 1 to 1000 characters why nobody need be told.");
  out.begins = TRY(time_of(fields, "from", now)), out.ends = TRY(time_of(fields, "to", 0));
  if (fields.has("for")) {
    const auto length = parse_duration(fields.text("for"));
    if (!length || *length <= 0) return fail(ErrorKind::invalid, "\"for\" must be a length of time such as 2h.");
    out.ends = out.begins + *length / second;
  }
  if (const auto weekly = fields.object("weekly")) {
    out.weekly = TRY(read_weekly(*weekly));
    out.weekly_json = weekly_json(*out.weekly, *weekly);
  } else if (out.ends == 0) {
    return fail(ErrorKind::invalid, "A silence needs \"to\" or \"for\": one that never ends is a rule to be disabled.");
  }
  if (out.ends != 0 && out.ends <= out.begins) return fail(ErrorKind::invalid, "A silence must end after it begins.");
  out.matchers_json = matchers_json(out.matchers);
  return out;
}

}  // namespace pawl::alerts
