// What the protobuf and the JSON walk share: their memory, the path to where they are, the books, the rules of records.
// For otlp_*.cc only.
#pragma once
#include <array>
#include <cstddef>
#include <cstring>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "wire/otlp.h"

namespace pawl::otlp {

// Memory that is handed out in a row and taken back to a mark. Blocks come from `source`; they go back when the object
// dies, unless it was made to `keep` them (then the values live as long as `source`).
class Scratch {
 public:
  enum class Blocks : std::uint8_t { give_back, keep };
  struct Mark {
    std::size_t block = 0, used = 0;
  };
  Scratch(std::pmr::memory_resource& source, Blocks blocks) : source_(source), keep_(blocks == Blocks::keep) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();

  char* allocate(std::size_t bytes);  // aligned for any value
  std::string_view copy(std::string_view text);
  template <typename T>
  std::span<const T> keep(const T* from, std::size_t count) {
    if (count == 0) return {};
    char* to = allocate(count * sizeof(T));
    std::memcpy(to, from, count * sizeof(T));
    return {std::launder(reinterpret_cast<const T*>(to)), count};
  }
  Mark mark() const { return at_; }
  void rewind(Mark to) { at_ = to; }

 private:
  struct Block {
    char* data;
    std::size_t size;
  };
  std::pmr::memory_resource& source_;
  std::vector<Block> blocks_;
  Mark at_;
  bool keep_;
};

// Where a walk is, for sentences: "resourceSpans[0].scopeSpans[1].spans[3].attributes[2].value", or "the body".
class Path {
 public:
  static constexpr std::size_t no_index = static_cast<std::size_t>(-1);
  void push(std::string_view name, std::size_t index = no_index) {
    if (depth_ < steps_.size()) steps_[depth_] = {name, index};
    ++depth_;
  }
  void pop() { --depth_; }
  // The index of the last step.
  void at(std::size_t index) {
    if (depth_ > 0 && depth_ <= steps_.size()) steps_[depth_ - 1].index = index;
  }
  std::string text() const;

 private:
  struct Step {
    std::string_view name;
    std::size_t index;
  };
  std::array<Step, 48> steps_;  // deeper ones are left out of the sentence
  std::size_t depth_ = 0;
};

// One step of a path while it lives.
class At {
 public:
  At(Path& path, std::string_view name, std::size_t index = Path::no_index) : path_(path) { path_.push(name, index); }
  At(const At&) = delete;
  At& operator=(const At&) = delete;
  ~At() { path_.pop(); }

 private:
  Path& path_;
};

// Thrown inside a walk where the body stops being OTLP; caught at the door.
struct Stop {
  std::string what;
};

// The books of one walk.
class Tally {
 public:
  Tally(const Limits& limits, Visitor* visitor) : limits_(limits), visitor_(visitor) {}
  // False when the request already holds as many records as it may: the record is refused unread.
  bool admit();
  void visited() { ++counts_.records; }
  void cut() { ++counts_.cut; }
  void refuse(std::string_view why);
  // Whether anybody would read a sentence, which costs an allocation.
  bool wants_reason() const { return visitor_ != nullptr || counts_.refused == 0; }
  Counts take();

 private:
  const Limits& limits_;
  Visitor* visitor_;
  Counts counts_;
};

// How the three signals name their levels.
struct Levels {
  std::string_view group, scope, record;
};
const Levels& levels_of(Signal signal);

// What is wrong with a record: a field and the rest of the sentence; `field` is empty where nothing is.
struct Fault {
  std::string_view field, what;
};
// Applies the rules for ids (otlp.h): an all-zero parent becomes none; ids of links and log records that are no ids
// become empty.
Fault settle(Span& span);
void settle(Link& link);
void settle(LogRecord& record, Scratch* scratch);

// Cuts a text at the limit, marks it and says so; strings at a character.
bool cut_text(Value& value, const Limits& limits);

inline constexpr std::string_view too_many_values = "holds more values than a record may (limit `values`)";

// A view that is surely UTF-8: `text` itself, or a repaired copy.
std::string_view valid_utf8(std::string_view text, Scratch& scratch);

// The two walks. `scratch` and `visitor` may be null for protobuf: then nothing is kept, only checked.
Result<Counts> walk_protobuf(std::string_view body, Signal, const Limits&, Scratch*, Visitor*);
Result<Counts> walk_json(std::string_view body, Signal, const Limits&, Scratch&, Visitor*);
Result<KeyValue> protobuf_key_value(std::string_view raw, Scratch&);
Result<Value> protobuf_value(std::string_view raw, Scratch&);
Result<KeyValue> json_key_value(std::string_view raw, Scratch&);
Result<Value> json_value(std::string_view raw, Scratch&);

}  // namespace pawl::otlp
