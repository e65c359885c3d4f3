// What Slack, Mattermost, Teams, PagerDuty and Alertmanager are sent.
#include <fmt/format.h>

#include "base/json.h"
#include "base/markup.h"
#include "base/text.h"
#include "base/time.h"
#include "notice.h"

namespace pawl::alerts {
namespace {

constexpr std::size_t most_told = 10;  // instances that a message names; the rest is a number

std::string seconds_text(std::int64_t seconds) {
  return format_time(seconds * second).substr(0, 19) + "Z";
}

// At most `bytes`, and three dots where it was more.
std::string cut_to(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  return std::string(utf8_prefix(text, bytes - 3)) + "…";
}

std::string escaped(std::string_view text) {  // Slack's three
  return escape_markup(text, "&<>");
}

struct Fact {
  std::string name, value;
};
// What stands beside the title of one instance.
std::vector<Fact> facts_of(const Notice& notice) {
  std::vector<Fact> out;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out.push_back({std::string(name), value});
  };
  add("Now", notice.value);
  add("Usual", notice.usual);
  if (notice.since > 0) add("Since", seconds_text(notice.since));
  add("Why", notice.reason == "gone" ? "nothing is heard of it any more" : notice.sentence);
  add("Release", notice.release);
  if (notice.learning) add("Note", "less than 14 days are known");
  return out;
}

std::string lines_of(std::span<const Notice> notices) {
  std::string out;
  for (std::size_t i = 0; i < std::min(notices.size(), most_told); ++i)
    out += (i > 0 ? "\n" : "") + summary_of(notices[i]);
  if (notices.size() > most_told) out += fmt::format("\n… and {} more", notices.size() - most_told);
  return out;
}

void button(JsonWriter& json, std::string_view text, const std::string& url) {
  if (!url.starts_with("http") || url.size() > 3000) return;
  json.object().field("type", "button").key("text").object().field("type", "plain_text").field("text", text).end();
  json.field("url", url).end();
}

std::string_view colour_of(const Notice& notice) {
  if (notice.type == "resolved" || notice.type == "data_back" || notice.type == "test") return "#2e7d32";
  return notice.severity == "page" ? "#c62828" : "#ef6c00";
}

// Only what Alertmanager takes as a label's name.
std::string label_of(std::string_view name) {
  std::string out;
  for (const char c : name) out += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
  if (out.empty() || (out.front() >= '0' && out.front() <= '9')) out.insert(out.begin(), '_');
  return out;
}

}  // namespace

std::string slack_body(std::span<const Notice> notices) {
  const auto& first = notices.front();
  JsonWriter json;
  json.object().field("text", cut_to(escaped(title_of(notices) + "\n" + lines_of(notices)), 3000));
  json.key("blocks").array();
  json.object().field("type", "header").key("text").object().field("type", "plain_text");
  json.field("text", cut_to(title_of(notices), 150)).field("emoji", false).end().end();
  json.object().field("type", "section").key("text").object().field("type", "mrkdwn");
  json.field("text", cut_to(escaped(lines_of(notices)), 3000)).end();
  if (const auto facts = facts_of(first); notices.size() == 1 && !facts.empty()) {
    json.key("fields").array();
    for (const auto& fact : facts)
      json.object()
          .field("type", "mrkdwn")
          .field("text", cut_to(fmt::format("*{}*\n{}", fact.name, escaped(fact.value)), 2000))
          .end();
    json.end();
  }
  json.end();
  if (first.url.starts_with("http")) {
    json.object().field("type", "actions").key("elements").array();
    button(json, "Open alert", first.url);
    button(json, "Runbook", first.runbook);
    json.end().end();
  }
  json.object().field("type", "context").key("elements").array().object().field("type", "mrkdwn");
  json.field("text", cut_to(escaped(fmt::format("{} · {} · {}", first.project, first.rule, first.event)), 2000));
  return json.end().end().end().end().end().take();
}

std::string mattermost_body(std::span<const Notice> notices) {
  const auto& first = notices.front();
  JsonWriter json;
  json.object().field("text", cut_to(title_of(notices), 3000)).key("attachments").array().object();
  json.field("fallback", cut_to(lines_of(notices), 3000)).field("color", colour_of(first));
  json.field("text", cut_to(lines_of(notices), 3000));
  if (first.url.starts_with("http")) json.field("title", "Open alert").field("title_link", first.url);
  json.key("fields").array();
  if (notices.size() == 1) {
    for (const auto& fact : facts_of(first))
      json.object().field("short", true).field("title", fact.name).field("value", cut_to(fact.value, 2000)).end();
  }
  return json.end().end().end().end().take();
}

std::string teams_body(std::span<const Notice> notices) {
  const auto& first = notices.front();
  const bool good = first.type == "resolved" || first.type == "data_back" || first.type == "test";
  JsonWriter json;
  json.object().field("type", "message").key("attachments").array().object();
  json.field("contentType", "application/vnd.microsoft.card.adaptive").key("contentUrl").null().key("content").object();
  json.field("$schema", "http://adaptivecards.io/schemas/adaptive-card.json").field("type", "AdaptiveCard");
  json.field("version", "1.4").key("msteams").object().field("width", "Full").end().key("body").array();
  json.object().field("type", "TextBlock").field("size", "Large").field("weight", "Bolder");
  json.field("color", good ? "Good" : "Attention")
      .field("text", cut_to(title_of(notices), 500))
      .field("wrap", true)
      .end();
  json.object().field("type", "TextBlock").field("text", cut_to(lines_of(notices), 5000)).field("wrap", true).end();
  if (const auto facts = facts_of(first); notices.size() == 1 && !facts.empty()) {
    json.object().field("type", "FactSet").key("facts").array();
    for (const auto& fact : facts)
      json.object().field("title", fact.name).field("value", cut_to(fact.value, 2000)).end();
    json.end().end();
  }
  json.end().key("actions").array();
  if (first.url.starts_with("http"))
    json.object().field("type", "Action.OpenUrl").field("title", "Open alert").field("url", first.url).end();
  return json.end().end().end().end().end().take();
}

std::string pagerduty_body(const Notice& notice, std::string_view routing_key) {
  const bool over = notice.type == "resolved" || notice.type == "data_back";
  const std::string_view action = over ? "resolve" : notice.type == "acknowledged" ? "acknowledge" : "trigger";
  JsonWriter json;
  json.object().field("routing_key", routing_key).field("event_action", action);
  json.field("dedup_key", cut_to(notice.key, 255));
  if (action != "trigger") return json.end().take();
  json.key("payload").object().field("summary", cut_to(title_of({&notice, 1}) + ": " + summary_of(notice), 1024));
  json.field("source", "pawl/" + notice.project);
  const std::string_view severity = notice.severity == "page"     ? "critical"
                                    : notice.severity == "ticket" ? "warning"
                                                                  : "info";
  json.field("severity", severity).field("timestamp", seconds_text(notice.at)).field("class", notice.measure);
  json.field("group", notice.name).key("custom_details").object();
  for (const auto& [name, value] : notice.split) json.field(name, value);
  for (const auto& fact : facts_of(notice)) json.field(to_lower(fact.name), cut_to(fact.value, 2000));
  json.end().end().key("links").array();
  for (const auto& [text, url] : {std::pair("Alert", &notice.url), {"Runbook", &notice.runbook}}) {
    if (url->starts_with("http")) json.object().field("href", *url).field("text", text).end();
  }
  json.end().key("images").array().end().field("client", "Pawl");
  if (notice.url.starts_with("http")) json.field("client_url", notice.url);
  return json.end().take();
}

std::string alertmanager_body(std::span<const Notice> notices, std::int64_t now) {
  JsonWriter json;
  json.array();
  for (const auto& notice : notices) {
    const bool over = notice.type == "resolved" || notice.type == "data_back" || notice.type == "test";
    json.object().key("labels").object().field("alertname", notice.name.empty() ? "pawl-test" : notice.name);
    json.field("project", notice.project);
    if (!notice.severity.empty()) json.field("severity", notice.severity);
    for (const auto& [name, value] : notice.split) {
      const auto label = label_of(name);
      if (label != "alertname" && label != "project" && label != "severity" && !value.empty()) json.field(label, value);
    }
    json.end().key("annotations").object().field("summary", summary_of(notice));
    if (!notice.sentence.empty()) json.field("description", notice.sentence);
    if (!notice.runbook.empty()) json.field("runbook_url", notice.runbook);
    json.end().field("startsAt", seconds_text(notice.since > 0 ? notice.since : notice.at));
    json.field("endsAt", seconds_text(over ? std::min(notice.at, now) : now + 300));
    if (notice.url.starts_with("http")) json.field("generatorURL", notice.url);
    json.end();
  }
  return json.end().take();
}

}  // namespace pawl::alerts
