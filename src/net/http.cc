// Headers, query parameters and the common answers.
#include "net/http.h"

#include <chrono>

#include "base/text.h"
#include "net/channel.h"
#include "net/errors.h"

namespace pawl::net {

Nanos monotonic_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Cancel Cancel::create(Nanos deadline) {
  Cancel made;
  made.flag_ = std::make_shared<std::atomic<bool>>(false);
  made.deadline_ = deadline;
  return made;
}

Cancel Cancel::until(Nanos deadline) const {
  Cancel made = *this;
  made.deadline_ = std::min(deadline_, deadline);
  return made;
}

void Headers::add(std::string_view name, std::string_view value) {
  PAWL_CHECK(text_.size() + name.size() + value.size() < UINT32_MAX, "headers of 4 GB");
  at_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                 static_cast<std::uint32_t>(value.size())});
  for (char c : name) text_ += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  text_ += value;
}

void Headers::set(std::string_view name, std::string_view value) {
  std::string keep(value);  // may be a view into text_, which add() moves
  std::erase_if(at_,
                [&](const Place& place) { return std::string_view(text_).substr(place.begin, place.name) == name; });
  add(name, keep);
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (std::size_t i = 0; i < at_.size(); ++i)
    if (auto [key, value] = (*this)[i]; key == name) return value;
  return std::nullopt;
}

std::string_view Headers::get(std::string_view name) const {
  return find(name).value_or(std::string_view());
}

std::size_t Headers::count(std::string_view name) const {
  std::size_t found = 0;
  for (std::size_t i = 0; i < at_.size(); ++i) found += (*this)[i].first == name;
  return found;
}

std::pair<std::string_view, std::string_view> Headers::operator[](std::size_t index) const {
  const Place& place = at_[index];
  std::string_view text(text_);
  return {text.substr(place.begin, place.name), text.substr(place.begin + place.name, place.value)};
}

std::optional<std::string_view> Parameters::find(std::string_view name) const {
  for (const auto& [key, value] : all_)
    if (key == name) return value;
  return std::nullopt;
}

std::string_view Parameters::get(std::string_view name) const {
  return find(name).value_or(std::string_view());
}

Result<Parameters> parse_query(std::string_view text, std::size_t most) {
  Parameters parsed;
  while (!text.empty()) {
    auto [piece, rest] = cut(text, '&');
    text = rest;
    if (piece.empty()) continue;
    if (parsed.all().size() == most) return fail(ErrorKind::invalid, "The query has more than {} parameters.", most);
    auto [name, value] = cut(piece, '=');
    auto decoded_name = percent_decode(name, true), decoded_value = percent_decode(value, true);
    if (!decoded_name || !decoded_value)
      return fail(ErrorKind::invalid, "The query parameter '{}' has a '%' that two hex digits do not follow.",
                  repair_utf8(name));
    parsed.add(std::move(*decoded_name), std::move(*decoded_value));
  }
  return parsed;
}

std::string Request::request_id() const {
  return fmt::format("{:016x}", number);
}

Response Response::bytes(std::string_view content_type, std::string body, int status) {
  Response made;
  made.status = status;
  made.headers.add("content-type", content_type);
  made.body = std::move(body);
  return made;
}

Response Response::json(std::string text, int status) {
  return bytes("application/json", std::move(text), status);
}

Response Response::text(std::string text, int status) {
  return bytes("text/plain; charset=utf-8", std::move(text), status);
}

Response Response::events(std::shared_ptr<Channel> channel) {
  Response made;
  made.headers.add("content-type", "text/event-stream");
  made.headers.add("cache-control", "no-store");
  made.headers.add("x-accel-buffering", "no");  // nginx would hold the events back
  made.body = Events{std::move(channel)};
  return made;
}

Response Response::error(const Request& request, const Error& error) {
  const ErrorRule& rule = rule_of(error.kind);
  Response made = json(error_json(rule.code, error.what, {}, request.request_id()), rule.http);
  if (rule.retry) made.headers.add("retry-after", "1");
  made.message = error.what;
  return made;
}

Response Response::error(const Request& request, int status, std::string_view message, std::string_view detail) {
  Response made = json(error_json(code_of_http(status), message, detail, request.request_id()), status);
  if (status == 503) made.headers.add("retry-after", "1");
  made.message = message;
  return made;
}

std::string sse_event(std::string_view name, std::string_view data, std::string_view id) {
  std::string out;
  out.reserve(name.size() + data.size() + id.size() + 32);
  if (!name.empty()) out.append("event: ").append(name).append("\n");
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  for (std::string_view line : split(data, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.append("data: ").append(line).append("\n");
  }
  return out += '\n';
}

}  // namespace pawl::net
