// Reading scores.
#include "base/text.h"
#include "inside.h"

namespace pawl::scores {
namespace {

constexpr std::size_t most_in_list = 500;  // values in one IN (…)

std::optional<double> real(const ledger::Rows& rows, std::size_t i, std::size_t column) {
  const auto& cell = rows.cells[i][column];
  if (const auto* number = std::get_if<double>(&cell)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*number);
  return std::nullopt;
}

struct Conditions {
  std::string sql = "project = ?";
  std::vector<ledger::Value> values;
  void add(std::string_view condition, ledger::Value value) {
    sql += fmt::format(" AND {}", condition);
    values.push_back(std::move(value));
  }
  void any_of(std::string_view column, const std::vector<std::string>& names) {
    if (names.empty()) return;
    sql += fmt::format(" AND {} IN (", column);
    for (std::size_t i = 0; i < names.size(); ++i) {
      sql += i == 0 ? "?" : ",?";
      values.emplace_back(names[i]);
    }
    sql += ")";
  }
};

std::string hex_of(std::string_view id) {
  return to_hex(id_from_text(id));
}

Conditions conditions_of(ProjectId project, const Wanted& wanted) {
  Conditions c;
  c.values.emplace_back(std::int64_t{project});
  c.any_of("id", wanted.ids);
  std::vector<std::string> spans;
  for (const auto& id : wanted.span_ids) spans.push_back(hex_of(id));
  c.any_of("span", spans);
  if (!wanted.trace_id.empty()) c.add("trace = ?", hex_of(wanted.trace_id));
  if (!wanted.span_id.empty()) c.add("span = ?", hex_of(wanted.span_id));
  for (const auto& [column, text] : {std::pair{"session = ?", &wanted.session_id},
                                     {"experiment = ?", &wanted.experiment},
                                     {"name = ?", &wanted.name},
                                     {"source = ?", &wanted.source},
                                     {"config = ?", &wanted.config},
                                     {"environment = ?", &wanted.environment}}) {
    if (!text->empty()) c.add(column, *text);
  }
  if (wanted.type) c.add("type = ?", std::string(name_of(*wanted.type)));
  if (wanted.from != 0) c.add("at >= ?", wanted.from);
  if (wanted.to != 0) c.add("at < ?", wanted.to);
  for (const std::string_view op : {"<", ">", "<=", ">=", "=", "!="})
    if (op == wanted.compare) c.add(fmt::format("value {} ?", op), wanted.value);
  if (!wanted.any_word) c.sql += " AND stands = 1";
  return c;
}

// Scores of spans whose trace the client did not name.
Result<> add_of_spans(ledger::Ledger& ledger, ProjectId project, const std::vector<Id128>& spans,
                      std::vector<Score>& out) {
  const auto any = TRY(ledger.read("SELECT 1 FROM scores WHERE project = ? AND trace = '' AND span <> '' LIMIT 1",
                                   {std::int64_t{project}}));
  if (any.size() == 0) return {};
  for (std::size_t begin = 0; begin < spans.size(); begin += most_in_list) {
    Conditions c;
    c.values.emplace_back(std::int64_t{project});
    std::vector<std::string> keys;
    for (std::size_t i = begin; i < std::min(spans.size(), begin + most_in_list); ++i) keys.push_back(to_hex(spans[i]));
    c.any_of("span", keys);
    const auto rows =
        TRY(ledger.read(select_scores(c.sql + " AND trace = '' AND stands = 1 ORDER BY at, seq"), c.values));
    for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(score_of(rows, i));
  }
  return {};
}

}  // namespace

std::string select_scores(std::string_view where) {
  return fmt::format(
      "SELECT id, name, type, value, text, trace_id, span_id, session, experiment, item, author, source, evaluator, "
      "comment, correction, metadata, config, environment, probability, at, changed, stands FROM scores WHERE {}",
      where);
}

Score score_of(const ledger::Rows& rows, std::size_t i) {
  return {.id = rows.text(i, 0),
          .name = rows.text(i, 1),
          .type = type_from(rows.text(i, 2)).value_or(Type::text),
          .value = real(rows, i, 3),
          .text = rows.text(i, 4),
          .trace_id = rows.text(i, 5),
          .span_id = rows.text(i, 6),
          .session_id = rows.text(i, 7),
          .experiment = rows.text(i, 8),
          .item = rows.text(i, 9),
          .author = rows.text(i, 10),
          .source = rows.text(i, 11),
          .evaluator = rows.text(i, 12),
          .comment = rows.text(i, 13),
          .correction = rows.text(i, 14),
          .metadata = rows.text(i, 15),
          .config = rows.text(i, 16),
          .environment = rows.text(i, 17),
          .probability = real(rows, i, 18),
          .at = rows.integer(i, 19),
          .changed = rows.integer(i, 20),
          .stands = rows.integer(i, 21) != 0};
}

Result<Found> Scores::find(ProjectId project, const Wanted& wanted) const {
  auto c = conditions_of(project, wanted);
  Found found;
  const auto count = TRY(ledger_.read("SELECT count(*) FROM scores WHERE " + c.sql, c.values));
  found.total = static_cast<std::uint64_t>(count.integer(0, 0));
  c.values.emplace_back(static_cast<std::int64_t>(wanted.limit));
  c.values.emplace_back(static_cast<std::int64_t>(wanted.offset));
  const auto rows = TRY(ledger_.read(select_scores(c.sql + " ORDER BY at DESC, seq DESC LIMIT ? OFFSET ?"), c.values));
  for (std::size_t i = 0; i < rows.size(); ++i) found.scores.push_back(score_of(rows, i));
  return found;
}

Result<Score> Scores::get(ProjectId project, std::string_view id) const {
  const auto rows =
      TRY(ledger_.read(select_scores("project = ? AND id = ?"), {std::int64_t{project}, std::string(id)}));
  if (rows.size() == 0) return fail(ErrorKind::not_found, "There is no score {} in this project.", id);
  return score_of(rows, 0);
}

Result<std::vector<Earlier>> Scores::history(ProjectId project, std::string_view id) const {
  const auto rows =
      TRY(ledger_.read("SELECT value, text, comment, author, at, replaced FROM score_history WHERE "
                       "project = ? AND id = ? ORDER BY seq DESC",
                       {std::int64_t{project}, std::string(id)}));
  std::vector<Earlier> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.push_back(
        {real(rows, i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), rows.integer(i, 4), rows.integer(i, 5)});
  }
  return out;
}

Result<std::vector<Score>> Scores::of_trace(ProjectId project, const Id128& trace,
                                            const std::vector<Id128>& spans) const {
  const auto rows = TRY(ledger_.read(select_scores("project = ? AND trace = ? AND stands = 1 ORDER BY at, seq"),
                                     {std::int64_t{project}, to_hex(trace)}));
  std::vector<Score> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(score_of(rows, i));
  TRY(add_of_spans(ledger_, project, spans, out));
  return out;
}

Result<std::vector<Score>> Scores::of_session(ProjectId project, const std::string& session,
                                              const std::vector<Id128>& traces, const std::vector<Id128>& spans) const {
  const auto rows =
      TRY(ledger_.read(select_scores("project = ? AND session = ? AND trace = '' AND stands = 1 ORDER BY at, seq"),
                       {std::int64_t{project}, session}));
  std::vector<Score> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(score_of(rows, i));
  for (std::size_t begin = 0; begin < traces.size(); begin += most_in_list) {
    Conditions c;
    c.values.emplace_back(std::int64_t{project});
    std::vector<std::string> keys;
    for (std::size_t i = begin; i < std::min(traces.size(), begin + most_in_list); ++i)
      keys.push_back(to_hex(traces[i]));
    c.any_of("trace", keys);
    const auto more = TRY(ledger_.read(select_scores(c.sql + " AND stands = 1 ORDER BY at, seq"), c.values));
    for (std::size_t i = 0; i < more.size(); ++i) out.push_back(score_of(more, i));
  }
  TRY(add_of_spans(ledger_, project, spans, out));
  return out;
}

Result<std::vector<Definition>> Scores::definitions(ProjectId project) const {
  const auto rows =
      TRY(ledger_.read("SELECT id, name, type, description, least, most, categories, archived, created, "
                       "changed FROM score_definitions WHERE project = ? ORDER BY name",
                       {std::int64_t{project}}));
  std::vector<Definition> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Definition one{.id = rows.text(i, 0),
                   .name = rows.text(i, 1),
                   .description = rows.text(i, 3),
                   .type = type_from(rows.text(i, 2)).value_or(Type::numeric),
                   .least = real(rows, i, 4),
                   .most = real(rows, i, 5),
                   .categories = {},
                   .archived = rows.integer(i, 7) != 0,
                   .created = rows.integer(i, 8),
                   .changed = rows.integer(i, 9)};
    for (const auto line : split(rows.text(i, 6), '\n')) {
      const auto [name, number] = cut(line, '\t');
      if (!name.empty()) one.categories.emplace_back(name, parse_double(number).value_or(0));
    }
    out.push_back(std::move(one));
  }
  return out;
}

Result<Books> Scores::books(ProjectId project) const {
  const auto rows = TRY(ledger_.read("SELECT received, refused, duplicate, merged FROM score_books WHERE project = ?",
                                     {std::int64_t{project}}));
  if (rows.size() == 0) return Books{};
  const auto count = [&](std::size_t column) { return static_cast<std::uint64_t>(rows.integer(0, column)); };
  return Books{count(0), count(1), count(2), count(3)};
}

}  // namespace pawl::scores
