// A notice as it stands in the outbox (the body of a signed webhook), and what each kind of channel makes of it. Pure.
// Shapes: Standard Webhooks, Slack's incoming webhooks, Adaptive Cards, PagerDuty Events v2, Alertmanager v2.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pawl::alerts {

struct Notice {
  std::string type;  // "firing" "resolved" "reminder" "no_data" "data_back" "acknowledged" "test"
  std::string event, project, rule, name, severity, measure, filter, value, usual, reason, runbook, url;
  std::string sentence, release;  // of the evidence; "" where there is none
  std::string key;                // of rule and instance: what PagerDuty calls dedup_key
  std::vector<std::pair<std::string, std::string>> split;
  std::int64_t at = 0, since = 0;  // seconds
  bool learning = false;
};
// The body of a webhook: {type: "alert.…", timestamp, data}. `corrupt` where it is none.
Result<Notice> read_notice(std::string_view body);

std::string title_of(std::span<const Notice> notices);  // "Firing: cost spike, agent refunds"
std::string summary_of(const Notice& notice);           // "cost of refunds is $12.50 (usual $2.90 to $4.10)"
std::string split_text_of(const Notice& notice);        // "agent=refunds", "" without a split
std::string webhook_body(
    std::span<const std::string> bodies);                 // one as it is; several: the first, with all in data.alerts
std::string slack_body(std::span<const Notice> notices);  // text and blocks
std::string mattermost_body(std::span<const Notice> notices);  // text and attachments; Rocket.Chat's too
std::string teams_body(std::span<const Notice> notices);       // a message with one Adaptive Card
// An event of PagerDuty; `routing_key` names the service.
std::string pagerduty_body(const Notice& notice, std::string_view routing_key);
// Alerts for POST /api/v2/alerts: those that fire end five minutes from `now` unless they are sent again.
std::string alertmanager_body(std::span<const Notice> notices, std::int64_t now);
// A mail (RFC 5322, CRLF) in text and HTML. `id`: of the message, without <>.
std::string mail_text(std::span<const Notice> notices, std::string_view id, std::string_view from, std::string_view to,
                      std::int64_t now);

// A number with its unit, as people read it: "$12.50", "5.3 %", "1.24 s", "31 calls".
std::string value_text(double value, std::string_view unit);

}  // namespace pawl::alerts
