// The walk over protobuf bytes, declared. For otlp_protobuf*.cc only.
#pragma once
#include <vector>

#include "wire/otlp_parts.h"
#include "wire/protobuf.h"

namespace pawl::otlp {

// Values that were read and wait for their message to end; then they move to the scratch memory in one piece.
template <typename T>
class Pile {
 public:
  std::size_t mark() const { return items_.size(); }
  void push(const T& item) { items_.push_back(item); }
  std::span<const T> take(std::size_t mark, Scratch& scratch) {
    const std::span<const T> kept = scratch.keep(items_.data() + mark, items_.size() - mark);
    items_.resize(mark);
    return kept;
  }

 private:
  std::vector<T> items_;
};

class ProtobufWalk {
 public:
  ProtobufWalk(const Limits& limits, Scratch* scratch, Visitor* visitor)
      : limits_(limits), scratch_(scratch), visitor_(visitor), tally_(limits, visitor) {}

  Counts request(std::string_view body, Signal signal);
  void key_value(KeyValue& into, std::string_view raw, std::size_t depth);
  void value(Value& into, std::string_view raw, std::size_t depth);
  // The byte where the last field began to be read.
  const char* at() const { return at_; }

 private:
  void group(std::string_view bytes);
  void scope(const Resource& resource, std::string_view bytes);
  void record(const Resource& resource, const Scope& scope, std::string_view bytes);
  Span span(std::string_view raw);
  void status(Span& span, std::string_view bytes);
  Event event(std::string_view raw);
  Link link(std::string_view bytes);
  LogRecord log(std::string_view raw);
  void metric(const Resource& resource, const Scope& scope, std::string_view bytes);
  void points(const Resource& resource, const Scope& scope, Point point, std::string_view data);
  bool number_point(Point& point, std::string_view bytes);
  bool histogram_point(Point& point, std::string_view bytes);
  void attribute(std::string_view raw);
  void array(Value& value, std::string_view bytes, std::size_t depth);
  void map(Value& value, std::string_view bytes, std::size_t depth);

  bool next(protobuf::Reader& reader) {
    at_ = reader.data().data();
    return reader.next();
  }
  std::string_view name(std::string_view text) { return scratch_ == nullptr ? text : valid_utf8(text, *scratch_); }
  template <typename T>
  std::span<const T> take(Pile<T>& pile, std::size_t mark) {
    return scratch_ == nullptr ? std::span<const T>{} : pile.take(mark, *scratch_);
  }
  template <typename T>
  void keep(Pile<T>& pile, const T& item) {
    if (scratch_ != nullptr) pile.push(item);
  }
  // One more value of this record; false when it holds too many already.
  bool spend() { return spent_++ < limits_.values; }
  void refill() { spent_ = 0; }
  bool overspent() const { return spent_ > limits_.values; }
  void refuse(const Fault& fault);
  Scratch::Mark mark() const { return scratch_ == nullptr ? Scratch::Mark{} : scratch_->mark(); }
  void rewind(Scratch::Mark to) {
    if (scratch_ != nullptr) scratch_->rewind(to);
  }

  const Limits& limits_;
  Scratch* scratch_;
  Visitor* visitor_;
  Tally tally_;
  Signal signal_ = Signal::traces;
  Path path_;
  const char* at_ = nullptr;
  std::size_t spent_ = 0;
  std::uint32_t groups_ = 0, scopes_ = 0;
  Pile<KeyValue> attributes_;
  Pile<Value> values_;
  Pile<Event> events_;
  Pile<Link> links_;
};

}  // namespace pawl::otlp
