// Answers of measure queries, as numbers and as JSON.
#include <cmath>

#include "base/json.h"
#include "base/money.h"
#include "query.h"

namespace pawl::query {

std::optional<double> number_at(const native::Rows& rows, std::size_t column, std::size_t row, Type type) {
  if (rows.is_null(column, row)) return std::nullopt;
  if (type == Type::money) return static_cast<double>(rows.wide(column, row)) / static_cast<double>(pico_per_dollar);
  return rows.real(column, row);
}

void write_cell(JsonWriter& json, const native::Rows& rows, std::size_t column, std::size_t row, Type type) {
  if (rows.is_null(column, row)) {
    json.null();
    return;
  }
  switch (type) {
    case Type::text:
    case Type::enumeration:
      json.value(rows.text(column, row));
      return;
    case Type::time:
      json.value(format_time(rows.integer(column, row)));
      return;
    case Type::money:
      json.value(format_dollars(rows.wide(column, row)));
      return;
    case Type::number:
    case Type::duration: {
      const double value = rows.real(column, row);
      const bool whole = std::abs(value) < 9e15 && value == static_cast<double>(static_cast<std::int64_t>(value));
      whole ? json.value(static_cast<std::int64_t>(value)) : json.value(value);
    }
  }
}

void write_columns(JsonWriter& json, const std::vector<Column>& columns) {
  json.key("columns").array();
  for (const auto& column : columns)
    json.object().field("name", column.name).field("type", name_of(column.type)).field("unit", column.unit).end();
  json.end();
}

void write_rows(JsonWriter& json, std::string_view name, const Statement& statement, const native::Rows& rows) {
  json.key(name).array();
  for (std::size_t row = 0; row < rows.size(); ++row) {
    json.array();
    for (std::size_t column = 0; column < statement.columns.size(); ++column)
      write_cell(json, rows, column, row, statement.columns[column].type);
    json.end();
  }
  json.end();
}

void write_rows(JsonWriter& json, std::string_view name, const Shared::Answer& answer, const native::Rows& rows,
                std::span<const std::size_t> which) {
  json.key(name).array();
  for (const std::size_t row : which) {
    json.array();
    for (std::size_t i = 0; i < answer.from.size(); ++i)
      write_cell(json, rows, answer.from[i], row, answer.columns[i].type);
    json.end();
  }
  json.end();
}

}  // namespace pawl::query
