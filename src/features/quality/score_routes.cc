// Scores: put one, many or a CSV; find them, as JSON or CSV; one with its earlier words.
#include "base/text.h"
#include "inside.h"
#include "llm/json_scan.h"
#include "wire/csv.h"

namespace pawl::quality {
namespace {

namespace json = llm::json;
using scores::Score;

constexpr std::size_t most_scores = 100'000;
constexpr std::string_view columns[] = {"id",      "name",       "value",      "kind",        "trace_id",
                                        "span_id", "session_id", "experiment", "item",        "author",
                                        "source",  "evaluator",  "comment",    "probability", "at"};

struct Given {  // scores of a request; those that cannot be read stand in `refused`, by their place
  std::vector<Score> scores;
  std::vector<std::size_t> places;
  std::vector<std::pair<std::size_t, std::string>> refused;
  std::size_t count = 0;

  void take(Result<Score> score) {
    if (score) {
      places.push_back(count);
      scores.push_back(std::move(*score));
    } else {
      refused.emplace_back(count, score.error().what);
    }
    ++count;
  }
};

Result<Given> of_json(const std::string& text) {
  if (!json::is_valid(json::trimmed(text))) return fail(ErrorKind::invalid, "The body is no JSON.");
  std::string_view list = json::trimmed(text);
  if (json::is_object(list) && json::is_array(json::member(list, "scores"))) list = json::member(list, "scores");
  Given given;
  if (json::is_object(list)) {
    given.take(scores::from_pawl(list));
    return given;
  }
  if (!json::is_array(list))
    return fail(ErrorKind::invalid, "The body must be a score, a list of scores, or {{\"scores\": [...]}}.");
  json::Elements elements(list);
  while (elements.next()) {
    if (given.count >= most_scores) return fail(ErrorKind::invalid, "At most {} scores at once.", most_scores);
    given.take(json::is_object(elements.value) ? scores::from_pawl(elements.value)
                                               : fail(ErrorKind::invalid, "A score must be an object."));
  }
  return given;
}

// A cell of the column `value`: a number, true or false as what they are, anything else as a text.
std::string cell_json(std::string_view column, std::string_view cell) {
  const bool plain = (column == "value" && (cell == "true" || cell == "false" || parse_double(cell))) ||
                     column == "probability" || column == "metadata" || column == "correction";
  return plain && json::is_valid(cell) ? std::string(cell) : json_quote(cell);
}

Result<Given> of_csv(const std::string& text) {
  csv::Reader reader(text);
  csv::Row names, row;
  if (!TRY(reader.next(names))) return fail(ErrorKind::invalid, "The CSV is empty: its first line names the columns.");
  Given given;
  for (;;) {
    const auto more = reader.next(row);
    if (more && !*more) return given;
    if (given.count >= most_scores) return fail(ErrorKind::invalid, "At most {} scores at once.", most_scores);
    if (!more) {
      given.take(std::unexpected(more.error()));
      continue;
    }
    if (row.cells.size() > names.cells.size()) {
      given.take(fail(ErrorKind::invalid, "line {}: {} cells, and {} columns are named", row.line, row.cells.size(),
                      names.cells.size()));
      continue;
    }
    JsonWriter one;
    one.object();
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      if (!row.cells[i].empty()) one.key(names.cells[i]).raw(cell_json(names.cells[i], row.cells[i]));
    given.take(scores::from_pawl(one.end().take()));
  }
}

Result<net::Response> put(Quality::Inside& inside, const net::Request& request) {
  const std::string body = TRY(body_of(request));
  const auto& access = access_of(request);
  auto given = request.content_type == "text/csv" ? TRY(of_csv(body)) : TRY(of_json(body));
  for (auto& score : given.scores)
    if (score.author.empty()) score.author = actor_of(access);
  const auto outcomes = TRY(inside.parts.scores.put(access.project, std::move(given.scores), given.refused.size()));
  std::vector<std::string> ids(given.count);
  auto& refused = given.refused;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    ids[given.places[i]] = outcomes[i].id;
    if (!outcomes[i].refused.empty()) refused.emplace_back(given.places[i], outcomes[i].refused);
  }
  std::ranges::sort(refused);
  if (given.count == 1 && refused.size() == 1) return fail(ErrorKind::invalid, "{}", refused.front().second);
  JsonWriter out;
  out.object().field("stored", std::uint64_t{given.count - refused.size()}).key("ids").array();
  for (const auto& id : ids) id.empty() ? out.null() : out.value(id);
  out.end().key("refused").array();
  for (const auto& [place, why] : refused) out.object().field("index", std::uint64_t{place}).field("why", why).end();
  return net::Response::json(out.end().end().take());
}

Result<scores::Wanted> wanted_of(const net::Request& request) {
  const auto window = TRY(window_of(request));
  scores::Wanted wanted{.type = {}, .offset = window.offset, .limit = window.limit};
  const std::pair<std::string_view, std::string*> texts[] = {
      {"trace", &wanted.trace_id}, {"span", &wanted.span_id},          {"session", &wanted.session_id},
      {"name", &wanted.name},      {"experiment", &wanted.experiment}, {"source", &wanted.source}};
  for (const auto& [name, into] : texts) *into = request.query.get(name);
  for (const auto& [name, into] : {std::pair{"from", &wanted.from}, {"to", &wanted.to}}) {
    const auto given = request.query.find(name);
    const auto time = given ? parse_time(*given) : std::optional<Nanos>(0);
    if (!time) return fail(ErrorKind::invalid, "{}={} is no time such as 2026-11-21T12:00:00Z.", name, *given);
    *into = *time;
  }
  wanted.any_word = request.query.get("all") == "1";
  return wanted;
}

std::string to_csv(const std::vector<Score>& found) {
  std::string out;
  for (const auto column : columns) out += (out.empty() ? "" : ",") + std::string(column);
  out += "\r\n";
  for (const auto& score : found) {
    JsonWriter value;
    scores::write_value(value, score);
    const std::string said = json::is_string(value.text()) ? json::text(value.text()) : value.text();
    const std::string cells[] = {score.id,
                                 score.name,
                                 said,
                                 std::string(scores::name_of(score.type)),
                                 score.trace_id,
                                 score.span_id,
                                 score.session_id,
                                 score.experiment,
                                 score.item,
                                 score.author,
                                 score.source,
                                 score.evaluator,
                                 score.comment,
                                 score.probability ? fmt::format("{}", *score.probability) : "",
                                 format_time(score.at)};
    for (std::size_t i = 0; i < std::size(cells); ++i) {
      if (i > 0) out += ',';
      csv::append_cell(out, cells[i]);
    }
    out += "\r\n";
  }
  return out;
}

Result<net::Response> list(Quality::Inside& inside, const net::Request& request) {
  const auto wanted = TRY(wanted_of(request));
  const auto found = TRY(inside.parts.scores.find(access_of(request).project, wanted));
  if (request.query.get("format") == "csv") {
    auto response = net::Response::bytes("text/csv; charset=utf-8", to_csv(found.scores));
    response.headers.set("content-disposition", "attachment; filename=\"scores.csv\"");
    return response;
  }
  JsonWriter out;
  out.object().key("scores").array();
  for (const auto& score : found.scores) scores::write_score(out, score);
  return net::Response::json(out.end().field("total", found.total).end().take());
}

Result<net::Response> show(Quality::Inside& inside, const net::Request& request) {
  const auto project = access_of(request).project;
  const auto score = TRY(inside.parts.scores.get(project, request.capture("score")));
  JsonWriter out;
  out.object().key("score");
  scores::write_score(out, score);
  out.key("earlier").array();
  for (const auto& word : TRY(inside.parts.scores.history(project, score.id))) {
    out.object().field("value", word.value).field("text", word.text).field("comment", word.comment);
    out.field("author", word.author).field("at", format_time(word.at));
    out.field("replaced", format_time(word.replaced)).end();
  }
  return net::Response::json(out.end().end().take());
}

Result<net::Response> remove(Quality::Inside& inside, const net::Request& request) {
  TRY(inside.parts.scores.remove(access_of(request).project, request.capture("score")));
  return net::Response::json("{}");
}

}  // namespace

void add_score_routes(net::Router& router, Quality::Inside& inside) {
  add(router, inside,
      {.method = "POST",
       .pattern = "/api/v1/scores",
       .permission = "ingest",
       .body_bytes = most_body,
       .summary = "Puts scores; the same id replaces, and what cannot be kept is named by its place",
       .accepts = "a score {name, value, kind, trace_id, span_id, session_id, experiment, item, id, author, source, "
                  "evaluator, comment, correction, metadata, probability, at}, a list of them, or text/csv with these "
                  "columns",
       .answers = "{stored, ids, refused:[{index, why}]}"},
      put);
  add(router, inside,
      {.method = "GET",
       .pattern = "/api/v1/scores",
       .permission = "read",
       .summary = "Scores, the newest first",
       .query = {{"trace", "about this trace"},
                 {"span", "about this span"},
                 {"session", "about this session"},
                 {"experiment", "of this experiment"},
                 {"name", "of this name"},
                 {"source", "api, annotation, eval, feedback"},
                 {"from", "RFC 3339"},
                 {"to", "RFC 3339"},
                 {"all", "1: also words that a later one of the same author has replaced"},
                 {"limit", "1 to 10000"},
                 {"offset", "how many are left out"},
                 {"format", "csv"}},
       .answers = "{scores:[Score], total}"},
      list);
  const std::string one = "/api/v1/scores/{score}";
  add(router, inside,
      {.method = "GET",
       .pattern = one,
       .permission = "read",
       .summary = "A score, and what it said earlier",
       .answers = "{score:Score, earlier:[{value, text, comment, author, at, replaced}]}"},
      show);
  add(router, inside,
      {.method = "DELETE",
       .pattern = one,
       .permission = "write",
       .summary = "Removes a score; the word before it stands again",
       .answers = "{}"},
      remove);
}

}  // namespace pawl::quality
