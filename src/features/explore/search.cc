// Full text with the words around each hit.
#include <unordered_map>

#include "base/text.h"
#include "inside.h"
#include "llm/json_scan.h"

namespace pawl::explore {
namespace {

constexpr std::size_t searched_bytes = 64U << 10, before_hit = 80, snippet_bytes = 260, most_depth = 16;

// The words and phrases of a text as a person types it: "card declined" refund.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  while (!(text = trim(text)).empty()) {
    const bool phrase = text.front() == '"';
    if (phrase) text.remove_prefix(1);
    const auto end = std::min(text.size(), phrase ? text.find('"') : text.find_first_of(" \t\r\n\""));
    if (const auto word = trim(text.substr(0, end)); !word.empty()) out.emplace_back(word);
    text.remove_prefix(std::min(text.size(), end + (phrase ? 1 : 0)));
  }
  return out;
}

std::size_t find_word(std::string_view text, std::string_view lower_word, std::size_t from) {
  for (std::size_t at = from; at + lower_word.size() <= text.size(); ++at) {
    if (equals_ignoring_case(text.substr(at, lower_word.size()), lower_word)) return at;
  }
  return std::string_view::npos;
}

std::size_t first_hit(std::string_view text, const std::vector<std::string>& words) {
  std::size_t first = std::string_view::npos;
  for (const auto& word : words) first = std::min(first, find_word(text, word, 0));
  return first;
}

// What a person would read of a body: of JSON the first text in it that has a hit, else the body as it is.
class Readable {
 public:
  explicit Readable(const std::vector<std::string>& words) : words_(words) {}
  std::string of(std::string_view body) {
    look(llm::json::trimmed(body), 0);
    if (best_ != std::string_view::npos || !text_.empty()) return std::move(text_);
    return repair_utf8(body);
  }

 private:
  void look(std::string_view raw, std::size_t depth) {
    if (depth > most_depth || best_ != std::string_view::npos) return;
    if (llm::json::is_object(raw)) {
      llm::json::Members members(raw);
      while (best_ == std::string_view::npos && members.next()) look(members.value, depth + 1);
    } else if (llm::json::is_array(raw)) {
      llm::json::Elements elements(raw);
      while (best_ == std::string_view::npos && elements.next()) look(elements.value, depth + 1);
    } else if (llm::json::is_string(raw)) {
      std::string text = llm::json::text(raw);
      const auto inner = llm::json::trimmed(text);
      if (llm::json::is_object(inner) || llm::json::is_array(inner)) look(inner, depth + 1);
      if (best_ == std::string_view::npos && first_hit(text, words_) != std::string_view::npos)
        best_ = 0, text_ = std::move(text);
    }
  }
  const std::vector<std::string>& words_;
  std::size_t best_ = std::string_view::npos;
  std::string text_;
};

std::uint64_t utf16_units(std::string_view text) {
  std::uint64_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xC0) == 0x80 ? 0 : byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

bool begins_character(std::string_view text, std::size_t at) {
  return at >= text.size() || (text[at] & 0xC0) != 0x80;
}

void write_snippet(JsonWriter& json, const std::string& whole, const std::vector<std::string>& words) {
  std::string text = whole;
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  const std::size_t hit = std::min(first_hit(text, words), text.size());
  std::size_t from = hit > before_hit ? hit - before_hit : 0;
  if (const auto space = text.find(' ', from); from > 0 && space < hit) from = space + 1;
  while (!begins_character(text, from)) ++from;
  const auto shown = utf8_prefix(std::string_view(text).substr(from), snippet_bytes);
  std::vector<std::pair<std::size_t, std::size_t>> marks;
  for (const auto& word : words) {
    for (auto at = find_word(shown, word, 0); at != std::string_view::npos && marks.size() < 50;
         at = find_word(shown, word, at + word.size()))
      marks.emplace_back(at, word.size());
  }
  std::ranges::sort(marks);
  json.key("snippet").object().field("text", shown).key("marks").array();
  std::size_t end = 0;
  for (const auto& [at, size] : marks) {
    if (at < end) continue;  // inside of another
    json.array().value(utf16_units(shown.substr(0, at))).value(utf16_units(shown.substr(at, size))).end();
    end = at + size;
  }
  json.end().field("cut_before", from > 0).field("cut_after", from + shown.size() < text.size()).end();
}

struct Hit {
  std::int64_t slot = 0, bodies = 0;
  std::string body;
};
using Hits = std::unordered_map<Id128, Hit>;  // by content_key

// The bodies of these spans that hold a word, each span's first. They stand where their session and trace keep theirs.
Result<Hits> hits_of(warehouse::Warehouse& store, ProjectId project, const std::vector<traces::SpanRow>& rows,
                     const std::vector<std::string>& words, Read& read) {
  Hits out;
  if (rows.empty()) return out;
  std::string scopes = "[", spans = "[", any;
  const auto first = std::ranges::min_element(rows, {}, &traces::SpanRow::start);
  const auto since = std::max<Nanos>(0, first->start / second - 86'400);  // its clock may be a day ahead
  for (const auto& row : rows) {
    scopes += fmt::format("{}{}", scopes.size() > 1 ? "," : "", to_decimal(row.trace));
    if (!row.session.empty()) scopes += fmt::format(",{}", to_decimal(hash128(row.session)));
    spans += fmt::format("{}({},{})", spans.size() > 1 ? "," : "", to_decimal(row.trace), to_decimal(row.span));
  }
  warehouse::Query query{.sql = {},
                         .parameters = {{"project", fmt::format("{}", project)},
                                        {"since", fmt::format("{}", since)},
                                        {"scopes", scopes + "]"},
                                        {"spans", spans + "]"},
                                        {"bytes", fmt::format("{}", searched_bytes)}}};
  for (std::size_t i = 0; i < words.size(); ++i) {
    any += fmt::format("{}positionCaseInsensitiveUTF8(head, {{w{}:String}}) > 0", i > 0 ? " OR " : "", i);
    query.parameters.push_back({fmt::format("w{}", i), words[i]});
  }
  query.sql = fmt::format(
      "SELECT trace, span, argMin(toInt64(slot), rank) AS first, argMin(head, rank), toInt64(count()) FROM (SELECT "
      "trace, span, slot, (slot, hash) AS rank, substring(text, 1, {{bytes:UInt64}}) AS head FROM bodies WHERE project "
      "= {{project:UInt32}} AND at >= toDateTime64({{since:Int64}}, 3, 'UTC') AND scope IN {{scopes:Array(UInt128)}} "
      "AND (trace, span) IN {{spans:Array(Tuple(UInt128, "
      "UInt128))}} AND notEmpty(text)) WHERE {} GROUP BY trace, span",
      any);
  const auto answer = TRY(store.read(query));
  read.rows += answer.rows_read, read.elapsed += answer.elapsed;
  for (std::size_t i = 0; i < answer.rows.size(); ++i)
    out[traces::content_key(answer.rows.id(0, i), answer.rows.id(1, i))] = {
        answer.rows.integer(2, i), answer.rows.integer(4, i), std::string(answer.rows.text(3, i))};
  return out;
}

void write_hit(JsonWriter& json, const traces::SpanRow& row, const Hit* hit, const std::vector<std::string>& words) {
  json.object().field("trace_id", row.shown_trace_id()).field("span_id", row.shown_span_id());
  json.key("session_id");
  row.session.empty() ? json.null() : json.value(row.session);
  json.field("kind", llm::name_of(row.kind)).field("name", row.name).key("agent");
  row.agent.empty() ? json.null() : json.value(row.agent);
  json.field("status", llm::name_of(row.status)).field("start", format_time(row.start));
  json.field("slot", hit == nullptr ? "" : llm::name_of(static_cast<llm::Slot>(hit->slot)));
  write_snippet(json, hit == nullptr ? std::string() : Readable(words).of(hit->body), words);
  json.field("more", hit == nullptr ? 0 : hit->bodies - 1).end();
}

Result<net::Response> search(Explore::Inside& inside, warehouse::Warehouse& store, const net::Request& request) {
  auto words = words_of(request.query.get("text"));
  if (words.empty()) return fail(ErrorKind::invalid, "Say what to search for: text=refund, or text=\"card declined\".");
  const auto given = request.query.get("filter");
  if (auto alone = filter_of(request, given); !alone) return std::move(alone.error());
  std::string text = trim(given).empty() ? "" : fmt::format("({})", given);
  for (const auto& word : words) text += " " + query::quoted(word);
  auto filter = filter_of(request, text);
  if (!filter) return std::move(filter.error());
  auto query = TRY(list_query(request, query::Grain::span, std::move(*filter), inside.clock.now()));
  query.limit = TRY(limit_of(request, 20));
  const auto project = projects::access_of(request).project;
  auto page = TRY(fetch_list(store, project, std::move(query), TRY(within_of(request))));
  std::vector<traces::SpanRow> rows;
  for (const auto& [of, i] : page.rows) rows.push_back(span_of(*of, i));
  for (auto& word : words) word = to_lower(word);
  const auto hits = TRY(hits_of(store, project, rows, words, page.read));
  JsonWriter json;
  json.object().key("hits").array();
  for (const auto& row : rows) {
    const auto hit = hits.find(traces::content_key(row.trace, row.span));
    write_hit(json, row, hit == hits.end() ? nullptr : &hit->second, words);
  }
  json.end();
  write_end(json, page);
  write_stats(json, inside, page.read);
  return net::Response::json(json.end().take());
}

}  // namespace

void add_search_route(net::Router& router, Explore::Inside& inside) {
  router.add({.method = "GET",
              .pattern = "/api/v1/search",
              .permission = "read",
              .handler = reading::handler(inside, search),
              .summary = "Full text: the steps whose content holds all words, newest first, with the text around",
              .query = {{"text", "words, and phrases in quotes", true},
                        {"filter", "only of what it selects"},
                        {"from", "RFC 3339, or a length such as 7d for as long ago; default 24 h before `to`"},
                        {"to", "RFC 3339, exclusive; default now"},
                        {"limit", "1 to 1000, default 20"},
                        {"cursor", "`next_cursor` of the page before"},
                        {"within_ms", "as of spans"},
                        {"order", "as of spans"}},
              .answers = "{hits:[Hit], next_cursor, searched_to, stats:Stats}"});
}

}  // namespace pawl::explore
