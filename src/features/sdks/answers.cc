// JSON as sent, routes with their clients' errors, paging.
#include <simdjson.h>

#include "base/text.h"
#include "inside.h"
#include "net/errors.h"
#include "wire/compress.h"

namespace pawl::sdks {
namespace {

constexpr std::size_t most_body = 64U << 20;

// {"error":"LangfuseNotFoundError","message":…}: what its clients turn into exceptions.
void shape_langfuse(const net::Request& request, net::Response& response) {
  const std::string_view name = response.status == 404   ? "LangfuseNotFoundError"
                                : response.status == 401 ? "UnauthorizedError"
                                : response.status == 403 ? "ForbiddenError"
                                : response.status == 405 ? "MethodNotAllowedError"
                                : response.status == 409 ? "ConflictError"
                                : response.status >= 500 ? "ServiceUnavailableError"
                                                         : "InvalidRequestError";
  JsonWriter json;
  json.object().field("error", name).field("message", response.message);
  response.body = json.field("request_id", request.request_id()).end().take();
  response.headers.set("content-type", "application/json");
}

void shape_langsmith(const net::Request& request, net::Response& response) {
  JsonWriter json;
  json.object().field("detail", response.message).field("request_id", request.request_id());
  response.body = json.end().take();
  response.headers.set("content-type", "application/json");
}

Task<Result<net::Response>> answer(Sdks::Inside& inside, net::Request& request, Work work, Look look) {
  if (look != nullptr) {
    auto* store = inside.warehouse.load();
    if (store == nullptr)
      co_return fail(ErrorKind::unavailable, "Pawl accepts data, but cannot answer queries yet: {}.",
                     inside.options.progress());
    co_return co_await net::on_pool(inside.pool, request.cancel, [&] { return look(inside, *store, request); });
  }
  co_return co_await net::on_pool(inside.pool, request.cancel, [&] { return work(inside, request); });
}

}  // namespace

Result<> check_json(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element element;
  if (const auto error = parser.parse(text.data(), text.size()).get(element); error != simdjson::SUCCESS)
    return fail(ErrorKind::invalid, "The body is no JSON: {}.", simdjson::error_message(error));
  return {};
}

Result<std::string> json_body(const net::Request& request) {
  std::string text = request.body;
  if (!request.content_encoding.empty() && request.content_encoding != "identity")
    text = TRY(decompress(request.content_encoding, request.body, most_body));
  TRY(check_json(text));
  return std::string(json::trimmed(text));
}

Doc::Doc(std::unique_ptr<std::string> text)
    : text_(std::move(text)), members_(std::make_unique<json::Object>(*text_)) {}
Doc::Doc(Doc&& other) noexcept = default;

Result<Doc> Doc::of(std::string text) {
  TRY(check_json(text));
  auto kept = std::make_unique<std::string>(json::trimmed(text));
  if (!json::is_object(*kept)) return fail(ErrorKind::invalid, "The body must be a JSON object.");
  return Doc(std::move(kept));
}

Result<Doc> Doc::of(const net::Request& request) {
  return of(TRY(json_body(request)));
}

std::string Doc::part(std::string_view name) const {
  return has(name) ? std::string(raw(name)) : std::string();
}

std::string Doc::text(std::string_view name) const {
  return json::is_string(raw(name)) ? json::text(raw(name)) : std::string();
}

std::optional<std::string> Doc::maybe(std::string_view name) const {
  if (!json::is_string(raw(name))) return std::nullopt;
  return json::text(raw(name));
}

std::optional<std::int64_t> Doc::number(std::string_view name) const {
  return has(name) ? json::integer(raw(name)) : std::nullopt;
}

Result<std::vector<std::string>> Doc::texts(std::string_view name) const {
  std::vector<std::string> out;
  if (!has(name)) return out;
  if (!json::is_array(raw(name))) return fail(ErrorKind::invalid, "{} must be a list of texts.", name);
  json::Elements elements(raw(name));
  while (elements.next()) {
    if (!json::is_string(elements.value)) return fail(ErrorKind::invalid, "{} must be a list of texts.", name);
    out.push_back(json::text(elements.value));
  }
  return out;
}

Result<Nanos> Doc::moment(std::string_view name) const {
  if (!has(name)) return 0;
  const auto parsed = parse_time(json::text(raw(name)));
  if (!parsed) return fail(ErrorKind::invalid, "{} is no time. Write it like 2026-11-21T13:00:00Z.", name);
  return *parsed;
}

std::string iso(Nanos at) {
  std::string text = format_time(at);  // …T13:14:07.123456789Z
  text.erase(text.size() - 4, 3);
  return text;
}

void write_iso(JsonWriter& json, std::string_view name, Nanos at) {
  json.key(name);
  at == 0 ? json.null() : json.value(iso(at));
}

void write_maybe(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

void write_raw(JsonWriter& json, std::string_view name, std::string_view raw, std::string_view otherwise) {
  json.key(name).raw(raw.empty() ? otherwise : raw);
}

void add(Sdks::Inside& inside, Dialect dialect, Spec spec) {
  net::HeadCheck check_head;
  if (spec.check_head)
    check_head = [&inside, check = spec.check_head](const net::Request& request,
                                                    std::size_t& body_bytes) -> std::optional<net::Response> {
      const auto most = check(inside, request);
      if (!most) return net::Response::error(request, most.error());
      body_bytes = *most;
      return std::nullopt;
    };
  inside.router->add({.method = std::move(spec.method),
                      .pattern = std::move(spec.pattern),
                      .permission = std::move(spec.permission),
                      .handler = [&inside, work = spec.work, look = spec.look,
                                  quick = spec.quick](net::Request& request) -> Task<Result<net::Response>> {
                        if (quick) co_return work(inside, request);
                        co_return co_await answer(inside, request, work, look);
                      },
                      .body_bytes = spec.body_bytes,
                      .shape_error = dialect == Dialect::langfuse ? shape_langfuse : shape_langsmith,
                      .check_head = std::move(check_head),
                      .summary = std::move(spec.summary),
                      .query = std::move(spec.query),
                      .accepts = std::move(spec.accepts),
                      .answers = std::move(spec.answers)});
}

void add_langsmith(Sdks::Inside& inside, Spec spec) {
  const std::string pattern = spec.pattern;
  const bool is_page = spec.method == "GET" && (pattern.starts_with("/sessions") || pattern == "/datasets" ||
                                                pattern == "/datasets/{dataset_id}");  // assets.cc sends clients on
  for (const std::string_view prefix : {"/langsmith", "/langsmith/api/v1", ""}) {
    if (prefix.empty() && is_page) continue;
    spec.pattern = std::string(prefix) + pattern;
    add(inside, Dialect::langsmith, spec);
  }
}

Result<Paging> paging_of(const net::Request& request, std::uint64_t usual, std::uint64_t most) {
  Paging paging{.page = 1, .limit = usual};
  for (const auto& [name, into] : {std::pair{"page", &paging.page}, {"limit", &paging.limit}}) {
    const auto given = request.query.find(name);
    if (!given) continue;
    const auto number = parse_int(*given);
    if (!number || *number < 1 || *number > 1'000'000'000)
      return fail(ErrorKind::invalid, "{}={} must be a number from 1.", name, *given);
    *into = static_cast<std::uint64_t>(*number);
  }
  paging.limit = std::min(paging.limit, most);
  return paging;
}

void write_meta(JsonWriter& json, const Paging& paging, std::uint64_t total) {
  json.key("meta").object().field("page", paging.page).field("limit", paging.limit).field("totalItems", total);
  json.field("totalPages", (total + paging.limit - 1) / paging.limit).end();
}

Result<Window> window_of(const net::Request& request) {
  Window window;
  for (const auto& [name, into] : {std::pair{"offset", &window.offset}, {"limit", &window.limit}}) {
    const auto given = request.query.find(name);
    if (!given) continue;
    const auto number = parse_int(*given);
    if (!number || *number < 0) return fail(ErrorKind::invalid, "{}={} must be a number.", name, *given);
    *into = static_cast<std::uint64_t>(*number);
  }
  window.limit = std::min<std::uint64_t>(window.limit, 1000);
  return window;
}

Result<Nanos> moment_of(const net::Request& request, std::string_view name) {
  const auto given = request.query.find(name);
  if (!given || given->empty()) return 0;
  auto parsed = parse_time(*given);
  if (!parsed) {  // "+00:00" whose plus became a space
    std::string again(*given);
    for (char& c : again)
      if (c == ' ') c = '+';
    parsed = parse_time(again);
  }
  if (!parsed) return fail(ErrorKind::invalid, "{}={} is no time. Write it like 2026-11-21T13:00:00Z.", name, *given);
  return *parsed;
}

std::vector<std::string> all_of(const net::Request& request, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& [key, value] : request.query.all()) {
    if (key != name) continue;
    for (const auto one : split(value, ','))
      if (!trim(one).empty()) out.emplace_back(trim(one));
  }
  return out;
}

std::string project_text(ProjectId project) {
  return fmt::format("{}", project);
}

}  // namespace pawl::sdks
