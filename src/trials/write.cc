// Comparisons as JSON, and foreign text as text.
#include "write.h"

#include "base/text.h"

namespace pawl::trials {
namespace {

void write_more(JsonWriter& json, const stats::Judgement& judged) {
  if (!judged.more) return;
  json.key("more").object().field("cases", judged.more->cases).field("trials", judged.more->trials).end();
}

}  // namespace

void write_judgement(JsonWriter& json, const stats::Judgement& j) {
  json.field("cases", std::uint64_t{j.cases});
  if (j.cases == 0) {
    json.key("baseline").null().key("candidate").null().key("diff").null();
  } else {
    json.field("baseline", j.baseline).field("candidate", j.candidate).field("diff", j.diff);
  }
  json.key("ci").array().value(j.ci.low).value(j.ci.high).end();
  json.field("p", j.p).field("p_adjusted", j.p_adjusted).field("verdict", stats::name_of(j.verdict));
}

void write_metric(JsonWriter& json, const Metric& metric) {
  json.object().field("name", metric.name).field("role", name_of(metric.role)).field("gated", metric.gated);
  write_judgement(json, metric.judged);
  json.field("margin", metric.margin);
  if (metric.role == Role::safety) {
    json.key("new_failures").array();
    for (const auto& name : metric.new_failures) json.value(name);
    json.end().field("clean_before", metric.clean_before);
  }
  if (metric.sequential) json.field("decided_at", metric.sequential->decided_at);
  if (metric.nulls > 0) json.field("nulls", metric.nulls);
  if (metric.cases_left_out > 0) json.field("cases_left_out", metric.cases_left_out);
  write_more(json, metric.judged);
  if (!metric.note.empty()) json.field("note", metric.note);
  json.end();
}

std::string printable(std::string_view text) {
  std::string out;
  const std::string sound = repair_utf8(text);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const auto c = static_cast<unsigned char>(sound[i]);
    const bool control = c < 0x20 || c == 0x7f;
    const bool high_control = c == 0xc2 && i + 1 < sound.size() && static_cast<unsigned char>(sound[i + 1]) < 0xa0;
    const bool command = (c == ':' && trim(out).empty()) || (c == '[' && out.ends_with("##"));
    if (control || high_control || command) {
      out += fmt::format("\\x{:02x}", high_control ? static_cast<unsigned char>(sound[++i]) : c);
    } else {
      out += sound[i];
    }
  }
  return out;
}

}  // namespace pawl::trials
