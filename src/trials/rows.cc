// Reading results of trials.
#include "rows.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "base/money.h"
#include "base/text.h"
#include "inspect.h"

namespace pawl::trials {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t most_comment = 300;  // bytes

struct Row {  // views into the parser's document
  std::string_view name;
  std::string number;  // of a case that is named by a number
  std::int64_t trial = -1;
  bool infra_error = false;
  std::vector<std::pair<std::string_view, double>> scores;  // those that are not null
  std::optional<double> cost, latency;
  std::string family, slice, dataset, trace;
  std::string_view comment;
};

std::optional<dom::element> present(const dom::object& object, std::string_view key) {
  dom::element element;
  if (object[key].get(element) || element.is_null()) return std::nullopt;
  return element;
}

// A name: a text, or a whole number as one. "" where it is absent.
Result<std::string> name_in(const dom::object& object, std::string_view key) {
  const auto element = present(object, key);
  if (!element) return std::string();
  std::string_view text;
  std::int64_t number = 0;
  if (!element->get(text)) return std::string(text);
  if (!element->get(number)) return fmt::format("{}", number);
  return fail(ErrorKind::invalid, "\"{}\" must be a text or a whole number", key);
}

Result<> read_scores(const dom::object& object, Row& row) {
  dom::object scores;
  const auto element = present(object, "scores");
  if (!element) return fail(ErrorKind::invalid, "\"scores\" is missing");
  if (element->get(scores)) return fail(ErrorKind::invalid, "\"scores\" must be an object");
  row.scores.clear();
  for (const auto field : scores) {
    bool truth = false;
    double number = 0;
    if (field.value.is_null()) continue;
    if (!field.value.get(truth)) {
      number = truth ? 1 : 0;
    } else if (field.value.get(number)) {
      return fail(ErrorKind::invalid, "\"scores.{}\" must be a number, true, false or null", field.key);
    } else if (std::abs(number) > 1e15) {
      return fail(ErrorKind::invalid, "\"scores.{}\" is {}: too large", field.key, number);
    }
    for (const auto& [name, value] : row.scores) {
      if (name == field.key) return fail(ErrorKind::invalid, "\"scores.{}\" stands twice", field.key);
    }
    row.scores.emplace_back(field.key, number);
  }
  return {};
}

Result<> read_measures(const dom::object& object, Row& row) {
  row.cost.reset();
  row.latency.reset();
  if (const auto cost = present(object, "cost_usd")) {
    std::string_view text;
    double number = 0;
    const auto money = !cost->get(text)     ? parse_dollars(text)
                       : !cost->get(number) ? money_from_double(number)
                                            : std::nullopt;
    if (!money || money->pico < 0)
      return fail(ErrorKind::invalid, "\"cost_usd\" must be an amount such as \"0.0125\", not below 0");
    row.cost = static_cast<double>(money->pico) / static_cast<double>(pico_per_dollar);
  }
  if (const auto latency = present(object, "latency_ms")) {
    double number = 0;
    if (latency->get(number) || !(number >= 0 && number <= 1e15))
      return fail(ErrorKind::invalid, "\"latency_ms\" must be a number, not below 0");
    row.latency = number;
  }
  return {};
}

Result<> read_row(dom::element line, Row& row) {
  dom::object object;
  if (line.get(object)) return fail(ErrorKind::invalid, "a row must be an object {{case, trial, scores}}");
  const auto named = present(object, "case");
  std::int64_t number = 0;
  if (!named) return fail(ErrorKind::invalid, "\"case\" is missing");
  if (!named->get(number)) {
    row.number = fmt::format("{}", number);
    row.name = row.number;
  } else if (named->get(row.name)) {
    return fail(ErrorKind::invalid, "\"case\" must be a text or a whole number");
  }
  if (row.name.empty()) return fail(ErrorKind::invalid, "\"case\" is empty");
  row.trial = -1;
  if (const auto trial = present(object, "trial")) {
    if (trial->get(row.trial) || row.trial < 0)
      return fail(ErrorKind::invalid, "\"trial\" must be a whole number, not below 0");
  }
  std::string_view status = "ok";
  if (const auto element = present(object, "status")) {
    if (element->get(status) || (status != "ok" && status != "infra_error"))
      return fail(ErrorKind::invalid,
                  "\"status\" must be ok or infra_error (a failure of the agent itself is ok with its scores at 0)");
  }
  row.infra_error = status == "infra_error";
  row.family = TRY(name_in(object, "cluster"));
  row.slice = TRY(name_in(object, "slice"));
  row.dataset = TRY(name_in(object, "dataset"));
  row.trace = TRY(name_in(object, "trace"));
  row.comment = {};
  if (const auto comment = present(object, "comment")) {
    if (comment->get(row.comment)) return fail(ErrorKind::invalid, "\"comment\" must be a text");
  }
  if (row.infra_error) return {};
  TRY(read_scores(object, row));
  return read_measures(object, row);
}

class Reader {
 public:
  Reader(Names& names, Side& side) : names_(names), side_(side) {}

  void read(const char* text, std::size_t length, std::uint64_t line) {
    ++side_.rows;
    dom::element root;
    if (const auto error = parser_.parse(text, length, false).get(root)) {
      const bool nan = std::string_view(text, length).find("NaN") != std::string_view::npos;
      refuse(line, fmt::format("no JSON: {}{}", nan ? "NaN is no number (null says that there is no score): " : "",
                               simdjson::error_message(error)));
      return;
    }
    if (const auto read = read_row(root, row_); !read) return refuse(line, read.error().what);
    take(line);
  }

  void finish() {
    std::ranges::sort(failed_);
    failed_.erase(std::ranges::unique(failed_).begin(), failed_.end());
    for (const auto& key : failed_) {
      if (seen_.contains(key)) {
        ++side_.retried;
      } else {
        ++side_.infra_errors, ++side_.cases[key.first].lost;
      }
    }
  }

 private:
  using Key = std::pair<std::uint32_t, std::int64_t>;
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::uint64_t>()((std::uint64_t{key.first} << 32) ^ static_cast<std::uint64_t>(key.second));
    }
  };

  // What a person looks at first: the trial that did worst.
  void keep_worst(SideCase& of_case) const {
    double sum = 0;
    for (const auto& [name, value] : row_.scores) sum += value;
    const double mean = row_.scores.empty() ? 0 : sum / static_cast<double>(row_.scores.size());
    if (mean >= of_case.worst) return;
    of_case.worst = mean;
    of_case.trace = row_.trace;
    of_case.comment = utf8_prefix(row_.comment, most_comment);
  }

  void refuse(std::uint64_t line, std::string reason) {
    if (++side_.bad_count <= shown_bad_rows) side_.bad.push_back({line, repair_utf8(reason)});
  }

  void take(std::uint64_t line) {
    const auto place = names_.case_place(row_.name);
    if (place >= side_.cases.size()) side_.cases.resize(place + 1);
    if (side_.cases[place].line == 0) side_.cases[place].line = line;
    if (names_.families[place].empty()) names_.families[place] = row_.family;
    if (names_.slices[place].empty()) names_.slices[place] = row_.slice;
    if (!row_.dataset.empty() && side_.datasets.size() < 100) side_.datasets.insert(row_.dataset);
    if (row_.infra_error) {
      if (row_.trial < 0) {
        ++side_.infra_errors, ++side_.cases[place].lost;
      } else {
        failed_.push_back({place, row_.trial});
      }
      return;
    }
    if (row_.trial >= 0) {
      const auto [before, fresh] = seen_.emplace(Key{place, row_.trial}, line);
      if (!fresh)
        return refuse(line, fmt::format("trial {} of case {} stands on line {} already", row_.trial,
                                        utf8_prefix(row_.name, 200), before->second));
    }
    auto& of_case = side_.cases[place];
    if (of_case.trials++ == 0) side_.order.push_back(place);
    ++side_.outcomes;
    for (const auto& [name, value] : row_.scores) {
      const auto score = names_.score_place(name);
      if (score >= of_case.scores.size()) of_case.scores.resize(score + 1);
      of_case.scores[score].add(value);
    }
    keep_worst(of_case);
    if (row_.cost) of_case.cost.add(*row_.cost);
    if (row_.latency) of_case.latency.add(*row_.latency);
  }

  Names& names_;
  Side& side_;
  dom::parser parser_;
  Row row_;
  std::unordered_map<Key, std::uint64_t, Hash> seen_;  // → line
  std::vector<Key> failed_;
};

}  // namespace

void Cell::add(double value) {
  ++trials;
  binary = binary && (value == 0 || value == 1);
  sum += value;
  squares += value * value;
  least = std::min(least, value);
}

double Cell::variance() const {
  if (trials < 2) return 0;
  const double n = trials;
  return std::max(0.0, (squares - sum * sum / n) / (n - 1));
}

std::uint32_t Names::case_place(std::string_view name) {
  const auto [found, fresh] = case_places.try_emplace(std::string(name), static_cast<std::uint32_t>(cases.size()));
  if (fresh) {
    cases.emplace_back(name);
    families.emplace_back();
    slices.emplace_back();
  }
  return found->second;
}

std::uint32_t Names::score_place(std::string_view name) {
  const auto found = score_places.find(name);
  if (found != score_places.end()) return found->second;
  const auto place = static_cast<std::uint32_t>(scores.size());
  scores.emplace_back(name);
  score_places.emplace(std::string(name), place);
  return place;
}

Side read_rows(std::string text, Names& names) {
  Side side;
  auto log = unpacked_log(std::move(text));
  if (!log) {
    side.rows = side.bad_count = 1;
    side.bad.push_back({1, std::move(log.error().what)});
    return side;
  }
  text = std::move(*log);
  if (auto rows = rows_of_inspect(text)) text = std::move(*rows);
  Reader reader(names, side);
  const std::size_t size = text.size();
  text.append(simdjson::SIMDJSON_PADDING, ' ');  // the parser may look beyond the end of a line
  std::size_t start = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  for (std::uint64_t line = 1; start < size; ++line) {
    const std::size_t end = std::min(text.find('\n', start), size);
    const std::string_view row = std::string_view(text).substr(start, end - start);
    if (!trim(row).empty()) reader.read(row.data(), row.size(), line);
    start = end + 1;
  }
  reader.finish();
  return side;
}

Result<std::string> read_file(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return std::move(text).str();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, "the file {} cannot be read", path);
  if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (file.bad() || text.bad()) return fail(ErrorKind::unavailable, "the file {} could not be read to its end", path);
  return std::move(text).str();
}

}  // namespace pawl::trials
