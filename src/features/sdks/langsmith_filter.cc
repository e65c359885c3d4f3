// LangSmith's filters, written in Pawl's language. Grammar: name(argument, …), arguments are fields, values or filters.
#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "base/text.h"
#include "langsmith.h"

namespace pawl::sdks {
namespace {

constexpr int most_depth = 20;

struct FieldName {
  std::string_view theirs, ours;
};
constexpr FieldName fields[] = {
    {"name", "name"},         {"id", "span"},          {"trace_id", "trace"},      {"tags", "tag"},
    {"tag", "tag"},           {"latency", "duration"}, {"total_tokens", "tokens"}, {"total_cost", "cost"},
    {"thread_id", "session"}, {"user_id", "user"},     {"ls_model_name", "model"}};

class Parser {
 public:
  Parser(std::string_view text, Nanos& from) : text_(text), from_(from) {}

  Result<std::string> whole() {
    auto out = TRY(filter(0));
    space();
    if (at_ != text_.size()) return wrong("there is more after its end");
    return out;
  }

 private:
  std::unexpected<Error> wrong(std::string_view why) const {
    return fail(ErrorKind::invalid, "filter, at character {}: {}.", at_, why);
  }

  void space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }

  bool take(char c) {
    space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string word() {
    space();
    const auto begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_' ||
                                  text_[at_] == '.' || text_[at_] == '-'))
      ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  // A value: "text", 'text', a number or a word.
  Result<std::string> value() {
    space();
    if (at_ >= text_.size()) return wrong("a value is missing");
    const char quote = text_[at_];
    if (quote != '"' && quote != '\'') {
      auto plain = word();
      if (plain.empty()) return wrong("a value is missing");
      return plain;
    }
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_];
    }
    if (at_ >= text_.size()) return wrong("a quote is not closed");
    ++at_;
    return out;
  }

  Result<std::vector<std::string>> values() {
    std::vector<std::string> out;
    if (!take('[')) {
      out.push_back(TRY(value()));
      return out;
    }
    while (!take(']')) {
      if (!out.empty() && !take(',')) return wrong("',' or ']' is missing");
      out.push_back(TRY(value()));
    }
    return out;
  }

  Result<std::string> filter(int depth) {
    if (depth > most_depth) return wrong("it is nested too deep");
    const bool key_allowed = std::exchange(key_allowed_, false);
    const auto name = word();
    if (!take('(')) return wrong("a filter such as eq(name, \"x\") is expected");
    Result<std::string> out = name == "and" || name == "or" ? joined(name, depth)
                              : name == "not"               ? negated(depth)
                              : name == "search"            ? searched()
                                                            : compared(name, key_allowed);
    if (!out) return out;
    if (!take(')')) return wrong("')' is missing");
    return out;
  }

  Result<std::string> joined(std::string_view name, int depth) {
    std::string out = "(";
    loose_ += name == "or" ? 1 : 0;
    do {
      key_allowed_ = name == "and";
      auto term = TRY(filter(depth + 1));
      if (metadata_key_) {  // and(eq(metadata_key, "k"), eq(metadata_value, "v")) is one condition
        metadata_of_ = std::exchange(metadata_key_, std::nullopt);
        if (!take(',')) return wrong("metadata_key needs a metadata_value beside it");
        term = TRY(filter(depth + 1));
        if (metadata_of_) return wrong("metadata_key needs a metadata_value right after it");
      }
      if (out.size() > 1) out += name == "or" ? " or " : " ";
      out += term;
    } while (take(','));
    loose_ -= name == "or" ? 1 : 0;
    return out + ")";
  }

  Result<std::string> negated(int depth) {
    ++loose_;
    const auto inside = TRY(filter(depth + 1));
    --loose_;
    return "-(" + inside + ")";
  }

  Result<std::string> searched() { return FilterText().add(query::quoted(TRY(value()))).text(); }

  static std::string_view operator_of(std::string_view name) {
    constexpr std::pair<std::string_view, std::string_view> known[] = {{"eq", "="},   {"has", "="},  {"in", "="},
                                                                       {"neq", "!="}, {"gt", ">"},   {"gte", ">="},
                                                                       {"lt", "<"},   {"lte", "<="}, {"like", "~"}};
    for (const auto& [theirs, ours] : known)
      if (theirs == name) return ours;
    return {};
  }

  // What may stand in our language without quotes, and be nothing but itself.
  static bool is_plain(std::string_view word) {
    return !word.empty() && std::ranges::all_of(word, [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
    });
  }

  Result<std::string> compared(std::string_view name, bool key_allowed) {
    const auto op = operator_of(name);
    if (op.empty()) return fail(ErrorKind::invalid, "filter: Pawl does not offer {}() here.", name);
    const auto field = word();
    if (!take(',')) return wrong("',' is missing");
    const auto given = TRY(values());
    if (given.empty()) return wrong("a value is missing");
    if (field == "metadata_key") {
      if (!key_allowed || op != "=" || given.size() != 1)
        return wrong("metadata_key stands as eq() in and(), before a metadata_value");
      if (!is_plain(given.front())) return wrong("a metadata_key is of letters, digits, '_', '-' and '.' here");
      metadata_key_ = given.front();
      return std::string();
    }
    if (field == "metadata_value") {
      const auto of = std::exchange(metadata_of_, std::nullopt);
      if (!of) return wrong("metadata_value needs a metadata_key before it");
      return term("attr.langsmith.metadata." + *of, op, given);
    }
    return known(field, op, given);
  }

  Result<std::string> known(std::string_view field, std::string_view op, const std::vector<std::string>& given) {
    if (field == "start_time") {
      if (loose_ > 0) return wrong("start_time is not offered inside or() and not()");
      const auto moment = parse_time(given.front());
      if (!moment || (op != ">" && op != ">=")) return wrong("start_time is offered with gt and gte and a time");
      from_ = std::max(from_, *moment);
      return std::string("(is:root or -is:root)");
    }
    const bool negative = op == "!=" || given.front() == "false" || given.front() == "False";
    if (field == "is_root") return std::string(negative ? "-is:root" : "is:root");
    if (field == "error") return std::string(negative ? "-status=error" : "status=error");
    if (field == "status") {
      const auto& status = given.front();
      return term("status", op, {status == "success" ? "ok" : status == "pending" ? "running" : status});
    }
    if (field == "run_type") {
      const bool kind = given.front() == "llm" || given.front() == "tool" || given.front() == "retriever";
      return term(kind ? "kind" : "attr.langsmith.span.kind", op, given);
    }
    for (const auto& one : fields) {
      if (one.theirs != field) continue;
      if (is_figure(one.ours) && !std::ranges::all_of(given, is_plain)) return wrong("a number is expected");
      return term(one.ours, op, given);
    }
    return fail(ErrorKind::invalid, "filter: Pawl does not filter runs by {} here.", field);
  }

  static bool is_figure(std::string_view name) { return name == "duration" || name == "tokens" || name == "cost"; }

  static std::string term(std::string_view name, std::string_view op, const std::vector<std::string>& given) {
    std::string out = fmt::format("{}{}", name, op);
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (i > 0) out += ',';
      out += !is_figure(name)                               ? query::quoted(given[i])
             : name == "duration" && parse_double(given[i]) ? given[i] + "s"
                                                            : given[i];
    }
    return out;
  }

  std::string_view text_;
  Nanos& from_;
  std::size_t at_ = 0;
  std::optional<std::string> metadata_key_, metadata_of_;
  int loose_ = 0;             // how many or() and not() are around
  bool key_allowed_ = false;  // the next filter may be eq(metadata_key, …)
};

}  // namespace

Result<std::string> filter_of_langsmith(std::string_view text, Nanos& from) {
  auto out = TRY(Parser(text, from).whole());
  if (const auto ours = query::Filter::parse(out); !ours)  // a word where a number belongs, too many terms …
    return fail(ErrorKind::invalid, "filter: {}, in what it means here: {}", ours.error().message, out);
  return out;
}

}  // namespace pawl::sdks
