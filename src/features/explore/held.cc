// Which of these spans are there: what an import asks before it says what is new.
#include <simdjson.h>

#include <unordered_set>

#include "inside.h"

namespace pawl::explore {
namespace {

namespace sj = simdjson;

constexpr std::size_t most_spans = 10'000;

struct Wanted {
  std::vector<query::SpanKey> spans;
  query::Range range{0, std::numeric_limits<Nanos>::max()};
};

Result<Wanted> parse_wanted(const std::string& body, Nanos now) {
  sj::dom::parser parser;
  sj::dom::element document;
  sj::dom::array list;
  if (parser.parse(body).get(document) != sj::SUCCESS || document["spans"].get(list) != sj::SUCCESS)
    return fail(ErrorKind::invalid, "Send {{\"spans\":[[TRACE_ID, SPAN_ID], …]}}.");
  Wanted wanted;
  for (const auto pair : list) {
    std::string_view trace, span;
    if (pair.at(0).get(trace) != sj::SUCCESS || pair.at(1).get(span) != sj::SUCCESS)
      return fail(ErrorKind::invalid, "spans[{}] must be a list of a trace's and a span's id.", wanted.spans.size());
    wanted.spans.push_back({id_from_text(trace), id_from_text(span)});
    if (wanted.spans.size() > most_spans) return fail(ErrorKind::invalid, "At most {} spans at once.", most_spans);
  }
  std::string_view from, to;
  const bool ranged = document["from"].get(from) == sj::SUCCESS && document["to"].get(to) == sj::SUCCESS;
  if (ranged) wanted.range = TRY(range_of(from, to, now));
  return wanted;
}

Result<net::Response> held(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto wanted = TRY(parse_wanted(request.body, inside.clock.now()));
  Read read;
  std::unordered_set<Id128> there;
  if (!wanted.spans.empty()) {
    const auto statement = query::compile_held(projects::access_of(request).project, wanted.spans, wanted.range);
    const auto answer = TRY(run(store, statement, read));
    for (std::size_t row = 0; row < answer.rows.size(); ++row)
      there.insert(traces::content_key(answer.rows.id(0, row), answer.rows.id(1, row)));
  }
  JsonWriter json;
  json.object().key("held").array();
  for (std::size_t i = 0; i < wanted.spans.size(); ++i)
    if (there.contains(traces::content_key(wanted.spans[i].trace, wanted.spans[i].span)))
      json.value(static_cast<std::uint64_t>(i));
  json.end();
  write_stats(json, inside, read);
  return net::Response::json(json.end().take());
}

}  // namespace

void add_held_route(net::Router& router, Explore::Inside& inside) {
  router.add({.method = "POST",
              .pattern = "/api/v1/find",
              .permission = "read",
              .handler =
                  [&inside](net::Request& request) {
                    return inside.answer(request, [&inside, &request](warehouse::Warehouse& store) {
                      return held(inside, store, request);
                    });
                  },
              .body_bytes = 4U << 20,
              .summary = "Which of these spans are there: their places in the list",
              .accepts = "{spans:[[trace_id, span_id]], from, to}",
              .answers = "{held:[integer], stats:Stats}"});
}

}  // namespace pawl::explore
