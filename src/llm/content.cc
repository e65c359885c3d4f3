// Cutting and choosing content.
#include "llm/content.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "llm/json_scan.h"

namespace pawl::llm {
namespace {

constexpr std::size_t large_attribute = 4096;  // a text of this size is content wherever it stands
constexpr std::size_t worth_a_body = 256;      // a smaller second copy of content stays an attribute
constexpr std::size_t worth_cutting = 512;     // whole objects below this are one piece

Slot slot_of(Field field, Kind kind) {
  const bool tool = kind == Kind::tool || kind == Kind::handoff;
  switch (field) {
    case Field::system:
      return Slot::system;
    case Field::tool_definitions:
      return Slot::tool_definitions;
    case Field::input:
      return tool ? Slot::arguments : Slot::input;
    case Field::output:
      return tool ? Slot::result : Slot::output;
    case Field::arguments:
      return Slot::arguments;
    case Field::result:
      return Slot::result;
    case Field::state:
      return Slot::state;
    default:
      return Slot::attribute;
  }
}

bool is_system(std::string_view message) {
  if (!json::is_object(message)) return false;
  json::Members members(message);
  while (members.next()) {
    if (members.key == "role") return members.value == "\"system\"" || members.value == "\"developer\"";
  }
  return false;
}

// And no dict that Python printed: that one stays whole.
bool is_json_object(std::string_view element) {
  if (!json::is_object(element)) return false;
  const std::string_view inside = json::trimmed(element.substr(1));
  return inside.empty() || inside.front() == '"' || inside.front() == '}';
}

// An event of a call (pydantic-ai, Logfire) that tells what came back, where nothing follows it.
bool is_answer(std::string_view event) {
  const std::string_view name = json::member(event, "event.name");
  return name == "\"gen_ai.choice\"" || name == "\"gen_ai.assistant.message\"" || name == "\"gen_ai.unknown\"";
}

void cut_array(Slot slot, std::string_view key, std::string_view text, std::vector<Content>& out) {
  json::Elements elements(text);
  std::size_t from = 0;
  const std::size_t before = out.size();
  bool object = true;
  std::size_t answers = 0;  // of recorded events: the assistant's at the end
  while (elements.next()) {
    object = object && is_json_object(elements.value);
    const bool system = slot == Slot::input && is_system(elements.value);
    answers = key == "events" && is_answer(elements.value) ? answers + 1 : 0;
    out.push_back(
        {system ? Slot::system : slot, Format::json_element, key, "", text.substr(from, elements.end - from)});
    from = elements.end;
  }
  const std::size_t count = out.size() - before;
  for (std::size_t i = out.size() - answers; i < out.size(); ++i) out[i].slot = Slot::output;
  if (count == 0 || !object || (count == 1 && out[before].slot == slot)) {
    out.resize(before);
    out.push_back({slot, Format::json, key, "", text});
    return;
  }
  if (from < text.size()) out.push_back({slot, Format::json_element, key, "", text.substr(from)});
}

// The list of messages inside a whole framework object, as an offset range; {0,0} where there is none.
std::pair<std::size_t, std::size_t> inner_list(std::string_view object) {
  json::Members members(object);
  while (members.next()) {
    const bool known = members.key == "messages" || members.key == "contents" || members.key == "input" ||
                       members.key == "inputs" || members.key == "history";
    if (!known) continue;
    std::string_view list = members.value;
    if (json::is_object(list)) list = json::member(list, "messages");
    if (json::is_array(list) && json::is_array(json::first(list))) list = json::first(list);
    if (!json::is_array(list)) continue;
    const auto begin = static_cast<std::size_t>(list.data() - object.data());
    return {begin, begin + list.size()};
  }
  return {0, 0};
}

// Head `{"model":…,"messages":`, then the list as any list, with what follows it in the last piece.
void cut_object(Slot slot, std::string_view key, std::string_view text, std::vector<Content>& out) {
  const auto [begin, end] = inner_list(text);
  json::Elements elements(text.substr(begin, end - begin));
  if (end == begin || !elements.next() || !json::is_object(elements.value)) {
    out.push_back({slot, Format::json, key, "", text});
    return;
  }
  out.push_back({slot, Format::json, key, "", text.substr(0, begin)});
  std::size_t from = begin;
  do {
    const bool system = slot == Slot::input && is_system(elements.value);
    const std::string_view piece = text.substr(from, begin + elements.end - from);
    out.push_back({system ? Slot::system : slot, Format::json_element, key, "", piece});
    from = begin + elements.end;
  } while (elements.next());
  if (from < text.size()) out.push_back({slot, Format::json_element, key, "", text.substr(from)});
}

// Protobuf: the payload of the first field `number` of wire type 2; `all` gets every one of them.
struct Wire {
  std::string_view bytes;
  std::size_t at = 0;
  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes[at++]);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  // The next field of wire type 2; others are stepped over.
  bool next(std::uint64_t& number, std::string_view& payload) {
    std::uint64_t tag = 0;
    while (varint(tag)) {
      number = tag >> 3;
      std::uint64_t length = 0;
      switch (tag & 7) {
        case 0:
          if (!varint(length)) return false;
          continue;
        case 1:
          at += 8;
          continue;
        case 5:
          at += 4;
          continue;
        case 2:
          if (!varint(length) || at > bytes.size() || length > bytes.size() - at) return false;
          payload = bytes.substr(at, length);
          at += length;
          return true;
        default:
          return false;
      }
    }
    return false;
  }
};

std::string_view protobuf_field(std::string_view message, std::uint64_t wanted) {
  Wire wire{message};
  std::uint64_t number = 0;
  std::string_view payload;
  while (wire.next(number, payload)) {
    if (number == wanted) return payload;
  }
  return {};
}

// The elements of an AnyValue that is an array, as received.
void array_elements(std::string_view any_value, std::vector<std::string_view>& elements) {
  elements.clear();
  if (any_value.starts_with('{')) {
    json::Elements values(json::at(any_value, {"arrayValue", "values"}));
    while (values.next()) elements.push_back(values.value);
    return;
  }
  Wire wire{protobuf_field(any_value, 5)};
  std::uint64_t number = 0;
  std::string_view payload;
  while (wire.next(number, payload)) {
    if (number == 1) elements.push_back(payload);
  }
}

bool is_system(const otlp::Value& message) {
  const otlp::Value* role = otlp::find(message.fields, "role");
  return role != nullptr && (role->text == "system" || role->text == "developer");
}

// A KeyValue in front of others of its message: tag and length of KeyValueList.values in protobuf, a comma in JSON.
std::size_t framed_size(std::string_view raw) {
  return raw.size() + 7;
}
void append_framed(Arena& arena, std::string_view raw, bool first) {
  if (raw.starts_with('{')) {
    if (!first) arena.append(",");
    arena.append(raw);
    return;
  }
  std::array<char, 6> head{0x0A};
  std::size_t size = 1;
  for (std::size_t length = raw.size();; length >>= 7) {
    head[size++] = static_cast<char>((length & 0x7F) | (length > 0x7F ? 0x80 : 0));
    if (length <= 0x7F) break;
  }
  arena.append({head.data(), size});
  arena.append(raw);
}

class Writer {
 public:
  explicit Writer(Reader& reader) : reader_(reader), out_(reader.out.content) {}

  void attributes();
  void events();

 private:
  void best_of(Field field);
  void flattened(Family family, Slot slot, bool wins);
  void one(const Candidate& candidate, Slot slot);
  void value(Slot slot, const otlp::KeyValue& kv);
  void large();
  void used(std::uint16_t attribute) {
    if (attribute >= used_.size()) used_.resize(reader_.span.attributes.size());
    if (attribute < used_.size()) used_[attribute] = true;
  }

  Reader& reader_;
  std::vector<Content>& out_;
  std::vector<bool> used_;
};

bool is_vercel_answer(std::string_view key) {
  return key.starts_with("ai.response.");
}

void Writer::best_of(Field field) {
  const std::uint8_t best = reader_.found.rank[static_cast<std::size_t>(field)];
  const bool tool = reader_.out.kind == Kind::tool || reader_.out.kind == Kind::handoff;
  const bool beaten = tool && ((field == Field::input && reader_.found.has(Field::arguments)) ||
                               (field == Field::output && reader_.found.has(Field::result)));
  const bool foreign = !tool && (field == Field::arguments || field == Field::result);
  constexpr std::uint8_t flattened_rank = 3;
  const bool flat = !tool && std::ranges::any_of(reader_.found.flat, [&](const FlatKey& key) {
    const Family family = flattened_family(key.prefix);
    return (field == Field::input && family == Family::input) || (field == Field::output && family == Family::output);
  });
  const bool flat_wins = flat && (!reader_.found.has(field) || best > flattened_rank);
  bool chosen = false;
  for (const Candidate& candidate : reader_.found.content) {
    if (candidate.field != field) continue;
    const bool wins = !beaten && !foreign && !flat_wins && candidate.rank == best && !chosen;
    if (wins) {
      chosen = true;
      one(candidate, slot_of(field, reader_.out.kind));
    } else if (is_vercel_answer(candidate.kv->key) && !tool) {
      one(candidate, Slot::output);
    } else if (candidate.kv->value.text.size() >= worth_a_body || candidate.kv->value.type > otlp::Value::Type::real) {
      one(candidate, Slot::attribute);
    }
  }
  if (flat)
    flattened(field == Field::input ? Family::input : Family::output, slot_of(field, reader_.out.kind), flat_wins);
}

void Writer::one(const Candidate& candidate, Slot slot) {
  const otlp::KeyValue& kv = *candidate.kv;
  if (kv.value.type == otlp::Value::Type::string) {
    if (kv.value.text.empty()) return;
    cut_text(slot, kv.key, kv.value.text, out_);
  } else {
    value(slot, kv);
  }
  used(candidate.attribute);
}

// A structured value: an array's elements are pieces, anything else is one.
void Writer::value(Slot slot, const otlp::KeyValue& kv) {
  if (kv.value.type == otlp::Value::Type::empty) return;
  const std::string_view bytes = value_bytes(kv.raw);
  if (bytes.empty()) {  // no bytes as received are known: made by hand
    std::string text;
    otlp::append_json(text, kv.value);
    cut_text(slot, kv.key, reader_.arena.keep(text), out_);
    return;
  }
  const bool list = kv.value.type == otlp::Value::Type::array && kv.value.items.size() > 1 &&
                    kv.value.items.front().type == otlp::Value::Type::map;
  if (list) {
    std::vector<std::string_view> elements;
    array_elements(bytes, elements);
    if (elements.size() == kv.value.items.size()) {
      for (std::size_t i = 0; i < elements.size(); ++i) {
        const bool system = slot == Slot::input && is_system(kv.value.items[i]);
        out_.push_back({system ? Slot::system : slot, Format::value, kv.key, "", elements[i]});
      }
      return;
    }
  }
  out_.push_back({slot, Format::value, kv.key, "", bytes});
}

// One piece a message: its keys in the order received, messages in the order of their numbers.
void Writer::flattened(Family family, Slot slot, bool wins) {
  std::pmr::vector<FlatKey> keys(reader_.found.flat.get_allocator());
  std::size_t bytes = 0;
  for (const FlatKey& key : reader_.found.flat) {
    if (flattened_family(key.prefix) != family || key.kv->raw.empty()) continue;
    keys.push_back(key);
    bytes += framed_size(key.kv->raw);
  }
  std::ranges::sort(keys, {}, [](const FlatKey& key) { return std::tuple(key.prefix, key.index, key.attribute); });
  reader_.arena.reserve(bytes);
  for (std::size_t i = 0; i < keys.size();) {
    const std::size_t mark = reader_.arena.mark();
    const std::string_view prefix = flattened_prefix(keys[i].prefix);
    std::string_view role;
    std::size_t end = i;
    for (; end < keys.size() && keys[end].prefix == keys[i].prefix && keys[end].index == keys[i].index; ++end) {
      append_framed(reader_.arena, keys[end].kv->raw, end == i);
      if (keys[end].kv->key.ends_with(".role")) role = keys[end].kv->value.text;
      used(keys[end].attribute);
    }
    const bool system = slot == Slot::input && (role == "system" || role == "developer");
    const Slot to = !wins ? Slot::attribute : system ? Slot::system : slot;
    out_.push_back({to, Format::key_values, prefix.substr(0, prefix.size() - 1), role, reader_.arena.since(mark)});
    i = end;
  }
}

void Writer::large() {
  std::uint16_t attribute = 0;
  for (const otlp::KeyValue& kv : reader_.span.attributes) {
    const std::uint16_t at = attribute++;
    if (at < used_.size() && used_[at]) continue;
    if (kv.value.type == otlp::Value::Type::string && kv.value.text.size() >= large_attribute) {
      cut_text(Slot::attribute, kv.key, kv.value.text, out_);
      used(at);
    } else if (kv.value.type == otlp::Value::Type::array && kv.raw.size() >= large_attribute) {
      value(Slot::attribute, kv);
      used(at);
    }
  }
}

void Writer::attributes() {
  for (const Field field : {Field::system, Field::tool_definitions, Field::arguments, Field::result, Field::input,
                            Field::output, Field::state}) {
    best_of(field);
  }
  const bool embedding = reader_.out.kind == Kind::embedding;
  bool tools = false, documents = false, embeddings = false;
  for (const FlatKey& key : reader_.found.flat) {
    const Family family = flattened_family(key.prefix);
    tools = tools || family == Family::tools;
    documents = documents || family == Family::documents;
    embeddings = embeddings || family == Family::embeddings;
  }
  if (tools) flattened(Family::tools, Slot::tool_definitions, !reader_.found.has(Field::tool_definitions));
  if (documents)
    flattened(Family::documents, Slot::output,
              reader_.out.kind == Kind::retriever || reader_.out.kind == Kind::reranker);
  if (embeddings) flattened(Family::embeddings, Slot::attribute, embedding);
  large();
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (used_[i]) reader_.out.used.push_back(reader_.span.attributes[i].key);
  }
}

struct EventSlot {
  std::string_view name;
  Slot slot;
  std::string_view role;
};
constexpr EventSlot event_slots[] = {
    {"gen_ai.system.message", Slot::system, "system"},
    {"gen_ai.user.message", Slot::input, "user"},
    {"gen_ai.assistant.message", Slot::input, "assistant"},
    {"gen_ai.tool.message", Slot::input, "tool"},
    {"gen_ai.choice", Slot::output, "assistant"},
    {"gen_ai.content.prompt", Slot::input, "user"},
    {"gen_ai.content.completion", Slot::output, "assistant"},
    {"gen_ai.evaluation.result", Slot::event, ""},
};

const EventSlot* event_slot(std::string_view name) {
  for (const EventSlot& entry : event_slots) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

// On a tool's own span its message is what it was given and its choice what it gave back.
Slot event_slot_on(Slot slot, std::string_view role, Kind kind) {
  if (kind != Kind::tool && kind != Kind::handoff) return slot;
  if (slot == Slot::output) return Slot::result;
  return role == "tool" || role == "user" ? Slot::arguments : slot;
}

}  // namespace

std::string_view value_bytes(std::string_view key_value) {
  if (key_value.starts_with('{')) return json::member(key_value, "value");
  return protobuf_field(key_value, 2);
}

void cut_text(Slot slot, std::string_view key, std::string_view text, std::vector<Content>& out) {
  const std::size_t begin = json::skip_space(text, 0);
  const char first = begin < text.size() ? text[begin] : '\0';
  const bool whole = slot == Slot::tool_definitions || slot == Slot::system || slot == Slot::state;
  if (first == '[' && !whole) return cut_array(slot, key, text, out);
  if (first == '{' && !whole && text.size() >= worth_cutting) return cut_object(slot, key, text, out);
  const bool json_text = first == '[' || first == '{' || first == '"';
  out.push_back({slot, json_text ? Format::json : Format::text, key, "", text});
}

void read_content(Reader& reader) {
  Writer(reader).attributes();
}

void read_event_content(std::string_view event, otlp::Attributes attributes, Reader& reader) {
  const EventSlot* entry = event_slot(event);
  const bool state = entry == nullptr && (event.find("state") != std::string_view::npos) && !attributes.empty();
  if (entry == nullptr && !state) return;
  std::size_t bytes = 0;
  for (const otlp::KeyValue& kv : attributes) bytes += framed_size(kv.raw);
  reader.arena.reserve(bytes);
  const std::size_t mark = reader.arena.mark();
  bool first = true;
  std::string_view role = entry != nullptr ? entry->role : "";
  for (const otlp::KeyValue& kv : attributes) {
    if (kv.raw.empty()) continue;
    append_framed(reader.arena, kv.raw, first);
    first = false;
    if (kv.key == "role" && kv.value.type == otlp::Value::Type::string && !kv.value.text.empty()) role = kv.value.text;
  }
  const std::string_view framed = reader.arena.since(mark);
  if (framed.empty()) return;
  const Slot slot = state ? Slot::state : event_slot_on(entry->slot, entry->role, reader.out.kind);
  reader.out.content.push_back({slot, Format::key_values, event, role, framed});
}

bool has_event_content(std::string_view event) {
  return event_slot(event) != nullptr;
}

void read_log_content(const otlp::LogRecord& record, Reader& reader) {
  const EventSlot* entry = event_slot(record.event_name);
  if (entry == nullptr || record.body.type == otlp::Value::Type::empty) return;
  std::string_view bytes =
      record.raw.starts_with('{') ? json::member(record.raw, "body") : protobuf_field(record.raw, 5);
  Format format = Format::value;
  if (bytes.empty()) {
    std::string text;
    otlp::append_json(text, record.body);
    bytes = reader.arena.keep(text);
    format = Format::json;
  }
  reader.out.content.push_back({entry->slot, format, entry->name, entry->role, bytes});
}

}  // namespace pawl::llm
