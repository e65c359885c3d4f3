// Writing and reading of ClickHouse's Native blocks.
#include "wire/native.h"

#include "base/text.h"

namespace pawl::native {
namespace {

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  out += static_cast<char>(value);
}

void append_string(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}

// The part between the parentheses of "Array(String)", "" where there are none.
std::string_view argument(std::string_view type) {
  const auto open = type.find('(');
  if (open == std::string_view::npos || !type.ends_with(')')) return {};
  return type.substr(open + 1, type.size() - open - 2);
}

// "K, V" at the top level of nesting; quotes and parentheses are skipped over.
std::vector<std::string_view> arguments(std::string_view list) {
  std::vector<std::string_view> out;
  int depth = 0;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    const char c = i < list.size() ? list[i] : ',';
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '\'')
        quoted = false;
    } else if (c == '\'') {
      quoted = true;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      --depth;
    } else if (c == ',' && depth == 0) {
      out.push_back(trim(list.substr(start, i - start)));
      start = i + 1;
    }
  }
  return out;
}

class Reader {
 public:
  Reader(std::string_view bytes, std::deque<std::string>& owned) : bytes_(bytes), owned_(owned) {}
  bool done() const { return bytes_.empty(); }

  Result<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) break;
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) return value;
    }
    return fail(ErrorKind::corrupt, "Native block: a length runs past the end");
  }

  Result<std::string_view> string() {
    const std::uint64_t size = TRY(varint());
    return take(size);
  }

  Result<std::string_view> take(std::uint64_t size) {
    if (size > bytes_.size()) return fail(ErrorKind::corrupt, "Native block: {} bytes missing", size - bytes_.size());
    const auto out = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return out;
  }

  // What stands before a column's data: the version of each LowCardinality inside it.
  Result<void> prefix(std::string_view type) {
    if (type.starts_with("LowCardinality(")) {
      TRY(take(8));
      return {};
    }
    const bool nests = type.starts_with("Array(") || type.starts_with("Map(") || type.starts_with("Tuple(") ||
                       type.starts_with("Nullable(");
    if (nests) {
      for (const auto inner : arguments(argument(type))) TRY(prefix(inner));
    }
    return {};
  }

  Result<void> column(std::string_view type, std::size_t rows, Data& out) {
    if (out.type.empty()) out.type = type;
    if (type.starts_with("Nullable(")) {
      const auto nulls = TRY(take(rows));
      for (const char c : nulls) out.nulls.push_back(static_cast<std::uint8_t>(c));
      return column(argument(type), rows, out);
    }
    if (type.starts_with("SimpleAggregateFunction(")) return column(arguments(argument(type)).back(), rows, out);
    if (type.starts_with("LowCardinality(")) return low_cardinality(argument(type), rows, out);
    if (type.starts_with("Array(")) return nested(rows, {argument(type)}, out);
    if (type.starts_with("Map(")) return nested(rows, arguments(argument(type)), out);
    if (type.starts_with("Tuple(")) return tuple(rows, arguments(argument(type)), out);
    if (type.starts_with("Enum8(")) return enumeration(type, rows, out);
    return scalar(type, rows, out);
  }

 private:
  Result<void> nested(std::size_t rows, const std::vector<std::string_view>& types, Data& out) {
    const std::uint64_t before = out.offsets.empty() ? 0 : out.offsets.back();
    const auto raw = TRY(take(rows * 8));
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      std::memcpy(&last, raw.data() + i * 8, 8);
      out.offsets.push_back(before + last);
    }
    out.inner.resize(types.size());
    for (std::size_t i = 0; i < types.size(); ++i) TRY(column(types[i], last, out.inner[i]));
    return {};
  }

  // A dictionary of this block's distinct values, then an index a row (SerializationLowCardinality).
  Result<void> low_cardinality(std::string_view type, std::size_t rows, Data& out) {
    if (rows == 0) return {};
    const std::uint64_t kind = TRY(word()) & 0xFFU;
    if (kind > 3) return fail(ErrorKind::corrupt, "Native block: unknown index type {}", kind);
    Data dictionary;
    const std::uint64_t keys = TRY(word());
    TRY(column(type, keys, dictionary));
    if (TRY(word()) != rows) return fail(ErrorKind::corrupt, "Native block: a dictionary column of another length");
    const std::size_t width = std::size_t{1} << kind;
    const auto indexes = TRY(take(rows * width));
    for (std::size_t i = 0; i < rows; ++i) {
      std::uint64_t index = 0;
      std::memcpy(&index, indexes.data() + i * width, width);
      if (index >= dictionary.texts.size())
        return fail(ErrorKind::corrupt, "Native block: index outside its dictionary");
      out.texts.push_back(dictionary.texts[index]);
    }
    return {};
  }

  Result<std::uint64_t> word() {
    std::uint64_t value = 0;
    const auto raw = TRY(take(8));
    std::memcpy(&value, raw.data(), 8);
    return value;
  }

  Result<void> tuple(std::size_t rows, const std::vector<std::string_view>& types, Data& out) {
    out.inner.resize(types.size());
    for (std::size_t i = 0; i < types.size(); ++i) {
      auto type = types[i];  // a named element: "name Type"
      const auto space = type.find(' ');
      if (space != std::string_view::npos && space < type.find('(')) type = type.substr(space + 1);
      TRY(column(type, rows, out.inner[i]));
    }
    return {};
  }

  Result<void> enumeration(std::string_view type, std::size_t rows, Data& out) {
    std::array<std::string_view, 256> names{};
    for (const auto entry : arguments(argument(type))) {
      const auto equals = entry.rfind('=');
      const auto number = parse_int(trim(entry.substr(equals + 1)));
      const auto quoted = trim(entry.substr(0, equals));
      if (number && quoted.size() >= 2) {
        names[static_cast<std::uint8_t>(*number)] = owned_.emplace_back(quoted.substr(1, quoted.size() - 2));
      }
    }
    const auto raw = TRY(take(rows));
    for (const char c : raw) {
      out.integers.push_back(c);
      out.texts.push_back(names[static_cast<std::uint8_t>(c)]);
    }
    return {};
  }

  template <typename T>
  Result<void> numbers(std::size_t rows, Data& out) {
    const auto raw = TRY(take(rows * sizeof(T)));
    for (std::size_t i = 0; i < rows; ++i) {
      T value{};
      std::memcpy(&value, raw.data() + i * sizeof(T), sizeof(T));
      if constexpr (std::is_floating_point_v<T>) {
        out.reals.push_back(static_cast<double>(value));
      } else {
        out.integers.push_back(static_cast<std::int64_t>(value));
      }
    }
    return {};
  }

  Result<void> wide(std::size_t rows, Data& out) {
    const auto raw = TRY(take(rows * 16));
    for (std::size_t i = 0; i < rows; ++i) {
      Id128 value;
      std::memcpy(&value.low, raw.data() + i * 16, 8);
      std::memcpy(&value.high, raw.data() + i * 16 + 8, 8);
      out.wide.push_back(value);
    }
    return {};
  }

  Result<void> scalar(std::string_view type, std::size_t rows, Data& out) {
    if (type == "String") {
      for (std::size_t i = 0; i < rows; ++i) out.texts.push_back(TRY(string()));
      return {};
    }
    if (type == "UInt8" || type == "Bool") return numbers<std::uint8_t>(rows, out);
    if (type == "Int8") return numbers<std::int8_t>(rows, out);
    if (type == "UInt16" || type == "Date") return numbers<std::uint16_t>(rows, out);
    if (type == "Int16") return numbers<std::int16_t>(rows, out);
    if (type == "UInt32" || type == "DateTime" || type.starts_with("DateTime("))
      return numbers<std::uint32_t>(rows, out);
    if (type == "Int32") return numbers<std::int32_t>(rows, out);
    if (type == "UInt64") return numbers<std::uint64_t>(rows, out);
    if (type == "Int64" || type.starts_with("DateTime64(")) return numbers<std::int64_t>(rows, out);
    if (type == "UInt128" || type == "Int128") return wide(rows, out);
    if (type == "Float32") return numbers<float>(rows, out);
    if (type == "Float64") return numbers<double>(rows, out);
    if (type == "Nothing") {
      TRY(take(rows));
      out.integers.resize(out.integers.size() + rows);
      return {};
    }
    return fail(ErrorKind::corrupt, "Native block: this reader does not know the type {}", type);
  }

  std::string_view bytes_;
  std::deque<std::string>& owned_;
};

std::pair<std::size_t, std::size_t> range(const Data& data, std::size_t row) {
  return {row == 0 ? 0 : data.offsets[row - 1], data.offsets[row]};
}

template <typename T>
std::vector<T> slice(const Data& data, const std::vector<T>& values, std::size_t row) {
  const auto [from, to] = range(data, row);
  return {values.begin() + static_cast<std::ptrdiff_t>(from), values.begin() + static_cast<std::ptrdiff_t>(to)};
}

}  // namespace

void Column::append_text(std::string& out, std::string_view value) {
  append_string(out, value);
}

void Column::write(const Sink& sink) const {
  std::string head;
  append_string(head, name_);
  append_string(head, type_);
  for (const std::string_view piece : {std::string_view(head), std::string_view(offsets_), std::string_view(nulls_),
                                       std::string_view(values_), std::string_view(map_values_)})
    if (!piece.empty()) sink(piece);
}

void Column::clear() {
  offsets_.clear(), nulls_.clear(), values_.clear(), map_values_.clear();
  elements_ = 0;
  rows_ = 0;
}

std::size_t Block::bytes() const {
  std::size_t total = 0;
  for (const auto& column : columns_) total += column.bytes();
  return total;
}

void Block::write(const Sink& sink) const {
  std::string head;
  append_varint(head, columns_.size());
  append_varint(head, rows());
  sink(head);
  for (const auto& column : columns_) {
    PAWL_CHECK(column.rows() == rows(), "column {} has {} of {} rows", column.name(), column.rows(), rows());
    column.write(sink);
  }
}

std::string Block::write() const {
  std::string out;
  out.reserve(bytes() + columns_.size() * 64);
  write([&](std::string_view piece) { out += piece; });
  return out;
}

std::string Block::column_list() const {
  std::string out;
  for (const auto& column : columns_) out += (out.empty() ? "" : ", ") + column.name();
  return out;
}

void Block::clear() {
  for (auto& column : columns_) column.clear();
}

Result<Rows> Rows::read(std::string bytes) {
  Rows rows;
  const auto& kept = rows.bytes_.emplace_back(std::make_unique<std::string>(std::move(bytes)));
  Reader reader(*kept, rows.owned_);
  while (!reader.done()) {
    const std::uint64_t columns = TRY(reader.varint());
    const std::uint64_t count = TRY(reader.varint());
    if (rows.names_.empty()) {
      if (columns > 10'000) return fail(ErrorKind::corrupt, "Native block of {} columns", columns);
      rows.names_.resize(columns);
      rows.data_.resize(columns);
    }
    if (columns != rows.names_.size()) return fail(ErrorKind::corrupt, "Native blocks differ in their columns");
    for (std::size_t i = 0; i < columns; ++i) {
      rows.names_[i] = TRY(reader.string());
      const std::string_view type = TRY(reader.string());
      if (count == 0) {
        rows.data_[i].type = type;
      } else {
        TRY(reader.prefix(type));
        TRY(reader.column(type, count, rows.data_[i]));
      }
    }
    rows.rows_ += count;
  }
  return rows;
}

std::optional<std::size_t> Rows::find(std::string_view name) const {
  const auto at = std::ranges::find(names_, name);
  if (at == names_.end()) return std::nullopt;
  return static_cast<std::size_t>(at - names_.begin());
}

bool Rows::is_null(std::size_t column, std::size_t row) const {
  return !data_[column].nulls.empty() && data_[column].nulls[row] != 0;
}

std::int64_t Rows::integer(std::size_t column, std::size_t row) const {
  const Data& data = data_[column];
  if (!data.integers.empty()) return data.integers[row];
  if (!data.wide.empty()) return static_cast<std::int64_t>(data.wide[row].low);
  PAWL_CHECK(!data.reals.empty(), "column {} of type {} is no integer", names_[column], data.type);
  return static_cast<std::int64_t>(data.reals[row]);
}

double Rows::real(std::size_t column, std::size_t row) const {
  const Data& data = data_[column];
  if (!data.reals.empty()) return data.reals[row];
  return static_cast<double>(wide(column, row));
}

std::string_view Rows::text(std::size_t column, std::size_t row) const {
  PAWL_CHECK(!data_[column].texts.empty(), "column {} of type {} is no text", names_[column], data_[column].type);
  return data_[column].texts[row];
}

Id128 Rows::id(std::size_t column, std::size_t row) const {
  PAWL_CHECK(!data_[column].wide.empty(), "column {} of type {} is no key", names_[column], data_[column].type);
  return data_[column].wide[row];
}

Int128 Rows::wide(std::size_t column, std::size_t row) const {
  const Data& data = data_[column];
  if (data.wide.empty()) return integer(column, row);
  const Id128& value = data.wide[row];
  return static_cast<Int128>((static_cast<unsigned __int128>(value.high) << 64U) | value.low);
}

std::optional<std::int64_t> Rows::maybe(std::size_t column, std::size_t row) const {
  if (is_null(column, row)) return std::nullopt;
  return integer(column, row);
}

std::vector<std::string_view> Rows::texts(std::size_t column, std::size_t row) const {
  return slice(data_[column], data_[column].inner.at(0).texts, row);
}

std::vector<std::int64_t> Rows::integers(std::size_t column, std::size_t row) const {
  return slice(data_[column], data_[column].inner.at(0).integers, row);
}

std::vector<Id128> Rows::ids(std::size_t column, std::size_t row) const {
  return slice(data_[column], data_[column].inner.at(0).wide, row);
}

std::vector<std::pair<std::string_view, std::string_view>> Rows::map(std::size_t column, std::size_t row) const {
  const Data& data = data_[column];
  const auto [from, to] = range(data, row);
  std::vector<std::pair<std::string_view, std::string_view>> out;
  for (std::size_t i = from; i < to; ++i) out.emplace_back(data.inner.at(0).texts[i], data.inner.at(1).texts[i]);
  return out;
}

}  // namespace pawl::native
