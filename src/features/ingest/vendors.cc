// From a vendor's request to its acknowledgement, in the words that its client understands.
#include "vendors.h"

#include "base/json.h"
#include "base/text.h"
#include "llm/json_check.h"
#include "llm/json_scan.h"
#include "net/errors.h"
#include "net/latch.h"
#include "net/pages.h"
#include "records/projects/projects.h"
#include "wire/compress.h"

namespace pawl::ingest {

using llm::RunEvent;
using llm::RunForm;

// What came of one request.
struct Vendors::Taken {
  struct Answer {
    std::string id, why;  // why: refused
  };
  std::string body;             // as it is journalled
  std::vector<Answer> answers;  // in the order of the request
  std::uint32_t units = 0, refused = 0,
                kept = 0;  // fragments and logs; refused of any sort; scores and the like that are kept
  Masked masked;
  std::vector<Other> others;        // views into the body …
  std::vector<std::size_t> places;  // … and where their answers stand
  std::deque<std::string> texts;
};

struct Vendors::Path {
  std::string_view method, pattern;
  RunForm form;
  // What is journalled is a batch; a call about one run is made into one.
  enum class Shape : std::uint8_t { batch, post, patch } shape = Shape::batch;
  std::string_view summary, accepts, answers;
};

namespace {

constexpr std::string_view langsmith_roots[] = {"", "/langsmith", "/langsmith/api/v1", "/api/v1"};

int status_of(const Error& error) {
  return error.kind == ErrorKind::exhausted ? 413 : net::rule_of(error.kind).http;
}

// An error as each client reads it.
std::string error_body(RunForm form, std::string_view message, int status) {
  JsonWriter json;
  switch (form) {
    case RunForm::langfuse:
      json.object().field("message", message).field("error", net::reason_phrase(status)).end();
      break;
    case RunForm::langsmith:
      json.object().field("detail", message).field("error", net::reason_phrase(status)).end();
      break;
    default:
      json.object().key("error").object().field("message", message);
      json.field("type", net::code_of_http(status)).key("param").null().key("code").null().end().end();
  }
  return json.take();
}

// {"post":[run]} or {"patch":[{"id":…, run}]} of what a call about one run holds.
Result<std::string> batch_of(std::string_view id, std::string_view body) {
  body = llm::json::trimmed(body);
  if (const auto at = llm::json::first_error(body))
    return fail(ErrorKind::invalid, "The body stops being JSON at byte {}.", *at);
  if (!llm::json::is_object(body)) return fail(ErrorKind::invalid, "The body must be a run: an object.");
  if (id.empty()) return fmt::format("{{\"post\":[{}]}}", body);
  const std::string_view rest = llm::json::trimmed(body.substr(1));
  return fmt::format("{{\"patch\":[{{\"id\":{}{}{}]}}", json_quote(id), rest == "}" ? "" : ",", rest);
}

std::string langfuse_answer(const auto& answers) {
  JsonWriter json;
  json.object().key("successes").array();
  for (const auto& one : answers)
    if (one.why.empty()) json.object().field("id", one.id).field("status", 201).end();
  json.end().key("errors").array();
  for (const auto& one : answers) {
    if (one.why.empty()) continue;
    json.object()
        .field("id", one.id)
        .field("status", 400)
        .field("message", one.why)
        .field("error", "Bad Request")
        .end();
  }
  return json.end().end().take();
}

std::string first_reason(const auto& answers) {
  for (const auto& one : answers)
    if (!one.why.empty()) return one.why;
  return {};
}

}  // namespace

Result<Vendors::Taken> Vendors::read(net::Request& request, RunForm form, const Wrap& wrap) {
  Taken taken;
  taken.body = std::move(request.body);
  if (!request.content_encoding.empty() && request.content_encoding != "identity")
    taken.body = TRY(decompress(request.content_encoding, taken.body, passage_.body_limit));
  if (wrap) taken.body = TRY(batch_of(wrap(request, taken.body), taken.body));
  const auto project = projects::access_of(request).project;
  if (passage_.mask) {
    const bool parts = request.content_type.starts_with("multipart/");
    taken.masked =
        TRY(passage_.mask(project, otlp::Signal::traces, parts ? BodyForm::multipart : BodyForm::json, taken.body));
    passage_.secrets += taken.masked.secrets;
  }
  TRY(llm::walk_runs(form, taken.body, passage_.clock.now(), [&](RunEvent& event) {
    if (event.what == RunEvent::What::other) {
      taken.places.push_back(taken.answers.size());
      auto own = [&](std::string& text) { return std::string_view(taken.texts.emplace_back(std::move(text))); };
      std::string id = event.id;
      taken.others.push_back(
          {own(event.type), own(id), event.json, own(event.name), own(event.content_type), event.at});
    }
    if (event.what == RunEvent::What::fragment || event.what == RunEvent::What::log) ++taken.units;
    if (event.what == RunEvent::What::refused) ++taken.refused;
    taken.answers.push_back({std::move(event.id), std::move(event.why)});
  }));
  TRY(hand_over_others(request, form, taken));
  return taken;
}

Result<> Vendors::hand_over_others(const net::Request& request, RunForm form, Taken& taken) {
  if (taken.others.empty()) return {};
  std::vector<std::string> said;
  if (passage_.keep_others) {
    said = TRY(passage_.keep_others(request, form, taken.others));
  } else {
    for (const auto& other : taken.others) said.push_back(fmt::format("{} is not offered here.", other.type));
  }
  for (std::size_t i = 0; i < taken.places.size() && i < said.size(); ++i) {
    said[i].empty() ? ++taken.kept : ++taken.refused;
    taken.answers[taken.places[i]].why = std::move(said[i]);
  }
  return {};
}

Task<Result<Vendors::Taken>> Vendors::take(net::Request& request, RunForm form, const Wrap& wrap) {
  const auto project = projects::access_of(request).project;
  ++passage_.requests;
  const bool room = passage_.writer.has_room(request.body.size());
  Result<Taken> taken = fail(ErrorKind::unavailable,
                             "Pawl is behind: too much is acknowledged and not yet stored; send it again in a second.");
  if (room)
    taken = co_await net::on_pool(passage_.pool, request.cancel,
                                  [&]() -> Result<Taken> { return read(request, form, wrap); });
  if (!taken) {
    passage_.books.refused(project, 1,
                           {passage_.clock.now(), request.path, status_of(taken.error()), taken.error().what});
    co_return std::unexpected(std::move(taken.error()));
  }
  const std::string why = taken->refused > 0 ? first_reason(taken->answers) : "";
  if (taken->units == 0) {
    if (taken->refused > 0)
      passage_.books.refused(project, taken->refused, {passage_.clock.now(), request.path, 200, why});
    co_return std::move(*taken);
  }
  if (taken->refused > 0) passage_.books.note(project, {passage_.clock.now(), request.path, 200, why});
  const net::Latch synced;
  std::optional<Error> failed;
  Item item{.at = {},
            .project = project,
            .received = passage_.clock.now(),
            .encoding = otlp::Encoding::json,
            .form = form,
            .units = taken->units,
            .refused = taken->refused,
            .epoch = taken->masked.epoch,
            .body = std::make_shared<const std::string>(std::move(taken->body))};
  passage_.append(std::move(item), [&, synced](Result<journal::Position> at) {
    if (!at) failed = std::move(at.error());
    synced.open();
  });
  co_await synced.wait();
  if (failed) co_return std::unexpected(std::move(*failed));
  co_return std::move(*taken);
}

net::Response Vendors::tell(RunForm form, const net::Request&, const Taken& taken) {
  const bool nothing = taken.units == 0 && taken.kept == 0 && taken.refused > 0;
  switch (form) {
    case RunForm::langfuse:
      return net::Response::json(langfuse_answer(taken.answers), 207);
    case RunForm::langsmith: {
      if (nothing) return net::Response::json(error_body(form, first_reason(taken.answers), 422), 422);
      JsonWriter json;
      json.object()
          .field("message", "Runs batch ingested")
          .field("accepted", taken.units)
          .field("refused", taken.refused);
      if (taken.refused > 0) json.field("detail", first_reason(taken.answers));
      return net::Response::json(json.end().take(), 202);
    }
    default:
      if (nothing) return net::Response::json(error_body(form, first_reason(taken.answers), 400), 400);
      return net::Response::bytes("application/json", "", 204);
  }
}

Task<Result<net::Response>> Vendors::serve(net::Request& request, const Path& path) {
  Wrap wrap;
  if (path.shape == Path::Shape::post) wrap = [](const net::Request&, std::string_view) { return std::string(); };
  if (path.shape == Path::Shape::patch)
    wrap = [](const net::Request& asked, std::string_view) { return std::string(asked.capture("run_id")); };
  const auto taken = co_await take(request, path.form, wrap);
  if (taken) co_return tell(path.form, request, *taken);
  const int status = status_of(taken.error());
  auto response = net::Response::json(error_body(path.form, taken.error().what, status), status);
  if (net::rule_of(taken.error().kind).retry) net::set_retry_after(response, second);
  co_return response;
}

// Before it came here: 401, 413, 503 …
void Vendors::turned_away(const net::Request& request, net::Response& response, RunForm form) const {
  response.body = error_body(form, response.message, response.status);
  response.headers.set("content-type", "application/json");
  if (const auto* access = std::any_cast<projects::Access>(&request.who))
    passage_.books.refused(access->project, 1, {passage_.clock.now(), request.path, response.status, response.message});
}

void Vendors::add_routes(net::Router& router) {
  using enum Path::Shape;
  static constexpr Path langsmith[] = {
      {"POST", "/runs", RunForm::langsmith, post, "LangSmith: one run", "a run", "202"},
      {"PATCH", "/runs/{run_id}", RunForm::langsmith, patch, "LangSmith: what is new of a run", "a part of a run",
       "202"},
      {"POST", "/runs/batch", RunForm::langsmith, batch, "LangSmith: runs and patches", "{post:[run], patch:[run]}",
       "202 {message, accepted, refused}"},
      {"POST", "/runs/multipart", RunForm::langsmith, batch,
       "LangSmith: runs, patches, feedback and attachments; zstd, gzip or plain",
       "multipart/form-data: post.ID[.FIELD], patch.ID[.FIELD], feedback.ID, attachment.ID.NAME",
       "202 {message, accepted, refused}"}};
  static constexpr Path others[] = {
      {"POST", "/api/public/ingestion", RunForm::langfuse, batch, "Langfuse: a batch of events",
       "{batch:[{id, type, timestamp, body}]}", "207 {successes:[{id, status}], errors:[{id, status, message}]}"},
      {"POST", "/v1/traces/ingest", RunForm::openai_agents, batch, "OpenAI Agents SDK: traces and spans",
       "{data:[trace or span]}", "204"}};
  auto add = [&](std::string_view root, const Path& path) {
    router.add({.method = std::string(path.method),
                .pattern = fmt::format("{}{}", root, path.pattern),
                .permission = "ingest",
                .handler = [this, &path](net::Request& request) { return serve(request, path); },
                .shape_error = [this, &path](const net::Request& request,
                                             net::Response& response) { turned_away(request, response, path.form); },
                .summary = std::string(path.summary),
                .accepts = std::string(path.accepts),
                .answers = std::string(path.answers)});
  };
  for (const auto& path : others) add("", path);
  for (const std::string_view root : langsmith_roots)
    for (const auto& path : langsmith) add(root, path);
}

}  // namespace pawl::ingest
