// Several measure queries at once, as dashboards ask them: what has the same filter and reads the same is one
// statement.
#include <simdjson.h>

#include <future>

#include "asked.h"
#include "base/text.h"

namespace pawl::explore {
namespace {

constexpr std::size_t most_queries = 60;
constexpr int askers = 2;  // the warehouse reads two at once

struct One {
  std::optional<query::MeasureQuery> query;  // none: `refused` says why
  query::Statement alone = {};               // of this query, where nobody shares it
  std::optional<net::Response> refused;
  std::shared_ptr<const native::Rows> rows;
  query::Shared::Answer answer;
  std::vector<std::size_t> which;  // of the rows
};

struct Board {
  const net::Request& request;
  warehouse::Warehouse& store;
  ProjectId project = 0;
  std::vector<One> all = {};
  std::mutex mutex = {};
  Read read = {};  // under the mutex
};

void refuse(Board& board, One& one, const Error& error) {
  one.refused = net::Response::error(board.request, error);
}

Result<warehouse::Answer> ask(Board& board, const query::Statement& statement) {
  Read read;
  auto answer = run(board.store, statement, read);
  const std::lock_guard lock(board.mutex);
  board.read.rows += read.rows, board.read.project = board.project;
  return answer;
}

void ask_alone(Board& board, One& one) {
  auto answer = ask(board, one.alone);
  if (!answer) return refuse(board, one, answer.error());
  one.rows = std::make_shared<const native::Rows>(std::move(answer->rows));
  one.answer = {.columns = one.alone.columns};
  for (std::size_t i = 0; i < one.alone.columns.size(); ++i) one.answer.from.push_back(i);
  for (std::size_t i = 0; i < one.rows->size(); ++i) one.which.push_back(i);
}

// `at`: which of all those are that were shared.
void ask_shared(Board& board, const query::Shared& shared, const std::vector<std::size_t>& at) {
  auto answer = ask(board, shared.statement);
  std::shared_ptr<const native::Rows> rows;
  if (answer) rows = std::make_shared<const native::Rows>(std::move(answer->rows));
  for (const query::Shared::Answer& mine : shared.answers) {
    One& one = board.all[at[mine.query]];
    if (!answer) {
      refuse(board, one, answer.error());
    } else if (auto which = query::rows_of(mine, *one.query, *rows)) {
      one.rows = rows, one.answer = mine, one.which = std::move(*which);
    } else {
      ask_alone(board, one);
    }
  }
}

Result<std::vector<One>> queries_of(const net::Request& request, Nanos now) {
  simdjson::dom::parser parser;
  simdjson::dom::array queries;
  if (parser.parse(request.body)["queries"].get(queries) != simdjson::SUCCESS)
    return fail(ErrorKind::invalid, "Send {{\"queries\": [{{\"measures\": […], …}}, …]}}: each as for /api/v1/query.");
  if (queries.size() == 0 || queries.size() > most_queries)
    return fail(ErrorKind::invalid, "queries has 1 to {} queries.", most_queries);
  std::vector<One> out;
  for (const auto& query : queries) {
    One& one = out.emplace_back();
    auto asked = asked_of(request, simdjson::minify(query), now);
    if (!asked)
      one.refused = std::move(asked.error());
    else if (asked->compare)
      one.refused = net::Response::error(
          request, {ErrorKind::invalid, "compare stands in /api/v1/query alone; ask for the other side beside it."});
    else
      one.query = std::move(asked->query);
  }
  return out;
}

// Good queries only: one with a mistake is refused alone.
std::vector<std::size_t> prepare(Board& board, const std::vector<std::uint64_t>& rolled_up) {
  std::vector<std::size_t> at;
  std::optional<Result<std::vector<query::MetricInfo>>> metrics;
  for (std::size_t i = 0; i < board.all.size(); ++i) {
    One& one = board.all[i];
    if (!one.query) continue;
    one.query->rolled_up = rolled_up;
    if (asks_metrics(*one.query)) {
      if (!metrics) metrics = metrics_of(board.store, board.project, board.read);
      if (*metrics) one.query->metrics = **metrics;
    }
    auto statement = query::compile(board.project, *one.query);
    if (!statement) {
      refuse(board, one, statement.error());
      continue;
    }
    one.alone = std::move(*statement);
    at.push_back(i);
  }
  return at;
}

Result<> ask_all(Board& board, const std::vector<std::size_t>& at) {
  std::vector<query::MeasureQuery> queries;
  for (const std::size_t i : at) queries.push_back(*board.all[i].query);
  const auto shared = TRY(query::share(board.project, queries));
  std::vector<bool> alone(at.size(), true);
  std::vector<std::function<void()>> work;
  for (const query::Shared& one : shared) {
    for (const auto& answer : one.answers) alone[answer.query] = false;
    work.emplace_back([&board, &one, &at] { ask_shared(board, one, at); });
  }
  for (std::size_t i = 0; i < at.size(); ++i)
    if (alone[i]) work.emplace_back([&board, &one = board.all[at[i]]] { ask_alone(board, one); });
  std::atomic<std::size_t> next = 0;
  const auto take = [&] {
    for (std::size_t i = next++; i < work.size(); i = next++) work[i]();
  };
  std::vector<std::future<void>> others;
  for (int i = 1; i < askers && work.size() > 1; ++i) others.push_back(std::async(std::launch::async, take));
  take();
  for (auto& other : others) other.get();
  return {};
}

Result<net::Response> ask_board(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const Nanos began = inside.clock.monotonic();
  Board board{.request = request, .store = store, .project = projects::access_of(request).project};
  board.all = TRY(queries_of(request, inside.clock.now()));
  {
    std::optional<traces::Rollups::Reading> still;  // what the roll-ups hold, until the answers are there
    if (inside.options.rollups != nullptr) still.emplace(*inside.options.rollups);
    TRY(ask_all(board, prepare(board, still ? still->through() : std::vector<std::uint64_t>())));
  }
  board.read.elapsed = inside.clock.monotonic() - began;
  JsonWriter json;
  json.object().key("answers").array();
  for (const One& one : board.all) {
    if (one.refused) {
      json.raw(std::get<std::string>(one.refused->body));
      continue;
    }
    query::write_columns(json.object(), one.answer.columns);
    query::write_rows(json, "rows", one.answer, *one.rows, one.which);
    json.end();
  }
  json.end();
  write_stats(json, inside, board.read);
  return net::Response::json(json.end().take());
}

}  // namespace

void add_board_route(net::Router& router, Explore::Inside& inside) {
  router.add({.method = "POST",
              .pattern = "/api/v1/queries",
              .permission = "read",
              .handler = reading::handler(inside, ask_board),
              .body_bytes = 512U << 10,
              .summary = "Several measure queries at once, at most 60: those of one filter share what is read. A "
                         "mistake in one is told in its place",
              .accepts = "{queries:[what /query takes, without compare]}",
              .answers = "{answers:[{columns:[{name, type, unit}], rows} or {error}], stats:Stats}"});
}

}  // namespace pawl::explore
