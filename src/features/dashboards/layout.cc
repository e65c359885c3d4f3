// Reading a layout: every key is known, every question can be asked, or a sentence says where it cannot.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "dashboards.h"
#include "query/query.h"

namespace pawl::dashboards {
namespace {

namespace sj = simdjson;

constexpr std::size_t most_figures = 12, most_panels = 24, most_columns = 8, most_text = 2000;

// What may stand in an object.
using Keys = std::vector<std::string_view>;
const Keys layout_keys = {"title", "about", "figures", "panels", "name", "base"};
const Keys figure_keys = {"label", "measure", "filter", "grain", "worse"};
const Keys chart_keys = {"id", "kind", "wide", "note", "split", "label", "measure", "filter", "grain", "worse"};
const Keys ranks_keys = {"id", "kind", "wide", "note", "split", "label", "columns"};

std::string slip(std::string_view word, const Keys& known) {
  const auto near = nearest(word, known);
  return near.empty() ? "" : fmt::format(" Did you mean {}?", near);
}

Result<> check_keys(const sj::dom::object& object, const Keys& keys, const std::string& where) {
  for (const auto field : object) {
    if (std::ranges::find(keys, field.key) == keys.end())
      return fail(ErrorKind::invalid, "{} has no key {}.{}", where, field.key, slip(field.key, keys));
  }
  return {};
}

Result<std::string> text_of(const sj::dom::object& object, std::string_view key, const std::string& where,
                            bool needed = false) {
  sj::dom::element value;
  if (object[key].get(value) != sj::SUCCESS || value.is_null()) {
    if (needed) return fail(ErrorKind::invalid, "{} needs {}.", where, key);
    return std::string();
  }
  std::string_view text;
  if (value.get(text) != sj::SUCCESS) return fail(ErrorKind::invalid, "{}: {} must be a text.", where, key);
  if (needed && trim(text).empty()) return fail(ErrorKind::invalid, "{} needs {}.", where, key);
  if (text.size() > most_text) return fail(ErrorKind::invalid, "{}: {} has at most {} bytes.", where, key, most_text);
  return std::string(text);
}

Result<std::string> choice_of(const sj::dom::object& object, std::string_view key, const Keys& choices,
                              const std::string& where) {
  auto word = TRY(text_of(object, key, where));
  if (word.empty() || std::ranges::find(choices, word) != choices.end()) return word;
  return fail(ErrorKind::invalid, "{}: {} is one of {}.{}", where, key, fmt::join(choices, ", "), slip(word, choices));
}

Result<std::vector<sj::dom::object>> objects_of(const sj::dom::object& object, std::string_view key,
                                                const std::string& where, std::size_t most) {
  std::vector<sj::dom::object> out;
  sj::dom::element value;
  if (object[key].get(value) != sj::SUCCESS || value.is_null()) return out;
  sj::dom::array list;
  if (value.get(list) != sj::SUCCESS) return fail(ErrorKind::invalid, "{}: {} must be a list.", where, key);
  for (const auto element : list) {
    sj::dom::object one;
    if (element.get(one) != sj::SUCCESS)
      return fail(ErrorKind::invalid, "{}: {}[{}] must be an object.", where, key, out.size());
    out.push_back(one);
  }
  if (out.size() > most) return fail(ErrorKind::invalid, "{} has at most {} {}.", where, most, key);
  return out;
}

// What the server would say to the question, said when it is saved.
Result<> check_question(const std::string& measure, const std::string& split, const std::string& filter,
                        const std::string& grain, const std::string& where) {
  auto parsed = query::Filter::parse(filter);
  if (!parsed)
    return fail(ErrorKind::invalid, "{}: filter, at byte {}: {}", where, parsed.error().position,
                parsed.error().message);
  if (measure.starts_with("metric.")) return {};  // known only by what was sent
  query::MeasureQuery question{.measures = {measure}, .filter = std::move(*parsed), .range = {0, hour}, .step = "1h"};
  if (!split.empty()) question.dimensions.push_back(split);
  if (!grain.empty()) question.grain = query::grain_from(grain).value_or(query::Grain::span);
  if (const auto statement = query::compile(1, question); !statement)
    return fail(ErrorKind::invalid, "{}: {}", where, statement.error().what);
  return {};
}

void write_text(JsonWriter& json, std::string_view key, const std::string& text) {
  if (!text.empty()) json.field(key, text);
}

// The fields of a question, of a figure, a chart or a column.
Result<> write_figure(JsonWriter& json, const sj::dom::object& object, const std::string& split,
                      const std::string& where) {
  const auto measure = TRY(text_of(object, "measure", where, true));
  const auto filter = TRY(text_of(object, "filter", where));
  const auto grain = TRY(choice_of(object, "grain", {"span", "trace", "session"}, where));
  TRY(check_question(measure, split, filter, grain, where));
  json.field("label", TRY(text_of(object, "label", where, true))).field("measure", measure);
  write_text(json, "filter", filter);
  write_text(json, "grain", grain);
  write_text(json, "worse", TRY(choice_of(object, "worse", {"up", "down"}, where)));
  return {};
}

Result<> write_figures(JsonWriter& json, const std::vector<sj::dom::object>& figures, const std::string& split,
                       const std::string& where) {
  json.array();
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const auto place = fmt::format("{}[{}]", where, i);
    TRY(check_keys(figures[i], figure_keys, place));
    json.object();
    TRY(write_figure(json, figures[i], split, place));
    json.end();
  }
  json.end();
  return {};
}

Result<> write_panel(JsonWriter& json, const sj::dom::object& panel, std::set<std::string>& ids,
                     const std::string& where) {
  const auto kind = TRY(choice_of(panel, "kind", {"lines", "bars", "ranks"}, where));
  if (kind.empty()) return fail(ErrorKind::invalid, "{} needs kind: lines, bars or ranks.", where);
  const bool ranks = kind == "ranks";
  TRY(check_keys(panel, ranks ? ranks_keys : chart_keys, where));
  auto id = TRY(text_of(panel, "id", where));
  if (id.empty()) id = fmt::format("p{}", ids.size() + 1);
  if (id.find(',') != std::string::npos || id.size() > 60)
    return fail(ErrorKind::invalid, "{}: id has at most 60 bytes and no comma.", where);
  if (!ids.insert(id).second) return fail(ErrorKind::invalid, "{}: another panel has the id {} too.", where, id);
  const auto split = TRY(text_of(panel, "split", where, ranks));
  bool wide = false;
  if (sj::dom::element value;
      panel["wide"].get(value) == sj::SUCCESS && !value.is_null() && value.get(wide) != sj::SUCCESS)
    return fail(ErrorKind::invalid, "{}: wide is true or false.", where);
  json.object().field("id", id).field("kind", kind);
  if (wide) json.field("wide", true);
  write_text(json, "note", TRY(text_of(panel, "note", where)));
  write_text(json, "split", split);
  if (!ranks) {
    TRY(write_figure(json, panel, split, where));
  } else {
    const auto columns = TRY(objects_of(panel, "columns", where, most_columns));
    if (columns.empty()) return fail(ErrorKind::invalid, "{} needs columns: at least one.", where);
    json.field("label", TRY(text_of(panel, "label", where, true))).key("columns");
    TRY(write_figures(json, columns, split, where + ".columns"));
  }
  json.end();
  return {};
}

}  // namespace

Result<std::string> read_layout(std::string_view text) {
  sj::dom::parser parser;
  sj::dom::object layout;
  if (parser.parse(text.data(), text.size()).get(layout) != sj::SUCCESS)
    return fail(ErrorKind::invalid, "A dashboard is a JSON object with a title, figures and panels.");
  const std::string where = "The dashboard";
  TRY(check_keys(layout, layout_keys, where));
  JsonWriter json;
  json.object().field("title", TRY(text_of(layout, "title", where, true)));
  write_text(json, "about", TRY(text_of(layout, "about", where)));
  json.key("figures");
  TRY(write_figures(json, TRY(objects_of(layout, "figures", where, most_figures)), "", "figures"));
  const auto panels = TRY(objects_of(layout, "panels", where, most_panels));
  std::set<std::string> ids;
  json.key("panels").array();
  for (std::size_t i = 0; i < panels.size(); ++i) TRY(write_panel(json, panels[i], ids, fmt::format("panels[{}]", i)));
  return json.end().end().take();
}

}  // namespace pawl::dashboards
