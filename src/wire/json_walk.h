// The walk over OTLP's JSON, declared. For otlp_json*.cc only.
#pragma once
#include <string>
#include <vector>

#include "wire/json_body.h"
#include "wire/otlp_parts.h"

namespace pawl::otlp {

class JsonWalk {
 public:
  JsonWalk(std::string_view body, const Limits& limits, Scratch& scratch, Visitor* visitor)
      : limits_(limits), scratch_(scratch), visitor_(visitor), tally_(limits, visitor), json_(body, scratch) {}

  Counts request(Signal signal);
  KeyValue one_key_value();
  Value one_value();
  std::size_t offset() { return json_.offset(); }

 private:
  void group(JsonValue& json);
  void scope(const Resource& resource, JsonValue& json);
  void record(const Resource& resource, const Scope& scope, JsonValue& json);
  Span span(JsonValue& json);
  void span_more(Span& span, std::uint64_t field, JsonValue& json);
  void status(Span& span, JsonValue& json);
  Event event(JsonValue& json);
  Link link(JsonValue& json);
  LogRecord log(JsonValue& json);
  void metric(const Resource& resource, const Scope& scope, JsonValue& json);
  void metric_data(const Resource& resource, const Scope& scope, Point point, JsonValue& json);
  void point(const Resource& resource, const Scope& scope, Point point, JsonValue& json);
  bool read_point(Point& point, JsonValue& json);

  Attributes attributes(JsonValue& json);
  KeyValue key_value(JsonValue& json, std::size_t depth);
  Value value(JsonValue& json, std::size_t depth);
  void choice(Value& into, std::uint64_t field, JsonValue& json, std::size_t depth);
  void nested(Value& into, JsonValue& json, std::size_t depth);

  // Scalars. On a wrong type: noted, and the default is answered.
  std::string_view text(JsonValue& json);
  std::int64_t integer(JsonValue& json);
  std::uint64_t nanos(JsonValue& json);
  std::uint32_t small(JsonValue& json);
  double real(JsonValue& json);
  bool boolean(JsonValue& json);
  std::int32_t enumeration(JsonValue& json, std::string_view prefix, std::span<const std::string_view> names);
  std::string_view id(JsonValue& json, std::size_t size);
  std::string_view base64(JsonValue& json);

  // A visitor of fields by hash, with the field in the path while it runs.
  template <typename F>
  auto named(F&& each) {
    return [this, &each](std::string_view name, JsonValue& child) {
      const At at(path_, name);
      each(field_hash(name), child);
    };
  }
  // Each field of an object that must be one; answers with its text.
  template <typename F>
  std::string_view fields(JsonValue& json, F&& each) {
    if (json_.kind(json) == JsonKind::object) return json_.object(json, named(each));
    wrong(json, "is not an object");
    return {};
  }
  // The same twice: for what must be known before its neighbours are read. `first` may leave fields unread.
  template <typename First, typename Second>
  void fields_twice(JsonValue& json, First&& first, Second&& second) {
    if (json_.kind(json) != JsonKind::object) return wrong(json, "is not an object");
    json_.object_twice(json, named(first), named(second));
  }
  // Each element of an array that must be one; its index joins the path.
  template <typename F>
  void elements(JsonValue& json, F&& each) {
    if (json_.kind(json) != JsonKind::array) return wrong(json, "is not an array");
    std::size_t index = 0;
    json_.array(json, [&](JsonValue& child) {
      path_.at(index++);
      each(child);
    });
    path_.at(Path::no_index);
  }
  template <typename T>
  std::span<const T> take(std::vector<T>& pile, std::size_t mark) {
    const std::span<const T> kept = scratch_.keep(pile.data() + mark, pile.size() - mark);
    pile.resize(mark);
    return kept;
  }
  // A value that is not what it must be: remembered for the record, or the end of the walk outside of one.
  void note(std::string_view what);
  void wrong(JsonValue& json, std::string_view what) {
    json_.skip(json);
    note(what);
  }
  bool spend(JsonValue& json);
  void begin_record();
  // The record's fate: true when it may be visited.
  bool settled(const Fault& fault);

  const Limits& limits_;
  Scratch& scratch_;
  Visitor* visitor_;
  Tally tally_;
  JsonBody json_;
  Signal signal_ = Signal::traces;
  Path path_;
  bool in_record_ = false;
  std::string noted_;  // the first thing wrong in this record
  std::size_t spent_ = 0;
  std::uint32_t groups_ = 0, scopes_ = 0;
  std::vector<KeyValue> attributes_;
  std::vector<Value> values_;
  std::vector<Event> events_;
  std::vector<Link> links_;
};

}  // namespace pawl::otlp
