// Reading TraceQL.
#include "traceql.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/time.h"
#include "query/query.h"

namespace pawl::tempo {
namespace {

using traces::SpanRow;

constexpr std::size_t most_bytes = 8192;
constexpr int most_depth = 32;

constexpr std::array known = {
    Known{true, "service.name", "service", &SpanRow::service},
    Known{true, "deployment.environment.name", "environment", &SpanRow::environment},
    Known{true, "deployment.environment", "environment"},
    Known{false, "pawl.kind", "kind"},
    Known{false, "gen_ai.agent.name", "agent", &SpanRow::agent},
    Known{false, "gen_ai.agent.version", "agent_version", &SpanRow::agent_version},
    Known{false, "gen_ai.provider.name", "provider", &SpanRow::provider},
    Known{false, "gen_ai.system", "provider"},
    Known{false, "gen_ai.request.model", "model_requested", &SpanRow::model_requested},
    Known{false, "gen_ai.response.model", "model", &SpanRow::model},
    Known{false, "gen_ai.tool.name", "tool", &SpanRow::tool},
    Known{false, "gen_ai.prompt.name", "prompt", &SpanRow::prompt},
    Known{false, "session.id", "session", &SpanRow::session},
    Known{false, "gen_ai.conversation.id", "session"},
    Known{false, "user.id", "user", &SpanRow::user},
    Known{false, "error.type", "error_type", &SpanRow::error_type},
    Known{false, "pawl.team", "team", &SpanRow::team},
    Known{false, "pawl.task", "task", &SpanRow::task},
    Known{false, "pawl.outcome", "outcome", &SpanRow::outcome},
    Known{false, "pawl.customer", "customer", &SpanRow::customer},
};

const Known* find_known(std::optional<bool> resource, std::string_view attribute) {
  for (const Known& one : known)
    if (one.attribute == attribute && (!resource || *resource == one.resource)) return &one;
  return nullptr;
}

bool is_plain(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

struct Field {
  enum class What { attribute, name, status, duration, message, trace_id, span_id };
  What what = What::attribute;
  std::optional<bool> resource;
  std::string attribute;
};

struct Value {
  enum class Kind { text, number, duration, word };
  Kind kind = Kind::text;
  std::string text;  // as it is meant; of a duration nanoseconds
};

struct Intrinsic {
  std::string_view name;
  Field::What what;
};
constexpr std::array intrinsics = {
    Intrinsic{"name", Field::What::name},
    Intrinsic{"span:name", Field::What::name},
    Intrinsic{"status", Field::What::status},
    Intrinsic{"span:status", Field::What::status},
    Intrinsic{"duration", Field::What::duration},
    Intrinsic{"span:duration", Field::What::duration},
    Intrinsic{"statusMessage", Field::What::message},
    Intrinsic{"span:statusMessage", Field::What::message},
    Intrinsic{"trace:id", Field::What::trace_id},
    Intrinsic{"span:id", Field::What::span_id},
};

// The field that a word names: "name", "span.http.status", ".x"; quotes are taken away already.
Result<Field> field_named(std::string_view word) {
  for (const auto& one : intrinsics)
    if (one.name == word) return Field{.what = one.what, .resource = {}, .attribute = {}};
  const auto attribute = [&](std::size_t skip, std::optional<bool> resource) -> Result<Field> {
    std::string name(word.substr(skip));
    if (name.empty() || name.find_first_of("\"\\\n") != std::string::npos || !is_utf8(name))
      return fail(ErrorKind::invalid, "{} names no attribute", word);
    return Field{.what = Field::What::attribute, .resource = resource, .attribute = std::move(name)};
  };
  if (word.starts_with("span.")) return attribute(5, false);
  if (word.starts_with("resource.")) return attribute(9, true);
  if (word.starts_with(".")) return attribute(1, std::nullopt);
  for (const std::string_view scope : {"event.", "link.", "instrumentation.", "parent."})
    if (word.starts_with(scope))
      return fail(ErrorKind::invalid, "fields of {} are not searched; span. and resource. are",
                  scope.substr(0, scope.size() - 1));
  return fail(
      ErrorKind::invalid,
      "{} is not searched: name, status, duration, statusMessage, trace:id, span:id, span.X, resource.X, .X are", word);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::string> query() {
    skip();
    if (at_end()) return std::string();
    TRY(expect("{"));
    skip();
    std::string out;
    if (!peek("}")) out = TRY(either(0));
    skip();
    TRY(expect("}"));
    skip();
    while (peek("|") && !peek("||")) TRY(select());
    if (!at_end())
      return wrong(
          "one spanset {{ … }} is answered here, with && and || inside it; of what follows it only | select(…)");
    return out;
  }

 private:
  template <typename... Args>
  std::unexpected<Error> wrong(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(ErrorKind::invalid, "TraceQL, at byte {}: {}.", at_, fmt::format(format, std::forward<Args>(args)...));
  }
  bool at_end() const { return at_ >= text_.size(); }
  bool peek(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  void skip() {
    while (!at_end() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
  }
  bool take(std::string_view what) {
    skip();
    if (!peek(what)) return false;
    at_ += what.size();
    return true;
  }
  Result<> expect(std::string_view what) {
    if (!take(what)) return wrong("{} is missing", what);
    return {};
  }

  // | select(a, b): which attributes to show; all that are known are shown anyway.
  Result<> select() {
    TRY(expect("|"));
    skip();
    if (!take("select"))
      return wrong("pipelines are not answered here; figures are, in PromQL, by the data source at /prometheus");
    TRY(expect("("));
    do {
      skip();
      TRY(field());
    } while (take(","));
    TRY(expect(")"));
    skip();
    return {};
  }

  Result<std::string> either(int depth) {
    std::string out = TRY(both(depth));
    bool several = false;
    while (take("||")) out += " or " + TRY(both(depth)), several = true;
    return several ? "(" + out + ")" : out;
  }
  Result<std::string> both(int depth) {
    std::string out = TRY(one(depth));
    while (take("&&")) out += " " + TRY(one(depth));
    return out;
  }
  Result<std::string> one(int depth) {
    if (depth >= most_depth) return wrong("it is nested deeper than {}", most_depth);
    skip();
    if (!peek("!=") && !peek("!~") && take("!")) return "-(" + TRY(one(depth + 1)) + ")";
    if (take("(")) {
      auto out = TRY(either(depth + 1));
      TRY(expect(")"));
      return "(" + out + ")";
    }
    return comparison();
  }

  Result<std::string> quoted_text() {
    const char quote = text_[at_];
    std::string out;
    for (++at_; !at_end() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && quote == '"' && at_ + 1 < text_.size()) {
        const char next = text_[++at_];
        out += next == 'n' ? '\n' : next == 't' ? '\t' : next;
      } else {
        out += text_[at_];
      }
    }
    if (at_end()) return wrong("the text that begins with {} does not end", quote);
    ++at_;
    if (!is_utf8(out)) return wrong("the text is no UTF-8");
    return out;
  }

  Result<Field> field() {
    skip();
    const std::size_t begin = at_;
    std::string word;
    while (!at_end()) {
      const char c = text_[at_];
      if (c == '"' && (word.ends_with('.') || word == ".")) {
        word += TRY(quoted_text());
        break;
      }
      if (std::string_view(" \t\r\n=!<>(){}&|,\"`~").contains(c)) break;
      word += c, ++at_;
    }
    if (word.empty()) return wrong("a field is expected: name, status, duration, span.X, resource.X or .X");
    auto found = field_named(word);
    if (found) return *found;
    at_ = begin;
    return wrong("{}", found.error().what);
  }

  Result<Value> value() {
    skip();
    if (at_end()) return wrong("a value is expected");
    if (text_[at_] == '"' || text_[at_] == '`') return Value{Value::Kind::text, TRY(quoted_text())};
    const std::size_t begin = at_;
    while (!at_end() && !std::string_view(" \t\r\n&|(){}=!<>,\"`~").contains(text_[at_])) ++at_;
    const std::string word(text_.substr(begin, at_ - begin));
    if (word.empty()) return wrong("a value is expected");
    if (parse_double(word)) return Value{Value::Kind::number, word};
    if (const auto nanos = go_duration(word)) return Value{Value::Kind::duration, fmt::format("{}", *nanos)};
    if (!is_plain(word) || !is_utf8(word)) {
      at_ = begin;
      return wrong("{} is no value; a text stands in quotes", repair_utf8(word));
    }
    return Value{Value::Kind::word, word};
  }

  // "1h30m", "250ms", "1.5s"
  static std::optional<Nanos> go_duration(std::string_view text) {
    Nanos sum = 0;
    while (!text.empty()) {
      const auto unit = text.find_first_not_of("0123456789.");
      if (unit == 0 || unit == std::string_view::npos) return std::nullopt;
      auto end = text.find_first_of("0123456789.", unit);
      if (end == std::string_view::npos) end = text.size();
      std::string piece(text.substr(0, end));
      const auto name = text.substr(unit, end - unit);
      std::optional<Nanos> length;
      if (name == "ns" || name == "us" || name == "µs") {
        const auto number = parse_double(text.substr(0, unit));
        if (number && *number < 1e15) length = static_cast<Nanos>(*number * (name == "ns" ? 1 : 1000));
      } else {
        length = parse_duration(piece);
      }
      if (!length || *length < 0 || __builtin_add_overflow(sum, *length, &sum)) return std::nullopt;
      text.remove_prefix(end);
    }
    return sum;
  }

  Result<std::string> op() {
    skip();
    for (const std::string_view one : {"=~", "!~", "!=", ">=", "<=", "=", ">", "<"})
      if (take(one)) return std::string(one);
    return wrong("an operator is expected: = != =~ !~ > >= < <=");
  }

  Result<std::string> comparison() {
    skip();
    if (take("true")) return std::string("(is:noise or -is:noise)");
    if (take("false")) return std::string("(is:noise -is:noise)");
    const std::size_t begin = at_;
    const Field left = TRY(field());
    const std::string sign = TRY(op());
    const Value right = TRY(value());
    auto out = compared(left, sign, right);
    if (out) return out;
    at_ = begin;
    return wrong("{}", out.error().what);
  }

  static Result<std::string> compared(const Field& field, const std::string& op, const Value& value) {
    switch (field.what) {
      case Field::What::attribute:
        return of_attribute(field, op, value);
      case Field::What::name:
        return of_text("name", op, value);
      case Field::What::message:
        return of_text("error_message", op, value);
      case Field::What::trace_id:
        return of_id("trace", op, value);
      case Field::What::span_id:
        return of_id("span", op, value);
      case Field::What::status:
        return of_status(op, value);
      case Field::What::duration:
        break;
    }
    if (value.kind != Value::Kind::duration || op == "=~" || op == "!~")
      return fail(ErrorKind::invalid, "duration is compared with a time such as 250ms or 1h30m");
    const std::string length = fmt::format("{:.6f}ms", static_cast<double>(*parse_int(value.text)) / 1e6);
    if (op == "=") return fmt::format("(duration>={0} duration<={0})", length);
    if (op == "!=") return fmt::format("-(duration>={0} duration<={0})", length);
    return fmt::format("duration{}{}", op, length);
  }

  static Result<std::string> of_id(std::string_view dimension, const std::string& op, const Value& value) {
    if ((op != "=" && op != "!=") || value.kind == Value::Kind::duration)
      return fail(ErrorKind::invalid, "an id is compared by = and !=, with a text");
    return fmt::format("{}{}{}", dimension, op, query::quoted(value.text));
  }

  // unset is what did not fail and did not say that it is ok.
  static Result<std::string> of_status(const std::string& op, const Value& value) {
    const std::string ok = "attr.otel.status_code=OK";
    std::string is;
    if (value.text == "error") is = "status=error";
    if (value.text == "ok") is = ok;
    if (value.text == "unset") is = fmt::format("(-status=error -{})", ok);
    if (is.empty() || (op != "=" && op != "!="))
      return fail(ErrorKind::invalid, "status is compared by = and !=, with error, ok or unset");
    return op == "=" ? is : "-(" + is + ")";
  }

  static Result<std::string> of_attribute(const Field& field, const std::string& op, const Value& value) {
    if (const auto* one = find_known(field.resource, field.attribute))
      return of_text(std::string(one->dimension), op, value);
    if (field.resource) return of_text(dimension_of(field.resource, field.attribute), op, value);
    const auto span = TRY(of_text(dimension_of(false, field.attribute), op, value));
    const auto resource = TRY(of_text(dimension_of(true, field.attribute), op, value));
    const bool neither = value.kind == Value::Kind::word && value.text == "nil" && op == "=";
    return neither ? fmt::format("({} {})", span, resource) : fmt::format("({} or {})", span, resource);
  }

  // A regular expression, as far as words can say it: a|b, and .*part.*
  static Result<std::string> of_regex(const std::string& dimension, const std::string& pattern) {
    constexpr std::string_view special = ".^$*+?()[]{}\\|";
    const bool open = pattern.starts_with(".*") && pattern.ends_with(".*") && pattern.size() >= 4;
    const std::string_view inner = open ? std::string_view(pattern).substr(2, pattern.size() - 4) : pattern;
    std::vector<std::string> words(1);
    for (std::size_t i = 0; i < inner.size(); ++i) {
      if (inner[i] == '\\' && i + 1 < inner.size() && special.contains(inner[i + 1])) {
        words.back() += inner[++i];
      } else if (inner[i] == '|' && !open) {
        words.emplace_back();
      } else if (special.contains(inner[i])) {
        return fail(ErrorKind::invalid, "=~ and !~ take words and parts of them: \"a|b\" or \".*part.*\"");
      } else {
        words.back() += inner[i];
      }
    }
    if (open)
      return words.front().empty() ? fmt::format("has:{}", dimension)
                                   : fmt::format("{}~{}", dimension, query::quoted(words.front()));
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : ",") + query::quoted(word);
    return fmt::format("{}={}", dimension, out);
  }

  static Result<std::string> of_text(const std::string& dimension, const std::string& op, const Value& value) {
    if (value.kind == Value::Kind::duration)
      return fail(ErrorKind::invalid, "a time such as {}ns is only compared with duration", value.text);
    if (value.kind == Value::Kind::word && value.text == "nil") {
      if (op != "=" && op != "!=") return fail(ErrorKind::invalid, "nil is compared by = and !=");
      return fmt::format("{}has:{}", op == "=" ? "-" : "", dimension);
    }
    if (op == "=~" || op == "!~") {
      const auto matched = TRY(of_regex(dimension, value.text));
      return op == "=~" ? matched : fmt::format("(has:{} -{})", dimension, matched);
    }
    const std::string text = query::quoted(value.text);
    if (op == "!=") return fmt::format("(has:{0} {0}!={1})", dimension, text);
    if (op == "=") return fmt::format("{}={}", dimension, text);
    if (!dimension.starts_with("attr.") || value.kind != Value::Kind::number)
      return fail(ErrorKind::invalid, "{} compares numbers, and {} holds texts", op, dimension);
    return fmt::format("{}{}{}", dimension, op, text);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::span<const Known> known_attributes() {
  return known;
}

std::string dimension_of(std::optional<bool> resource, std::string_view attribute) {
  if (const auto* one = find_known(resource, attribute)) return std::string(one->dimension);
  const std::string name = fmt::format("{}{}", resource.value_or(false) ? "resource." : "", attribute);
  return is_plain(name) ? "attr." + name : fmt::format("attr.\"{}\"", name);
}

Result<std::string> filter_of_traceql(std::string_view text) {
  if (text.size() > most_bytes) return fail(ErrorKind::invalid, "A query has at most {} bytes.", most_bytes);
  return Parser(text).query();
}

Result<std::string> filter_of_tags(std::string_view text) {
  if (text.size() > most_bytes) return fail(ErrorKind::invalid, "tags has at most {} bytes.", most_bytes);
  std::string out;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    const auto equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    if (equals == std::string_view::npos || name.empty() || name.find_first_of("\" \\\n") != std::string_view::npos ||
        !is_utf8(name))
      return fail(ErrorKind::invalid, "tags are pairs such as service.name=refunds, with spaces between them.");
    text.remove_prefix(equals + 1);
    std::string value;
    if (text.starts_with('"')) {
      std::size_t i = 1;
      for (; i < text.size() && text[i] != '"'; ++i)
        value += text[i] == '\\' && i + 1 < text.size() ? text[++i] : text[i];
      if (i >= text.size()) return fail(ErrorKind::invalid, "tags: the value of {} does not end.", name);
      text.remove_prefix(i + 1);
    } else {
      const auto end = std::min(text.find(' '), text.size());
      value = text.substr(0, end);
      text.remove_prefix(end);
    }
    if (value.empty() || !is_utf8(value)) return fail(ErrorKind::invalid, "tags: {} has no value.", name);
    const std::string word = query::quoted(value);
    if (name == "name")
      out += fmt::format(" name~{}", word);
    else if (name == "status" || name == "error")
      out += value == "error" || value == "true" ? " status=error" : " -status=error";
    else if (const auto* one = find_known(std::nullopt, name); one != nullptr)
      out += fmt::format(" {}{}{}", one->dimension, one->dimension == "kind" ? "=" : "~", word);
    else
      out += fmt::format(" ({}~{} or {}~{})", dimension_of(false, name), word, dimension_of(true, name), word);
  }
  return std::string(trim(out));
}

Result<std::string> dimension_of_field(std::string_view text) {
  auto found = field_named(text);
  if (!found) found = field_named(fmt::format(".{}", text));  // the older API names attributes without their scope
  const Field field = TRY(std::move(found));
  if (field.what == Field::What::name) return std::string("name");
  if (field.what == Field::What::message) return std::string("error_message");
  if (field.what == Field::What::attribute) {
    if (const auto* one = find_known(field.resource, field.attribute)) return std::string(one->dimension);
    // Names as the catalogue of values wants them: without quotes.
    return fmt::format("attr.{}{}", field.resource.value_or(false) ? "resource." : "", field.attribute);
  }
  return fail(ErrorKind::invalid, "{} has no values to choose from.", text);
}

}  // namespace pawl::tempo
