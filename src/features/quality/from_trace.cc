// A case from a trace: what the user said, what came out, which tools were called and what they answered. What looks
// like a secret or like somebody's own is marked, for a person to decide.
#include <re2/re2.h>

#include "base/text.h"
#include "guard/secrets.h"
#include "inside.h"
#include "llm/json_scan.h"
#include "llm/messages.h"
#include "reading/reading.h"
#include "records/traces/traces.h"

namespace pawl::quality {
namespace {

namespace json = llm::json;
using datasets::Item;

constexpr std::size_t most_marks = 200, most_calls = 500;

std::vector<llm::Piece> pieces_of(const traces::Loaded& loaded, const traces::SpanRow& row, llm::Slot slot) {
  std::vector<llm::Piece> out;
  const auto found = loaded.content.find(traces::content_key(row.trace, row.span));
  if (found == loaded.content.end()) return out;
  for (const auto& piece : found->second)
    if (piece.ref.slot == slot && !piece.missing && !piece.repeated)
      out.push_back({slot, piece.ref.format, piece.ref.key, piece.ref.role, piece.bytes});
  return out;
}

std::string text_of(const llm::Message& message) {
  std::string out;
  for (const auto& part : message.parts)
    if (part.type == llm::Part::Type::text) out += (out.empty() ? "" : "\n") + part.text;
  return out;
}

// One thing said by the user alone is a text; a conversation is {"messages": [{role, content}]}.
std::string input_of(const std::vector<llm::Message>& messages) {
  std::vector<std::pair<std::string, std::string>> said;
  for (const auto& message : messages)
    if (auto text = text_of(message); !text.empty() && message.role != "system" && message.role != "tool")
      said.emplace_back(message.role, std::move(text));
  if (said.empty()) return "";
  if (said.size() == 1) return json_quote(said.front().second);
  JsonWriter out;
  out.object().key("messages").array();
  for (const auto& [role, text] : said) out.object().field("role", role).field("content", text).end();
  return out.end().end().take();
}

// Of the span itself where it has any, else of the first model call with some.
const traces::SpanRow* with_content(const traces::Loaded& loaded, const traces::SpanRow& top, llm::Slot slot,
                                    bool last) {
  if (!pieces_of(loaded, top, slot).empty()) return &top;
  const traces::SpanRow* found = nullptr;
  for (const auto& row : loaded.spans) {
    if (row.kind != llm::Kind::llm || (found != nullptr && !last)) continue;
    if (!pieces_of(loaded, row, slot).empty()) found = &row;
  }
  return found;
}

std::string value_or_empty(const std::vector<llm::Piece>& pieces, std::string_view otherwise) {
  return pieces.empty() ? std::string(otherwise) : llm::parse_value_json(pieces);
}

void add_tools(const traces::Loaded& loaded, Item& item) {
  JsonWriter calls, results;
  calls.array(), results.array();
  std::size_t count = 0;
  for (const auto& row : loaded.spans) {
    if (row.kind != llm::Kind::tool || row.framework_tool || ++count > most_calls) continue;
    const std::string name = row.tool.empty() ? row.name : row.tool;
    const std::string arguments = value_or_empty(pieces_of(loaded, row, llm::Slot::arguments), "{}");
    const std::string_view given = json::is_object(arguments) ? std::string_view(arguments) : "{}";
    calls.object().field("name", name).key("arguments").raw(given).end();
    results.object().field("name", name).key("arguments").raw(given).key("result");
    results.raw(value_or_empty(pieces_of(loaded, row, llm::Slot::result), "null")).end();
  }
  if (count == 0) return;
  item.trajectory = calls.end().take();
  item.metadata = fmt::format("{{\"tool_results\":{}}}", results.end().text());
}

Result<Item> item_of(const traces::Loaded& loaded, std::string_view id) {
  const traces::SpanRow* top = &loaded.spans.front();
  for (const auto& row : loaded.spans)
    if (!row.parent && (top->parent || row.start < top->start)) top = &row;
  Item item;
  if (const auto* said = with_content(loaded, *top, llm::Slot::input, false)) {
    const auto pieces = pieces_of(loaded, *said, llm::Slot::input);
    item.input = input_of(llm::parse_messages(pieces));
    if (item.input.empty()) item.input = llm::parse_value_json(pieces);
  }
  if (item.input.empty())
    return fail(ErrorKind::invalid, "Trace {} says nowhere what went in: its content was not sent, or is gone.", id);
  if (const auto* answered = with_content(loaded, *top, llm::Slot::output, true)) {
    const auto pieces = pieces_of(loaded, *answered, llm::Slot::output);
    const auto messages = llm::parse_messages(pieces);
    const std::string last = messages.empty() ? "" : text_of(messages.back());
    item.expected = last.empty() ? llm::parse_value_json(pieces) : json_quote(last);
  }
  add_tools(loaded, item);
  item.source_trace = top->shown_trace_id();
  item.name = "trace-" + item.source_trace.substr(0, 32);
  return item;
}

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
  Item item = TRY(item_of(loaded, trace));
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
