// Reading files of cases.
#include <simdjson.h>

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "formats.h"
#include "llm/json_check.h"
#include "llm/json_scan.h"
#include "wire/csv.h"

namespace pawl::datasets {
namespace {

namespace json = llm::json;

constexpr std::size_t most_name = 300, most_cases = 1'000'000;
constexpr std::string_view format_names[] = {"jsonl", "csv", "langfuse", "langsmith", "openai", "adk"};

// On one line: what is kept is written as JSON lines again.
std::string compact(std::string_view raw) {
  if (raw.find_first_of("\r\n") == std::string_view::npos) return std::string(raw);
  std::string out(raw.size() + simdjson::SIMDJSON_PADDING, '\0');
  std::size_t size = 0;
  if (simdjson::minify(raw.data(), raw.size(), out.data(), size)) return "null";
  out.resize(size);
  return out;
}

std::string raw_of(const json::Object& object, std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (const auto raw = object.member(name); !json::is_null(raw)) return compact(raw);
  return "";
}

Result<std::string> text_of(const json::Object& object, std::string_view name) {
  const auto raw = object.member(name);
  if (json::is_null(raw)) return std::string();
  if (!json::is_string(raw)) return fail(ErrorKind::invalid, "\"{}\" must be a text", name);
  return json::text(raw);
}

// A text, or a list of texts.
Result<std::vector<std::string>> texts_of(const json::Object& object, std::string_view name) {
  const auto raw = object.member(name);
  std::vector<std::string> out;
  if (json::is_null(raw)) return out;
  if (json::is_string(raw)) {
    if (auto one = json::text(raw); !one.empty()) out.push_back(std::move(one));
    return out;
  }
  json::Elements list(json::is_array(raw) ? raw : "");
  while (list.next()) {
    if (!json::is_string(list.value)) return fail(ErrorKind::invalid, "\"{}\" must be a list of texts", name);
    out.push_back(json::text(list.value));
  }
  if (!json::is_array(raw)) return fail(ErrorKind::invalid, "\"{}\" must be a text or a list of texts", name);
  return out;
}

// A text, or a whole number as one.
Result<std::string> id_of(const json::Object& object, std::string_view name) {
  const auto raw = object.member(name);
  if (json::is_null(raw)) return std::string();
  std::string id = json::is_string(raw) ? json::text(raw) : json::integer(raw) ? std::string(raw) : "";
  if (id.empty() || id.size() > most_name)
    return fail(ErrorKind::invalid, "\"{}\" must be a text of 1 to {} bytes", name, most_name);
  return id;
}

Result<> check_trajectory(std::string_view raw) {
  if (raw.empty()) return {};
  if (!json::is_array(raw)) return fail(ErrorKind::invalid, "\"expected_trajectory\" must be a list of calls");
  json::Elements calls(raw);
  while (calls.next()) {
    const json::Object call(calls.value);
    const auto arguments = call.member("arguments");
    if (!json::is_object(calls.value) || !json::is_string(call.member("name")) ||
        (!json::is_null(arguments) && !json::is_object(arguments)))
      return fail(ErrorKind::invalid,
                  "a call of \"expected_trajectory\" must be {{\"name\": …, \"arguments\": {{…}}}}");
  }
  return {};
}

class Reading {
 public:
  void bad(std::uint64_t line, std::uint64_t column, std::string reason) {
    if (++out.bad_total <= shown_bad_rows) out.bad.push_back({line, column, repair_utf8(reason)});
  }

  // A row that is one JSON object and can be decoded; "" and a bad row where it is not.
  bool sound(std::string_view row, std::uint64_t line) {
    if (const auto wrong = json::first_error(row)) {
      bad(line, *wrong + 1, *wrong >= row.size() ? "the JSON ends in the middle" : "no JSON here");
      return false;
    }
    if (!json::is_object(json::trimmed(row))) {
      bad(line, 1, "a case must be an object");
      return false;
    }
    simdjson::dom::element element;
    if (const auto error = parser_.parse(row.data(), row.size()).get(element)) {
      bad(line, 0,
          fmt::format("a text that is no Unicode, or a number that cannot be: {}", simdjson::error_message(error)));
      return false;
    }
    return true;
  }

  void take(Result<Item> item, std::uint64_t line) {
    if (!item) return bad(line, 0, item.error().what);
    if (!item->name.empty()) {
      const auto [there, fresh] = names_.emplace(item->name, line);
      if (!fresh) return bad(line, 0, fmt::format("the id {} is taken by line {}", item->name, there->second));
    }
    if (out.cases.size() >= most_cases) return bad(line, 0, fmt::format("a file has at most {} cases", most_cases));
    out.cases.push_back(std::move(*item));
    out.lines.push_back(line);
  }

  CasesRead out;

 private:
  simdjson::dom::parser parser_;
  std::unordered_map<std::string, std::uint64_t> names_;
};

using ReadRow = Result<Item> (*)(std::string_view row);

void read_lines(std::string_view text, ReadRow read, Reading& reading) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::uint64_t line = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const auto row = text.substr(at, end - at);
    ++line;
    at = end + 1;
    if (!trim(row).empty() && reading.sound(row, line)) reading.take(read(json::trimmed(row)), line);
  }
}

void read_list(std::string_view list, ReadRow read, Reading& reading) {
  json::Elements elements(list);
  for (std::uint64_t place = 1; elements.next(); ++place)
    if (reading.sound(elements.value, place)) reading.take(read(elements.value), place);
}

// ---- CSV: columns id, input, expected, tags, split, …; input.x are members of an object; others are metadata

struct Columns {
  std::vector<std::string> names;
  bool has_input = false;
};

std::string cell_value(std::string_view cell) {  // an object or list as it is, anything else is text
  const auto raw = json::trimmed(cell);
  const bool structure = json::is_object(raw) || json::is_array(raw);
  return structure && json::is_valid(raw) ? std::string(raw) : json_quote(cell);
}

void add_list(JsonWriter& out, std::string_view cell) {
  out.array();
  for (const auto one : split(cell, ','))
    if (!trim(one).empty()) out.value(trim(one));
  out.end();
}

std::string row_object(const Columns& columns, const csv::Row& row) {
  JsonWriter out, input, metadata;
  out.object(), input.object(), metadata.object();
  bool any_input = false, any_metadata = false;
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const std::string& name = columns.names[i];
    const std::string& cell = row.cells[i];
    if (cell.empty() && name != "input") continue;
    if (name == "tags" || name == "split") {
      out.key(name);
      add_list(out, cell);
    } else if (name == "input" || name == "expected" || name == "expected_trajectory" || name == "criteria") {
      out.key(name).raw(cell_value(cell));
    } else if (name == "id" || name == "rubric" || name == "cluster" || name == "owner" || name == "source_trace" ||
               name == "source_span") {
      out.field(name, cell);
    } else if (name == "retired") {
      out.field(name, cell == "true" || cell == "1");
    } else if (name.starts_with("input.")) {
      input.key(name.substr(6)).raw(cell_value(cell));
      any_input = true;
    } else {
      metadata.key(name.starts_with("metadata.") ? name.substr(9) : name).raw(cell_value(cell));
      any_metadata = true;
    }
  }
  if (any_input && !columns.has_input) out.key("input").raw(input.end().text());
  if (any_metadata) out.key("metadata").raw(metadata.end().text());
  return out.end().take();
}

Result<> read_csv(std::string_view text, Reading& reading) {
  csv::Reader reader(text);
  csv::Row row;
  Columns columns;
  if (!TRY(reader.next(row))) return fail(ErrorKind::invalid, "The CSV is empty: its first line names the columns.");
  columns.names = row.cells;
  columns.has_input = std::ranges::find(columns.names, "input") != columns.names.end();
  for (;;) {
    const auto more = reader.next(row);
    if (!more) {
      const auto& what = more.error().what;  // "line 6, column 2: …"
      const auto number = [&](std::string_view word) {
        const auto at = what.find(word);
        const auto digits = at == std::string::npos ? "" : what.substr(at + word.size());
        return static_cast<std::uint64_t>(
            parse_int(digits.substr(0, digits.find_first_not_of("0123456789"))).value_or(0));
      };
      reading.bad(number("line "), number("column "), std::string(cut(what, ':').second));
    } else if (!*more) {
      return {};
    } else if (row.cells.size() > columns.names.size()) {
      reading.bad(row.line, columns.names.size() + 1,
                  fmt::format("{} cells, and {} columns are named", row.cells.size(), columns.names.size()));
    } else if (const std::string one = row_object(columns, row); reading.sound(one, row.line)) {
      reading.take(read_case(one), row.line);
    }
  }
}

// ---- other makers' forms

Result<Item> read_langfuse(std::string_view row) {
  const json::Object object(row);
  Item item;
  item.name = TRY(id_of(object, "id"));
  item.input = raw_of(object, {"input"}), item.expected = raw_of(object, {"expectedOutput"});
  item.metadata = raw_of(object, {"metadata"});
  item.source_trace = TRY(text_of(object, "sourceTraceId"));
  item.source_span = TRY(text_of(object, "sourceObservationId"));
  item.archived = TRY(text_of(object, "status")) == "ARCHIVED";
  return item;
}

Result<Item> read_langsmith(std::string_view row) {
  const json::Object object(row);
  Item item;
  item.name = TRY(id_of(object, "id"));
  item.input = raw_of(object, {"inputs"}), item.expected = raw_of(object, {"outputs"});
  item.metadata = raw_of(object, {"metadata"});
  item.source_trace = TRY(text_of(object, "source_run_id"));
  item.splits = TRY(texts_of(json::Object(item.metadata), "dataset_split"));
  if (item.input.empty()) return fail(ErrorKind::invalid, "\"inputs\" is missing");
  return item;
}

Result<Item> read_openai(std::string_view row) {
  const json::Object object(row);
  Item item;
  item.input = raw_of(object, {"item"});
  if (!json::is_object(item.input)) return fail(ErrorKind::invalid, "\"item\" must be an object");
  if (const auto sample = raw_of(object, {"sample"}); !sample.empty())
    item.metadata = fmt::format("{{\"sample\":{}}}", sample);
  return item;
}

std::string text_of_parts(std::string_view content) {
  std::string out;
  json::Elements parts(json::member(content, "parts"));
  while (parts.next())
    if (const auto text = json::member(parts.value, "text"); json::is_string(text)) out += json::text(text);
  return out;
}

// Calls of a turn as ours: {name, args} → {name, arguments}.
void add_calls(JsonWriter& calls, std::string_view uses) {
  json::Elements list(uses);
  while (list.next()) {
    const json::Object call(list.value);
    const auto name = raw_of(call, {"name", "tool_name"}), arguments = raw_of(call, {"args", "tool_input"});
    calls.object().key("name").raw(name.empty() ? "\"\"" : name);
    calls.key("arguments").raw(json::is_object(arguments) ? arguments : "{}").end();
  }
}

Result<Item> read_adk(std::string_view row) {
  const json::Object object(row);
  Item item;
  item.name = TRY(id_of(object, object.member("eval_id").empty() ? "evalId" : "eval_id"));
  JsonWriter calls, turns, responses;
  calls.array(), turns.array(), responses.array();
  std::string first;
  std::size_t count = 0;
  json::Elements conversation(object.member("conversation"));
  for (; conversation.next(); ++count) {
    const json::Object turn(conversation.value);
    const std::string said = text_of_parts(raw_of(turn, {"user_content", "userContent"}));
    if (count == 0) first = said;
    turns.value(said);
    const auto answer = raw_of(turn, {"final_response", "finalResponse"});
    if (!answer.empty()) item.expected = json_quote(text_of_parts(answer));
    const std::string between = raw_of(turn, {"intermediate_data", "intermediateData"});
    const json::Object data(between);
    add_calls(calls, raw_of(data, {"tool_uses", "toolUses"}));
    json::Elements said_by_tools(
        data.member(data.member("tool_responses").empty() ? "toolResponses" : "tool_responses"));
    while (said_by_tools.next()) responses.raw(said_by_tools.value);
  }
  turns.end(), responses.end();
  item.trajectory = calls.end().take();
  if (item.trajectory == "[]") item.trajectory.clear();
  item.input = count <= 1 ? json_quote(first) : fmt::format("{{\"turns\":{}}}", turns.text());
  JsonWriter metadata;
  metadata.object();
  for (const auto& [ours, a, b] : {std::tuple{"session_input", "session_input", "sessionInput"},
                                   {"conversation_scenario", "conversation_scenario", "conversationScenario"}})
    if (const auto raw = raw_of(object, {a, b}); !raw.empty()) metadata.key(ours).raw(raw);
  if (responses.text() != "[]") metadata.key("tool_responses").raw(responses.text());
  item.metadata = metadata.end().take();
  if (count == 0 && item.metadata.find("conversation_scenario") == std::string::npos)
    return fail(ErrorKind::invalid, "there is no conversation");
  return item;
}

// The old form: {query, expected_tool_use: [{tool_name, tool_input}], reference}.
Result<Item> read_old_adk(std::string_view row) {
  const json::Object object(row);
  Item item;
  item.input = raw_of(object, {"query"}), item.expected = raw_of(object, {"reference"});
  if (item.input.empty()) return fail(ErrorKind::invalid, "\"query\" is missing");
  JsonWriter calls;
  calls.array();
  add_calls(calls, raw_of(object, {"expected_tool_use"}));
  item.trajectory = calls.end().take();
  return item;
}

struct Shape {
  std::string_view format, list;  // raw list; "" for lines
};

// What a document is by its members; lines where it is more than one value.
Shape shape_of(std::string_view text) {
  const auto whole = json::trimmed(text);
  const bool one = !json::first_error(whole).has_value();
  if (one && json::is_object(whole)) {
    const json::Object object(whole);
    for (const char* name : {"eval_cases", "evalCases"})
      if (json::is_array(object.member(name))) return {"adk", object.member(name)};
    const auto data = object.member("data");
    if (json::is_array(data) && !json::member(json::first(data), "datasetId").empty()) return {"langfuse", data};
    if (json::is_array(object.member("cases"))) return {"jsonl", object.member("cases")};
  }
  const std::string_view list = one && json::is_array(whole) ? whole : std::string_view();
  const auto first = list.empty() ? whole.substr(0, json::skip_value(whole, 0)) : json::first(list);
  const json::Object object(first);
  if (!list.empty() && !object.member("query").empty()) return {"adk-old", list};
  if (!object.member("expectedOutput").empty() && !object.member("datasetId").empty()) return {"langfuse", list};
  if (!object.member("inputs").empty() && object.member("input").empty()) return {"langsmith", list};
  if (!object.member("item").empty() && object.member("input").empty()) return {"openai", list};
  return {json::is_object(whole) || json::is_array(whole) ? "jsonl" : "csv", list};
}

ReadRow row_of(std::string_view format) {
  if (format == "langfuse") return read_langfuse;
  if (format == "langsmith") return read_langsmith;
  if (format == "openai") return read_openai;
  if (format == "adk") return read_adk;
  if (format == "adk-old") return read_old_adk;
  return read_case;
}

}  // namespace

std::span<const std::string_view> formats() {
  return format_names;
}

Result<Item> read_case(std::string_view row) {
  const json::Object object(row);
  Item item;
  item.name = TRY(id_of(object, "id"));
  item.input = raw_of(object, {"input"});
  if (item.input.empty()) return fail(ErrorKind::invalid, "\"input\" is missing");
  item.expected = raw_of(object, {"expected"});
  item.trajectory = raw_of(object, {"expected_trajectory"});
  TRY(check_trajectory(item.trajectory));
  item.criteria = raw_of(object, {"criteria", "rubric"});
  item.metadata = raw_of(object, {"metadata"});
  if (!item.metadata.empty() && !json::is_object(item.metadata))
    return fail(ErrorKind::invalid, "\"metadata\" must be an object");
  item.tags = TRY(texts_of(object, "tags")), item.splits = TRY(texts_of(object, "split"));
  for (const auto* list : {&item.tags, &item.splits})
    for (const auto& one : *list)
      if (one.find('\n') != std::string::npos)
        return fail(ErrorKind::invalid, "\"tags\" and \"split\" have no line ends");
  item.cluster = TRY(text_of(object, "cluster")), item.owner = TRY(text_of(object, "owner"));
  item.source_trace = TRY(text_of(object, "source_trace")), item.source_span = TRY(text_of(object, "source_span"));
  const auto retired = object.member("retired");
  if (!json::is_null(retired) && retired != "true" && retired != "false")
    return fail(ErrorKind::invalid, "\"retired\" must be true or false");
  item.archived = retired == "true";
  return item;
}

Result<CasesRead> read_cases(std::string_view text, std::string_view format) {
  const bool known =
      format == "auto" || format.empty() || std::ranges::find(format_names, format) != std::end(format_names);
  if (!known)
    return fail(ErrorKind::invalid,
                "{} is no format of cases. Known: auto, jsonl, csv, langfuse, langsmith, openai, adk.", format);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (trim(text).empty()) return fail(ErrorKind::invalid, "The file is empty.");
  const Shape shape = shape_of(text);
  const std::string_view chosen = format == "auto" || format.empty()             ? shape.format
                                  : format == "adk" && shape.format == "adk-old" ? shape.format
                                                                                 : format;
  Reading reading;
  reading.out.format = chosen == "adk-old" ? "adk" : chosen;
  if (chosen == "csv") {
    TRY(read_csv(text, reading));
  } else if (!shape.list.empty()) {
    read_list(shape.list, row_of(chosen), reading);
  } else {
    read_lines(text, row_of(chosen), reading);
  }
  for (const auto& item : reading.out.cases)
    if (item.metadata.find("\"conversation_scenario\"") != std::string::npos)
      reading.out.warnings.push_back(fmt::format(
          "Case {} has a simulated user (conversation_scenario): it is kept, and cannot be run.", item.name));
  return std::move(reading.out);
}

}  // namespace pawl::datasets
