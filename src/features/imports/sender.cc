// Batches, answers, patience.
#include "sender.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <unordered_map>

#include "base/json.h"
#include "base/text.h"
#include "fields.h"
#include "llm/json_check.h"

namespace pawl::imports {
namespace {

constexpr std::size_t most_bytes = 4U << 20, most_items = 2'000;
constexpr std::size_t spans_a_question = 8'000;
constexpr std::string_view boundary = "pawl-import-5b1f2d";
constexpr std::string_view always = "from=1990-01-01&to=2100-01-01";

bool comes_back(int status) {
  return status == 408 || status == 425 || status == 429 || status == 502 || status == 503 || status == 504;
}

std::string joined(const std::vector<Sent*>& some) {
  std::string out;
  for (const auto* one : some) (out += out.empty() ? "" : ",") += one->item.json;
  return out;
}

// Spans of one resource stand together.
std::string otlp_body(const std::vector<Sent*>& some) {
  std::map<std::string_view, std::string> groups;
  for (const auto* one : some) {
    auto& spans = groups[one->item.resource];
    (spans += spans.empty() ? "" : ",") += one->item.json;
  }
  std::string out = "{\"resourceSpans\":[";
  bool first = true;
  for (const auto& [resource, spans] : groups) {
    const auto [own, scope] = cut(resource, '\n');
    out += fmt::format("{}{{\"resource\":{},\"scopeSpans\":[{{\"scope\":{},\"spans\":[{}]}}]}}", first ? "" : ",", own,
                       scope, spans);
    first = false;
  }
  return out + "]}";
}

std::string feedback_body(const std::vector<Sent*>& some) {
  std::string out;
  for (const auto* one : some)
    out += fmt::format(
        "--{0}\r\nContent-Disposition: form-data; name=\"feedback.{1}\"\r\nContent-Type: "
        "application/json\r\n\r\n{2}\r\n",
        boundary, one->item.id, one->item.json);
  return out + fmt::format("--{}--\r\n", boundary);
}

}  // namespace

std::string message_of(const net::ClientResponse& answer) {
  const std::string_view body = json::trimmed(answer.body);
  if (!json::is_valid(body)) return std::string(utf8_prefix(body, 200));
  for (const auto found :
       {json::at(body, {"error", "message"}), json::member(body, "message"), json::member(body, "detail")})
    if (json::is_string(found)) return json::text(found);
  return std::string(utf8_prefix(body, 200));
}

Sender::Sender(const Options& options)
    : options_(options), client_({.connect_time = 10 * second, .idle_time = 2 * minute, .user_agent = "pawl-import"}) {}

// Waits for a server that is away or behind as long as the options say; every other answer is given to the caller.
Result<net::ClientResponse> Sender::call(const Asked& asked) {
  Nanos waited = 0;
  for (Nanos wait = second;; wait = std::min(2 * wait, 30 * second)) {
    net::ClientRequest request{.method = asked.method, .url = options_.server + asked.path, .body = asked.body};
    request.time = 5 * minute;
    if (!asked.content_type.empty()) request.headers.set("content-type", asked.content_type);
    if (!options_.key.empty()) request.headers.set("authorization", "Bearer " + options_.key);
    auto answer = client_.send(std::move(request));
    if (answer && !comes_back(answer->status)) return answer;
    if (!answer && answer.error().kind != ErrorKind::unavailable && answer.error().kind != ErrorKind::corrupt)
      return answer;
    const std::string why = answer ? fmt::format("answers {}: {}", answer->status, message_of(*answer))
                                   : fmt::format("does not answer ({})", answer.error().what);
    if (waited >= options_.patience)
      return fail(ErrorKind::unavailable, "{} {}. What it acknowledged is remembered: run the same command again.",
                  options_.server, why);
    const auto asked_for = answer ? parse_int(answer->headers.get("retry-after")) : std::nullopt;
    const Nanos pause = asked_for && *asked_for > 0 && *asked_for < 300 ? *asked_for * second : wait;
    std::this_thread::sleep_for(std::chrono::nanoseconds(pause));
    waited += pause;
  }
}

Result<> Sender::greet() {
  const auto answer = TRY(call({"GET", fmt::format("/api/v1/spans?limit=1&{}", always), "", ""}));
  if (answer.status == 401)
    return fail(ErrorKind::denied, "{} does not know this key. Give one with --key or PAWL_KEY.", options_.server);
  if (answer.status == 403) {
    can_read_ = false;  // a key that may only ingest
    return {};
  }
  const auto spans = json::member(answer.body, "spans");
  if (answer.status != 200 || !json::is_array(spans))
    return fail(ErrorKind::invalid, "{} does not speak as Pawl does ({} to GET /api/v1/spans: {}).", options_.server,
                answer.status, message_of(answer));
  json::Elements some(spans);
  fresh_ = !some.next();
  return {};
}

// Asks which of these spans the server holds. False: it will not say.
Result<bool> Sender::ask_held(const std::vector<Sent*>& some) {
  Nanos from = some.front()->item.at, to = from;
  JsonWriter body;
  body.object().key("spans").array();
  for (const auto* one : some) {
    body.array().value(one->item.trace).value(one->item.span).end();
    from = std::min(from, one->item.at), to = std::max(to, one->item.at);
  }
  body.end();
  if (from > 0) body.field("from", format_time(from)).field("to", format_time(to + minute));
  const auto answer = TRY(call({"POST", "/api/v1/find", "application/json", body.end().take()}));
  if (answer.status != 200) return false;
  for (json::Elements held(json::member(answer.body, "held")); held.next();)
    if (const auto index = json::integer(held.value); index && *index >= 0 && std::cmp_less(*index, some.size()))
      some[static_cast<std::size_t>(*index)]->already = true;
  return true;
}

Result<> Sender::mark_held(const std::vector<Sent*>& all) {
  if (fresh_ || !can_read_) return {};
  std::vector<Sent*> some;
  const auto ask = [&]() -> Result<> {
    if (!some.empty() && can_read_) can_read_ = TRY(ask_held(some));
    some.clear();
    return {};
  };
  for (auto* one : all) {
    if (one->item.span.empty()) continue;
    some.push_back(one);
    if (some.size() == spans_a_question) TRY(ask());
  }
  return ask();
}

// Half by half, until the one that is refused stands alone; what is sent twice so is a repeat that the server drops.
Result<> Sender::split(const std::vector<Sent*>& some, const std::string& why) {
  if (some.size() == 1) {
    some.front()->refused = why.empty() ? "the server refused it" : why;
    return {};
  }
  const auto middle = some.begin() + static_cast<std::ptrdiff_t>(some.size() / 2);
  TRY(send_some({some.begin(), middle}));
  return send_some({middle, some.end()});
}

Result<> Sender::send_some(std::vector<Sent*> some) {
  const Channel channel = some.front()->item.channel;
  Asked asked{"POST", "", "application/json", ""};
  switch (channel) {
    case Channel::langfuse:
      asked.path = "/api/public/ingestion", asked.body = "{\"batch\":[" + joined(some) + "]}";
      break;
    case Channel::langsmith:
      asked.path = "/langsmith/runs/batch", asked.body = "{\"post\":[" + joined(some) + "]}";
      break;
    case Channel::feedback:
      asked.path = "/langsmith/runs/multipart", asked.body = feedback_body(some);
      asked.content_type = fmt::format("multipart/form-data; boundary={}", boundary);
      break;
    case Channel::otlp:
      asked.path = "/v1/traces", asked.body = otlp_body(some);
      break;
    case Channel::thing:
      for (auto* one : some) TRY(send_thing(*one));
      return {};
  }
  const auto answer = TRY(call(asked));
  if (answer.status == 401 || answer.status == 403)
    return fail(ErrorKind::denied, "{} refuses the key: {}", options_.server, message_of(answer));
  if (answer.status == 404 || answer.status == 405)
    return fail(ErrorKind::invalid, "{} has no {}: is it Pawl?", options_.server, asked.path);
  if (answer.status >= 400) return split(some, message_of(answer));
  if (channel == Channel::langfuse) {
    std::unordered_map<std::string, std::string> errors;
    for (json::Elements list(json::member(answer.body, "errors")); list.next();)
      errors[json::text(json::member(list.value, "id"))] = json::text(json::member(list.value, "message"));
    for (auto* one : some) {
      const auto found = errors.find(json::text(json::member(one->item.json, "id")));
      if (found != errors.end()) one->refused = found->second;
    }
    return {};
  }
  const auto partial = json::member(answer.body, "partialSuccess");
  const auto refused =
      channel == Channel::otlp ? json::member(partial, "rejectedSpans") : json::member(answer.body, "refused");
  if (json::integer(refused).value_or(0) == 0) return {};
  return split(some, json::text(channel == Channel::otlp ? json::member(partial, "errorMessage")
                                                         : json::member(answer.body, "detail")));
}

Result<> Sender::send(std::vector<Sent>& batch) {
  std::vector<Sent*> all;
  for (auto& one : batch) all.push_back(&one);
  TRY(mark_held(all));
  // What the server would fold into what it has (Langfuse, LangSmith) is sent all the same: it may have changed since.
  std::erase_if(all, [](const Sent* one) { return one->already && one->item.channel == Channel::otlp; });
  for (const auto channel : {Channel::langfuse, Channel::langsmith, Channel::otlp, Channel::feedback, Channel::thing}) {
    std::vector<Sent*> some;
    std::size_t bytes = 0;
    for (auto* one : all) {
      if (one->item.channel != channel) continue;
      if (!some.empty() && (bytes + one->item.json.size() > most_bytes || some.size() == most_items)) {
        TRY(send_some(std::move(some)));
        some.clear(), bytes = 0;
      }
      bytes += one->item.json.size();
      some.push_back(one);
    }
    if (!some.empty()) TRY(send_some(std::move(some)));
  }
  return {};
}

}  // namespace pawl::imports
