// Where notices go: the kinds of channels, and one attempt to each of several at once.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alerts.h"
#include "notice.h"

namespace pawl::alerts {

struct Channel {
  std::int64_t project = 0;
  std::string id, name, kind, url, secret;  // secret: of a webhook whsec_…, of PagerDuty the routing key
  std::string recipients;                   // of e-mail, comma-separated
};
std::span<const std::string_view> channel_kinds();
// Columns project, id, name, kind, url, secret, recipients from `column` on.
Channel channel_at(const ledger::Rows& rows, std::size_t row, std::size_t column);
// `invalid` says what a channel of this kind needs. Makes a webhook's secret where there is none.
Result<> check_channel(Channel& channel, Random& random, bool mail_is_set);

struct Outgoing {
  const Channel* channel;
  std::string id;                   // the same at each try
  std::vector<std::string> bodies;  // notices, as the outbox has them
};
struct Sent {
  bool taken = false;
  bool gone = false;      // 410: the channel is to be switched off
  bool hopeless = false;  // another try cannot help
  std::int64_t retry_after = 0;
  std::string why;
};
// All at once, so that one that hangs keeps no other waiting; as many answers.
std::vector<Sent> send_messages(Alerts::Inside& inside, const std::vector<Outgoing>& messages);

// Standard Webhooks: "v1,BASE64(HMAC-SHA256(key, id.timestamp.body))"; "" where the secret is none.
std::string signature(std::string_view secret, std::string_view id, std::int64_t timestamp, std::string_view body);

}  // namespace pawl::alerts
