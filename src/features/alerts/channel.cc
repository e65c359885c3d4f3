// One attempt: what each kind of channel is sent, and what its answer means.
#include "channel.h"

#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "inside.h"
#include "net/mail_text.h"

namespace pawl::alerts {
namespace {

constexpr std::array<std::string_view, 7> kinds = {"webhook", "slack",     "mattermost",  "teams",
                                                   "email",   "pagerduty", "alertmanager"};
constexpr std::string_view pagerduty_url = "https://events.pagerduty.com/v2/enqueue";

net::ClientRequest post(std::string url, std::string body) {
  net::ClientRequest request{.method = "POST", .url = std::move(url), .body = std::move(body), .time = 10 * second};
  request.headers.add("content-type", "application/json");
  return request;
}

net::ClientRequest webhook(const Outgoing& message, std::int64_t now) {
  auto request = post(message.channel->url, webhook_body(message.bodies));
  request.headers.add("webhook-id", message.id);
  request.headers.add("webhook-timestamp", fmt::format("{}", now));
  request.headers.add("webhook-signature", signature(message.channel->secret, message.id, now, request.body));
  return request;
}

// PagerDuty takes an event at a time: a group is as many calls.
std::vector<net::ClientRequest> requests_of(const Outgoing& message, const std::vector<Notice>& notices,
                                            std::int64_t now) {
  const Channel& to = *message.channel;
  if (to.kind == "slack") return {post(to.url, slack_body(notices))};
  if (to.kind == "mattermost") return {post(to.url, mattermost_body(notices))};
  if (to.kind == "teams") return {post(to.url, teams_body(notices))};
  if (to.kind == "alertmanager") return {post(to.url + "/api/v2/alerts", alertmanager_body(notices, now))};
  if (to.kind != "pagerduty") return {webhook(message, now)};
  std::vector<net::ClientRequest> out;
  for (const auto& notice : notices)
    out.push_back(post(to.url.empty() ? std::string(pagerduty_url) : to.url, pagerduty_body(notice, to.secret)));
  return out;
}

Sent judged(const Channel& channel, const Result<net::ClientResponse>& answer) {
  if (!answer) {
    const bool refused = answer.error().kind == ErrorKind::denied || answer.error().kind == ErrorKind::invalid;
    return {.hopeless = refused, .why = answer.error().what};
  }
  if (answer->status >= 200 && answer->status < 300) return {.taken = true};
  Sent out{.gone = answer->status == 410, .hopeless = channel.kind == "pagerduty" && answer->status == 400};
  out.retry_after = std::clamp<std::int64_t>(parse_int(answer->headers.get("retry-after")).value_or(0), 0, 86'400);
  const std::string said = repair_utf8(utf8_prefix(trim(answer->body), 200));
  out.why = fmt::format("The endpoint answered {}{}{}.", answer->status, said.empty() ? "" : ": ", said);
  if (const auto to = answer->headers.find("location"))
    out.why = fmt::format("The endpoint answered {}: it leads to {}, which is not followed.", answer->status, *to);
  return out;
}

Sent worst(const Sent& a, const Sent& b) {
  return a.taken ? b : a;
}

Sent mailed(Inside& inside, const Outgoing& message, const std::vector<Notice>& notices, std::int64_t now) {
  if (!inside.options.mail) return {.hopeless = true, .why = "The server has no smtp setting."};
  const auto done = inside.options.mail(message.channel->recipients, [&](std::string_view from) {
    return mail_text(notices, message.id, from, message.channel->recipients, now);
  });
  if (done) return {.taken = true};
  return {.hopeless = done.error().kind == ErrorKind::invalid || done.error().kind == ErrorKind::denied,
          .why = done.error().what};
}

}  // namespace

std::span<const std::string_view> channel_kinds() {
  return kinds;
}

Channel channel_at(const ledger::Rows& rows, std::size_t row, std::size_t column) {
  return {.project = rows.integer(row, column),
          .id = rows.text(row, column + 1),
          .name = rows.text(row, column + 2),
          .kind = rows.text(row, column + 3),
          .url = rows.text(row, column + 4),
          .secret = rows.text(row, column + 5),
          .recipients = rows.text(row, column + 6)};
}

Result<> check_channel(Channel& channel, Random& random, bool mail_is_set) {
  if (channel.name.empty() || channel.name.size() > 200)
    return fail(ErrorKind::invalid, "\"name\" must have 1 to 200 characters.");
  if (std::ranges::find(kinds, channel.kind) == kinds.end())
    return fail(ErrorKind::invalid, "There is no kind {}: it is one of {}.", channel.kind, fmt::join(kinds, ", "));
  if (channel.kind == "email") {
    if (!mail_is_set)
      return fail(ErrorKind::invalid, "This server sends no mail: set smtp and smtp_from (docs/operate.md).");
    const auto all = split(channel.recipients, ',');
    const auto wrong = std::ranges::find_if_not(all, net::is_mail_address);
    if (channel.recipients.empty() || all.size() > 50 || wrong != all.end())
      return fail(ErrorKind::invalid, "\"to\" must be 1 to 50 addresses; {} is none.",
                  wrong != all.end() ? *wrong : "it");
    return {};
  }
  if (channel.kind == "pagerduty") {
    if (channel.secret.size() != 32)
      return fail(ErrorKind::invalid, "\"secret\" must be the routing key of the integration: 32 characters.");
    if (channel.url.empty()) return {};
  }
  while (channel.kind == "alertmanager" && channel.url.ends_with('/')) channel.url.pop_back();
  TRY(net::parse_url(channel.url));
  if (channel.kind != "webhook") return {};
  if (channel.secret.empty()) channel.secret = "whsec_" + to_base64(random.bytes(32));
  const auto key = from_base64(channel.secret.starts_with("whsec_") ? std::string_view(channel.secret).substr(6) : "");
  if (!key || key->size() < 24 || key->size() > 64)
    return fail(ErrorKind::invalid, "\"secret\" must be whsec_ and 24 to 64 bytes in base64; left out, one is made.");
  return {};
}

std::string signature(std::string_view secret, std::string_view id, std::int64_t timestamp, std::string_view body) {
  if (!secret.starts_with("whsec_")) return "";
  const auto key = from_base64(secret.substr(6));
  if (!key || key->empty()) return "";
  const std::string text = fmt::format("{}.{}.{}", id, timestamp, body);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), key->data(), static_cast<int>(key->size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), mac, &length);
  return "v1," + to_base64({reinterpret_cast<const char*>(mac), length});
}

std::vector<Sent> send_messages(Inside& inside, const std::vector<Outgoing>& messages) {
  const std::int64_t now = inside.clock.now() / second;
  std::vector<Sent> out(messages.size(), Sent{.taken = true});
  std::vector<net::ClientRequest> requests;
  std::vector<std::size_t> of;  // which message each is of
  std::optional<Sent> no_mail;  // the mail server does not answer: the others would only wait for it too
  for (std::size_t i = 0; i < messages.size(); ++i) {
    std::vector<Notice> notices;
    for (const auto& body : messages[i].bodies) {
      if (auto notice = read_notice(body)) notices.push_back(std::move(*notice));
    }
    if (notices.empty()) {
      out[i] = {.hopeless = true, .why = "What was to be sent cannot be read."};
    } else if (messages[i].channel->kind == "email") {
      out[i] = no_mail ? *no_mail : mailed(inside, messages[i], notices, now);
      if (!out[i].taken && !out[i].hopeless) no_mail = out[i];
    } else {
      for (auto& request : requests_of(messages[i], notices, now))
        requests.push_back(std::move(request)), of.push_back(i);
    }
  }
  const auto answers =
      requests.empty() ? std::vector<Result<net::ClientResponse>>() : inside.options.send(std::move(requests));
  for (std::size_t k = 0; k < answers.size(); ++k)
    out[of[k]] = worst(out[of[k]], judged(*messages[of[k]].channel, answers[k]));
  return out;
}

}  // namespace pawl::alerts
