// promptfoo's assertions as entries of a case's asserts, and back.
#include <re2/re2.h>

#include <algorithm>

#include "asserts.h"
#include "base/text.h"
#include "evaluators.h"
#include "llm/json_scan.h"
#include "promptfoo.h"

namespace pawl::trials {
namespace {

namespace json = llm::json;

enum class How : std::uint8_t {
  text,
  icase,
  all,
  any,
  iall,
  iany,
  prefix,
  regex,
  is_json,
  similar,
  levenshtein,
  limit,
  plain
};

struct Known {
  std::string_view theirs, ours;
  How how;
  std::string_view metric = {};
};
constexpr Known table[] = {{"equals", "exact", How::text},
                           {"contains", "contains", How::text},
                           {"icontains", "contains", How::icase},
                           {"contains-all", "all", How::all},
                           {"contains-any", "any", How::any},
                           {"icontains-all", "all", How::iall},
                           {"icontains-any", "any", How::iany},
                           {"starts-with", "regex", How::prefix},
                           {"regex", "regex", How::regex},
                           {"is-json", "schema", How::is_json},
                           {"levenshtein", "similar", How::levenshtein, "levenshtein"},
                           {"rouge-n", "similar", How::similar, "rouge_1"},
                           {"cost", "cost", How::limit},
                           {"latency", "latency", How::limit},
                           {"is-refusal", "refusal", How::plain},
                           {"is-valid-openai-tools-call", "tool_calls", How::plain}};
constexpr std::string_view any_json = R"({"type":["object","array","number","boolean","null"]})";

std::string contains_entry(std::string_view value, bool ignore_case) {
  JsonWriter out;
  out.object().field("kind", "contains").field("value", value);
  if (ignore_case) out.field("ignore_case", true);
  return out.end().take();
}

Result<std::string> text_value(std::string_view raw, std::string_view vars) {
  if (json::is_null(raw)) return fail(ErrorKind::invalid, "it has no value");
  const std::string text = json::text(raw);
  if (text.starts_with("file://")) return fail(ErrorKind::invalid, "its value stands in {}", text);
  return fill_vars(text, vars);
}

Result<> write_several(JsonWriter& out, const Known& known, std::string_view value, std::string_view vars) {
  out.key(known.ours).array();
  const bool ignore_case = known.how == How::iall || known.how == How::iany;
  if (json::is_array(value)) {
    for (json::Elements list(value); list.next();)
      out.raw(contains_entry(TRY(text_value(list.value, vars)), ignore_case));
  } else {
    const std::string said = TRY(text_value(value, vars));
    for (const auto one : split(said, ',')) out.raw(contains_entry(trim(one), ignore_case));
  }
  out.end();
  return {};
}

Result<> write_regex(JsonWriter& out, const std::string& expression) {
  const RE2 re(expression, RE2::Quiet);
  if (!re.ok()) return fail(ErrorKind::invalid, "its regular expression is none of RE2: {}", re.error());
  out.field("kind", "regex").field("value", expression);
  return {};
}

Result<> write_limit(JsonWriter& out, const Known& known, const json::Object& assertion) {
  const auto most = json::number(assertion.member("threshold"));
  if (!most || *most < 0) return fail(ErrorKind::invalid, "it has no threshold");
  out.field("kind", known.ours).field("most", *most);
  return {};
}

Result<> write_body(JsonWriter& out, const Known& known, const json::Object& assertion, std::string_view vars) {
  const auto value = assertion.member("value");
  const auto threshold = json::number(assertion.member("threshold"));
  switch (known.how) {
    case How::text:
    case How::icase:
      if (known.theirs == "equals" && (json::is_object(value) || json::is_array(value))) {
        out.field("kind", "schema").key("schema").object().key("const").raw(value).end();
        return {};
      }
      out.field("kind", known.ours).field("value", TRY(text_value(value, vars)));
      if (known.how == How::icase) out.field("ignore_case", true);
      return {};
    case How::all:
    case How::any:
    case How::iall:
    case How::iany:
      return write_several(out, known, value, vars);
    case How::prefix:
      return write_regex(out, "^" + RE2::QuoteMeta(TRY(text_value(value, vars))));
    case How::regex:
      return write_regex(out, TRY(text_value(value, vars)));
    case How::is_json:
      if (json::is_string(value)) return fail(ErrorKind::invalid, "its schema is a text: {}", json::text(value));
      out.field("kind", "schema").key("schema").raw(json::is_object(value) ? value : any_json);
      return {};
    case How::similar:
      out.field("kind", known.ours).field("metric", known.metric);
      out.field("value", TRY(text_value(value, vars))).field("least", std::max(0.0, threshold.value_or(0.75)));
      return {};
    case How::levenshtein:
      out.field("kind", known.ours).field("metric", known.metric);
      out.field("value", TRY(text_value(value, vars))).field("most", std::max(0.0, threshold.value_or(5)));
      return {};
    case How::limit:
      return write_limit(out, known, assertion);
    default:
      out.field("kind", known.ours);
      return {};
  }
}

// An assert-set: all of its own, or a threshold's share of them.
Result<> write_set(JsonWriter& out, const json::Object& assertion, std::string_view vars) {
  out.key("all").array();
  for (json::Elements list(assertion.member("assert")); list.next();)
    out.raw(TRY(read_promptfoo_assert(list.value, vars)));
  out.end();
  if (const auto threshold = json::number(assertion.member("threshold"))) out.field("threshold", *threshold);
  return {};
}

std::optional<std::string> only_value(std::string_view entry) {
  const auto value = json::member(entry, "value");
  return json::is_string(value) ? std::optional<std::string>(value) : std::nullopt;
}

// The type and value of an entry in promptfoo's words; false where it has none.
bool write_known(JsonWriter& out, const json::Object& entry, const std::string& prefix) {
  const auto type = [&](std::string_view name) { out.field("type", prefix + std::string(name)); };
  for (const std::string_view group : {"all", "any"}) {
    if (!json::is_array(entry.member(group))) continue;
    JsonWriter values;
    values.array();
    for (json::Elements list(entry.member(group)); list.next();) {
      const auto value = only_value(list.value);
      if (!value || json::text(json::member(list.value, "kind")) != "contains") return false;
      values.raw(*value);
    }
    const bool ignore = json::member(json::first(entry.member(group)), "ignore_case") == "true";
    type(fmt::format("{}contains-{}", ignore ? "i" : "", group));
    out.key("value").raw(values.end().take());
    return true;
  }
  const std::string kind = json::text(entry.member("kind")), metric = json::text(entry.member("metric"));
  if (kind == "not_contains")
    return out.field("type", prefix.empty() ? "not-contains" : "contains").key("value").raw(entry.member("value")),
           true;
  for (const auto& known : table) {
    if (known.ours != kind || known.how == How::prefix) continue;
    if ((known.how == How::icase) != (entry.member("ignore_case") == "true")) continue;
    if (!known.metric.empty() && known.metric != metric) continue;
    type(known.theirs);
    if (known.how == How::is_json) {
      out.key("value").raw(entry.member("schema"));
    } else if (!json::is_null(entry.member("value"))) {
      out.key("value").raw(entry.member("value"));
    }
    for (const std::string_view limit : {"most", "least"})
      if (const auto number = json::number(entry.member(limit))) out.field("threshold", *number);
    return true;
  }
  return false;
}

}  // namespace

Result<std::string> read_promptfoo_assert(std::string_view raw, std::string_view vars) {
  const json::Object assertion(raw);
  if (!json::is_object(raw) || !json::is_string(assertion.member("type")))
    return fail(ErrorKind::invalid, "it has no type");
  std::string type = json::text(assertion.member("type"));
  const bool negated = type.starts_with("not-");
  if (negated) type = type.substr(4);
  JsonWriter out;
  out.object();
  if (type == "assert-set") {
    TRY(write_set(out, assertion, vars));
  } else {
    if (!json::is_null(assertion.member("transform")))
      return fail(ErrorKind::invalid, "it transforms the output first");
    const auto known = std::ranges::find(table, std::string_view(type), &Known::theirs);
    if (known == std::end(table)) return fail(ErrorKind::invalid, "there is no such evaluator here");
    TRY(write_body(out, *known, assertion, vars));
  }
  if (type != "assert-set" && !type.ends_with("-all") && !type.ends_with("-any"))
    TRY(read_assert(fmt::format("{}}}", out.text())));
  if (negated) out.field("not", true);
  if (const auto weight = json::number(assertion.member("weight"))) out.field("weight", *weight);
  if (json::is_string(assertion.member("metric")))
    out.field("score", TRY(fill_vars(json::text(assertion.member("metric")), vars)));
  return out.end().take();
}

std::optional<std::string> write_promptfoo_assert(std::string_view raw) {
  const json::Object entry(raw);
  JsonWriter out;
  out.object();
  if (!write_known(out, entry, entry.member("not") == "true" ? "not-" : "")) return std::nullopt;
  for (const auto& [ours, theirs] :
       {std::pair<std::string_view, std::string_view>{"weight", "weight"}, {"score", "metric"}})
    if (!json::is_null(entry.member(ours))) out.key(theirs).raw(entry.member(ours));
  return out.end().take();
}

Result<std::string> fill_vars(const std::string& text, std::string_view vars) {
  if (text.find("{%") != std::string::npos) return fail(ErrorKind::invalid, "its template has {{% … %}}");
  return fill_places(text, [&](std::string_view inside, std::string_view) -> Result<std::string> {
    const auto pieces = split(inside, '|');
    std::string_view raw = vars;
    for (const auto part : split(trim(pieces[0]), '.')) raw = json::member(raw, part);
    if (raw.empty()) return fail(ErrorKind::invalid, "there is no variable for {{{{{}}}}}", inside);
    std::string said = json::text(raw);
    for (std::size_t i = 1; i < pieces.size(); ++i) {
      const auto filter = trim(pieces[i]);
      if (filter == "lower") {
        said = to_lower(said);
      } else if (filter == "upper") {
        std::ranges::transform(said, said.begin(),
                               [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
      } else if (filter == "trim") {
        said = trim(said);
      } else if (filter != "safe") {
        return fail(ErrorKind::invalid, "its template has the filter {}", filter);
      }
    }
    return said;
  });
}

}  // namespace pawl::trials
