// A case from a trace: what the user said, what came out, which tools were called and what they answered. What looks
// like a secret or like somebody's own is marked, for a person to decide.
#include <re2/re2.h>

#include "base/text.h"
#include "guard/secrets.h"
#include "inside.h"
#include "llm/json_scan.h"
#include "reading/reading.h"
#include "trace_outcome.h"

namespace pawl::quality {
namespace {

namespace json = llm::json;
using datasets::Item;

constexpr std::size_t most_marks = 200;

// ---- what looks personal or secret

struct Shape {
  std::string_view kind;
  const RE2& re;
};

bool is_card(std::string_view digits) {  // Luhn (ISO/IEC 7812-1)
  int sum = 0, count = 0;
  for (std::size_t i = digits.size(); i-- > 0;) {
    if (digits[i] < '0' || digits[i] > '9') continue;
    int digit = digits[i] - '0';
    if (count++ % 2 == 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return count >= 13 && count <= 19 && sum % 10 == 0;
}

std::span<const Shape> shapes() {
  static const RE2 mail(R"([A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,})");
  static const RE2 card(R"(\b[0-9](?:[ -]?[0-9]){12,18}\b)");
  static const RE2 phone(R"((?:\+|\b00)[0-9](?:[ ()./-]{0,2}[0-9]){7,14}\b)");
  static const RE2 iban(R"(\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b)");
  static const Shape all[] = {{"email", mail}, {"iban", iban}, {"card", card}, {"phone", phone}};
  return all;
}

void mark(JsonWriter& out, std::string_view field, std::string_view text, std::size_t& left) {
  static const guard::SecretScanner scanner(guard::all_secrets);
  const auto write = [&](std::string_view kind, std::size_t start, std::size_t size) {
    if (left == 0) return;
    --left;
    out.object().field("field", field).field("kind", kind).field("start", std::uint64_t{start});
    out.field("length", std::uint64_t{size}).field("text", text.substr(start, size)).end();
  };
  for (const auto& secret : scanner.find(text)) write(guard::name_of(secret.kind), secret.start, secret.size);
  for (const auto& shape : shapes()) {
    std::string_view rest = text, found;
    for (re2::StringPiece at(rest.data(), rest.size()), one;
         shape.re.Match(at, 0, at.size(), RE2::UNANCHORED, &one, 1);) {
      found = std::string_view(one.data(), one.size());
      const auto start = static_cast<std::size_t>(found.data() - text.data());
      if (shape.kind != "card" || is_card(found)) write(shape.kind, start, found.size());
      at = re2::StringPiece(one.data() + one.size(), text.size() - start - found.size());
    }
  }
}

Result<net::Response> make(Quality::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  const auto project = access_of(request).project;
  const std::string body = TRY(body_of(request));
  if (!json::is_valid(json::trimmed(body)) || !json::is_object(json::trimmed(body)))
    return fail(ErrorKind::invalid, "The body must be {{\"trace_id\": …}}.");
  const json::Object asked(json::trimmed(body));
  const std::string trace = json::text(asked.member("trace_id"));
  if (trace.empty()) return fail(ErrorKind::invalid, "trace_id is needed.");
  const auto dataset = TRY(inside.parts.datasets.find(project, request.capture("dataset")));
  const auto loaded = TRY(traces::load(
      store, {.project = project, .traces = {id_from_text(trace)}, .span = std::nullopt}, traces::With::content));
  if (loaded.spans.empty()) return fail(ErrorKind::not_found, "There is no trace {} in this project.", trace);
  Item item = item_of(loaded);
  if (item.input.empty())
    return fail(ErrorKind::invalid, "Trace {} says nowhere what went in: its content was not sent, or is gone.", trace);
  if (json::is_string(asked.member("id"))) item.name = json::text(asked.member("id"));
  if (json::is_string(asked.member("split"))) item.splits = {json::text(asked.member("split"))};
  const bool dry = asked.member("dry_run") == "true";
  datasets::Datasets::PutCases put;
  if (!dry) put = TRY(inside.parts.datasets.put_cases(project, dataset.id, {item}));
  JsonWriter out;
  out.object().field("stored", !dry).field("version", dry ? dataset.version : put.version).key("case");
  datasets::write_case(out, item);
  out.key("marks").array();
  std::size_t left = most_marks;
  for (const auto& [name, text] : {std::pair{"input", &item.input},
                                   {"expected", &item.expected},
                                   {"expected_trajectory", &item.trajectory},
                                   {"metadata", &item.metadata}})
    mark(out, name, *text, left);
  return net::Response::json(out.end().end().take());
}

}  // namespace

void add_from_trace_route(net::Router& router, Quality::Inside& inside) {
  net::Route route{.method = "POST",
                   .pattern = "/api/v1/datasets/{dataset}/from-trace",
                   .permission = "write",
                   .body_bytes = 16U << 10,
                   .summary =
                       "A case from a trace: input, outcome, calls and what tools answered; what looks personal or "
                       "secret is marked by its place in the JSON of the field",
                   .accepts = "{trace_id, id, split, dry_run}",
                   .answers = "{stored, version, case:Case, marks:[{field, kind, start, length, text}]}"};
  route.handler = [&inside](net::Request& request) -> Task<Result<net::Response>> {
    co_return co_await reading::answer(
        inside.pool, inside.warehouse.load(), inside.options.progress, request,
        [&inside, &request](warehouse::Warehouse& store, const net::Cancel&) { return make(inside, store, request); });
  };
  router.add(std::move(route));
}

}  // namespace pawl::quality
