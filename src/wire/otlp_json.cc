// The walk over OTLP's JSON. A value of the wrong type inside a record refuses that record; outside of one it ends the
// walk. Unknown fields are passed over, null is "not sent", of two fields with one name the last counts.
#include <algorithm>

#include "base/text.h"
#include "wire/json_body.h"
#include "wire/otlp_parts.h"

namespace pawl::otlp {
namespace {

template <typename T>
using Pile = std::vector<T>;

class Walk {
 public:
  Walk(std::string_view body, const Limits& limits, Scratch& scratch, Visitor* visitor)
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

  // Each field of an object that must be one; answers with its text.
  template <typename F>
  std::string_view fields(JsonValue& json, F&& each) {
    if (JsonBody::kind(json) == JsonKind::object) return json_.object(json, each);
    wrong(json, "is not an object");
    return {};
  }
  // Each element of an array that must be one, with the path of it.
  template <typename F>
  void elements(JsonValue& json, std::string_view name, F&& each) {
    if (JsonBody::kind(json) != JsonKind::array) {
      const At at(path_, name);
      return wrong(json, "is not an array");
    }
    std::size_t index = 0;
    json_.array(json, [&](JsonValue& child) {
      const At at(path_, name, index++);
      each(child);
    });
  }
  template <typename T>
  std::span<const T> take(Pile<T>& pile, std::size_t mark) {
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
  Pile<KeyValue> attributes_;
  Pile<Value> values_;
  Pile<Event> events_;
  Pile<Link> links_;
};

constexpr std::array<std::string_view, 6> span_kinds = {"UNSPECIFIED", "INTERNAL", "SERVER",
                                                        "CLIENT",      "PRODUCER", "CONSUMER"};
constexpr std::array<std::string_view, 3> status_codes = {"UNSET", "OK", "ERROR"};
constexpr std::array<std::string_view, 3> temporalities = {"UNSPECIFIED", "DELTA", "CUMULATIVE"};
constexpr std::array<std::string_view, 25> severities = {
    "UNSPECIFIED", "TRACE",  "TRACE2", "TRACE3", "TRACE4", "DEBUG",  "DEBUG2", "DEBUG3", "DEBUG4",
    "INFO",        "INFO2",  "INFO3",  "INFO4",  "WARN",   "WARN2",  "WARN3",  "WARN4",  "ERROR",
    "ERROR2",      "ERROR3", "ERROR4", "FATAL",  "FATAL2", "FATAL3", "FATAL4"};

void Walk::note(std::string_view what) {
  std::string sentence = noted_.empty() ? fmt::format("{} {}", path_.text(), what) : std::string();
  if (!in_record_) throw Stop{std::move(sentence)};
  if (noted_.empty()) noted_ = std::move(sentence);
}

bool Walk::spend(JsonValue& json) {
  if (spent_++ < limits_.values) return true;
  if (!in_record_) note(too_many_values);
  json_.skip(json);
  return false;
}

void Walk::begin_record() {
  in_record_ = true;
  noted_.clear();
  spent_ = 0;
}

bool Walk::settled(const Fault& fault) {
  in_record_ = false;
  if (spent_ > limits_.values) noted_ = fmt::format("{} {}", path_.text(), too_many_values);
  if (noted_.empty() && !fault.what.empty()) {
    noted_ = fmt::format("{}{}{} {}", path_.text(), fault.field.empty() ? "" : ".", fault.field, fault.what);
  }
  if (!noted_.empty()) {
    tally_.refuse(noted_);
    return false;
  }
  tally_.visited();
  return visitor_ != nullptr;
}

Counts Walk::request(Signal signal) {
  signal_ = signal;
  const Levels& levels = levels_of(signal);
  JsonValue root = json_.root();
  fields(root, [&](std::uint64_t field, JsonValue& json) {
    if (field != field_hash(levels.group)) return json_.skip(json);
    elements(json, levels.group, [&](JsonValue& item) { group(item); });
  });
  json_.finish();
  return tally_.take();
}

void Walk::group(JsonValue& json) {
  if (JsonBody::kind(json) != JsonKind::object) return wrong(json, "is not an object");
  const Scratch::Mark before = scratch_.mark();
  spent_ = 0;
  Resource resource;
  const auto read_resource = [&](std::uint64_t field, JsonValue& child) {
    if (field != "resource"_field) return;
    const At at(path_, "resource");
    fields(child, [&](std::uint64_t name, JsonValue& part) {
      if (name != "attributes"_field) return json_.skip(part);
      resource.attributes = attributes(part);
    });
  };
  const std::string_view scopes = levels_of(signal_).scope;
  const auto read_scopes = [&](std::uint64_t field, JsonValue& child) {
    if (field == "resource"_field) return;
    if (field != field_hash(scopes)) return json_.skip(child);
    elements(child, scopes, [&](JsonValue& item) { scope(resource, item); });
  };
  resource.index = groups_++;
  json_.object_twice(json, read_resource, read_scopes);
  scratch_.rewind(before);
}

void Walk::scope(const Resource& resource, JsonValue& json) {
  if (JsonBody::kind(json) != JsonKind::object) return wrong(json, "is not an object");
  const Scratch::Mark before = scratch_.mark();
  spent_ = 0;
  Scope scope;
  const auto read_scope = [&](std::uint64_t field, JsonValue& child) {
    if (field != "scope"_field) return;
    const At at(path_, "scope");
    fields(child, [&](std::uint64_t name, JsonValue& part) {
      switch (name) {
        case "name"_field:
          scope.name = text(part);
          break;
        case "version"_field:
          scope.version = text(part);
          break;
        case "attributes"_field:
          scope.attributes = attributes(part);
          break;
        default:
          json_.skip(part);
      }
    });
  };
  const std::string_view records = levels_of(signal_).record;
  const auto read_records = [&](std::uint64_t field, JsonValue& child) {
    if (field == "scope"_field) return;
    if (field != field_hash(records)) return json_.skip(child);
    elements(child, records, [&](JsonValue& item) { record(resource, scope, item); });
  };
  scope.index = scopes_++;
  json_.object_twice(json, read_scope, read_records);
  scratch_.rewind(before);
}

void Walk::record(const Resource& resource, const Scope& scope, JsonValue& json) {
  if (signal_ == Signal::metrics) return metric(resource, scope, json);
  if (!tally_.admit()) return json_.skip(json);
  const Scratch::Mark before = scratch_.mark();
  begin_record();
  if (signal_ == Signal::traces) {
    Span read = span(json);
    if (settled(settle(read))) visitor_->span(resource, scope, read);
  } else {
    LogRecord read = log(json);
    settle(read, &scratch_);
    if (settled({})) visitor_->log(resource, scope, read);
  }
  scratch_.rewind(before);
}

Span Walk::span(JsonValue& json) {
  Span span;
  span.raw = fields(json, [&](std::uint64_t field, JsonValue& part) {
    switch (field) {
      case "traceId"_field:
        span.trace_id = id(part, 16);
        break;
      case "spanId"_field:
        span.span_id = id(part, 8);
        break;
      case "parentSpanId"_field:
        span.parent_id = id(part, 8);
        break;
      case "traceState"_field:
        span.trace_state = text(part);
        break;
      case "name"_field:
        span.name = text(part);
        break;
      case "kind"_field:
        span.kind = enumeration(part, "SPAN_KIND_", span_kinds);
        break;
      case "startTimeUnixNano"_field:
        span.start_ns = nanos(part);
        break;
      case "endTimeUnixNano"_field:
        span.end_ns = nanos(part);
        break;
      case "attributes"_field:
        span.attributes = attributes(part);
        break;
      default:
        span_more(span, field, part);
    }
  });
  return span;
}

void Walk::span_more(Span& span, std::uint64_t field, JsonValue& json) {
  switch (field) {
    case "events"_field:
      elements(json, "events", [&](JsonValue& item) {
        if (spend(item)) events_.push_back(event(item));
      });
      span.events = take(events_, 0);
      break;
    case "links"_field:
      elements(json, "links", [&](JsonValue& item) {
        if (spend(item)) links_.push_back(link(item));
      });
      span.links = take(links_, 0);
      break;
    case "status"_field: {
      const At at(path_, "status");
      status(span, json);
      break;
    }
    case "droppedAttributesCount"_field:
      span.dropped_attributes = small(json);
      break;
    case "droppedEventsCount"_field:
      span.dropped_events = small(json);
      break;
    case "droppedLinksCount"_field:
      span.dropped_links = small(json);
      break;
    default:
      json_.skip(json);
  }
}

void Walk::status(Span& span, JsonValue& json) {
  fields(json, [&](std::uint64_t field, JsonValue& part) {
    switch (field) {
      case "code"_field:
        span.status_code = enumeration(part, "STATUS_CODE_", status_codes);
        break;
      case "message"_field:
        span.status_message = text(part);
        break;
      default:
        json_.skip(part);
    }
  });
}

Event Walk::event(JsonValue& json) {
  Event event;
  event.raw = fields(json, [&](std::uint64_t field, JsonValue& part) {
    switch (field) {
      case "timeUnixNano"_field:
        event.time_ns = nanos(part);
        break;
      case "name"_field:
        event.name = text(part);
        break;
      case "attributes"_field:
        event.attributes = attributes(part);
        break;
      default:
        json_.skip(part);
    }
  });
  return event;
}

Link Walk::link(JsonValue& json) {
  Link link;
  fields(json, [&](std::uint64_t field, JsonValue& part) {
    switch (field) {
      case "traceId"_field:
        link.trace_id = id(part, 16);
        break;
      case "spanId"_field:
        link.span_id = id(part, 8);
        break;
      case "attributes"_field:
        link.attributes = attributes(part);
        break;
      default:
        json_.skip(part);
    }
  });
  settle(link);
  return link;
}

LogRecord Walk::log(JsonValue& json) {
  LogRecord record;
  record.raw = fields(json, [&](std::uint64_t field, JsonValue& part) {
    switch (field) {
      case "timeUnixNano"_field:
        record.time_ns = nanos(part);
        break;
      case "observedTimeUnixNano"_field:
        record.observed_ns = nanos(part);
        break;
      case "severityNumber"_field:
        record.severity = enumeration(part, "SEVERITY_NUMBER_", severities);
        break;
      case "severityText"_field:
        record.severity_text = text(part);
        break;
      case "body"_field: {
        const At at(path_, "body");
        record.body = value(part, 1);
        break;
      }
      case "attributes"_field:
        record.attributes = attributes(part);
        break;
      case "traceId"_field:
        record.trace_id = id(part, 16);
        break;
      case "spanId"_field:
        record.span_id = id(part, 8);
        break;
      case "eventName"_field:
        record.event_name = text(part);
        break;
      default:
        json_.skip(part);
    }
  });
  return record;
}

void Walk::metric(const Resource& resource, const Scope& scope, JsonValue& json) {
  if (JsonBody::kind(json) != JsonKind::object) return wrong(json, "is not an object");
  const Scratch::Mark before = scratch_.mark();
  Point base;
  const auto read_names = [&](std::uint64_t field, JsonValue& part) {
    if (field == "name"_field) base.metric = text(part);
    if (field == "unit"_field) base.unit = text(part);
  };
  const auto read_data = [&](std::uint64_t field, JsonValue& part) {
    switch (field) {
      case "gauge"_field:
        base.type = Point::Type::gauge;
        break;
      case "sum"_field:
        base.type = Point::Type::sum;
        break;
      case "histogram"_field:
        base.type = Point::Type::histogram;
        break;
      case "exponentialHistogram"_field:
        base.type = Point::Type::exponential_histogram;
        break;
      case "summary"_field:
        base.type = Point::Type::summary;
        break;
      case "name"_field:
      case "unit"_field:
        return;
      default:
        return json_.skip(part);
    }
    metric_data(resource, scope, base, part);
  };
  json_.object_twice(json, read_names, read_data);
  scratch_.rewind(before);
}

void Walk::metric_data(const Resource& resource, const Scope& scope, Point base, JsonValue& json) {
  if (JsonBody::kind(json) != JsonKind::object) return wrong(json, "holds data that is not an object");
  const auto read_kind = [&](std::uint64_t field, JsonValue& part) {
    if (field == "aggregationTemporality"_field) {
      base.delta = enumeration(part, "AGGREGATION_TEMPORALITY_", temporalities) == 1;
    } else if (field == "isMonotonic"_field) {
      base.monotonic = boolean(part);
    }
  };
  const auto read_points = [&](std::uint64_t field, JsonValue& part) {
    if (field == "aggregationTemporality"_field || field == "isMonotonic"_field) return;
    if (field != "dataPoints"_field) return json_.skip(part);
    elements(part, "dataPoints", [&](JsonValue& item) { point(resource, scope, base, item); });
  };
  json_.object_twice(json, read_kind, read_points);
}

void Walk::point(const Resource& resource, const Scope& scope, Point point, JsonValue& json) {
  if (!tally_.admit()) return json_.skip(json);
  const Scratch::Mark before = scratch_.mark();
  begin_record();
  const bool recorded = read_point(point, json);
  if (recorded || !noted_.empty()) {
    const Fault fault = point.metric.empty() ? Fault{{}, "belongs to a metric without a name"} : Fault{};
    if (settled(fault)) visitor_->point(resource, scope, point);
  }
  in_record_ = false;
  scratch_.rewind(before);
}

bool Walk::read_point(Point& point, JsonValue& json) {
  bool recorded = true;
  fields(json, [&](std::uint64_t field, JsonValue& part) {
    switch (field) {
      case "startTimeUnixNano"_field:
        point.start_ns = nanos(part);
        break;
      case "timeUnixNano"_field:
        point.time_ns = nanos(part);
        break;
      case "asDouble"_field:
      case "sum"_field:
        point.value = real(part);
        break;
      case "asInt"_field:
        point.value = static_cast<double>(integer(part));
        break;
      case "count"_field:
        point.count = nanos(part);
        break;
      case "attributes"_field:
        point.attributes = attributes(part);
        break;
      case "flags"_field:
        recorded = (small(part) & 1U) == 0;
        break;
      default:
        json_.skip(part);
    }
  });
  return recorded;
}

Attributes Walk::attributes(JsonValue& json) {
  const std::size_t first = attributes_.size();
  elements(json, "attributes", [&](JsonValue& item) {
    if (spend(item)) attributes_.push_back(key_value(item, 1));
  });
  return take(attributes_, first);
}

KeyValue Walk::key_value(JsonValue& json, std::size_t depth) {
  KeyValue read;
  read.raw = fields(json, [&](std::uint64_t field, JsonValue& part) {
    if (field == "key"_field) {
      read.key = text(part);
    } else if (field == "value"_field) {
      const At at(path_, "value");
      read.value = value(part, depth);
    } else {
      json_.skip(part);
    }
  });
  return read;
}

// AnyValue, a choice: the last of its fields counts.
Value Walk::value(JsonValue& json, std::size_t depth) {
  Value read;
  if (JsonBody::kind(json) == JsonKind::null) return read;
  if (JsonBody::kind(json) != JsonKind::object) {
    wrong(json, "is not an object such as {\"stringValue\":\"…\"}");
    return read;
  }
  const std::string_view raw = json_.object(json, [&](std::uint64_t field, JsonValue& part) {
    if (read.type != Value::Type::empty) read = Value{};
    choice(read, field, part, depth);
  });
  read.raw = raw;
  return read;
}

void Walk::choice(Value& into, std::uint64_t field, JsonValue& json, std::size_t depth) {
  switch (field) {
    case "stringValue"_field:
      into.type = Value::Type::string;
      into.text = text(json);
      break;
    case "bytesValue"_field:
      into.type = Value::Type::bytes;
      into.text = base64(json);
      break;
    case "boolValue"_field:
      into.type = Value::Type::boolean;
      into.boolean = boolean(json);
      break;
    case "intValue"_field:
      into.type = Value::Type::integer;
      into.integer = integer(json);
      break;
    case "doubleValue"_field:
      into.type = Value::Type::real;
      into.real = real(json);
      break;
    case "arrayValue"_field:
      into.type = Value::Type::array;
      nested(into, json, depth);
      break;
    case "kvlistValue"_field:
      into.type = Value::Type::map;
      nested(into, json, depth);
      break;
    default:
      json_.skip(json);
  }
  if (cut_text(into, limits_)) tally_.cut();
}

// ArrayValue and KeyValueList: both hold `values`.
void Walk::nested(Value& into, JsonValue& json, std::size_t depth) {
  const std::size_t first_item = values_.size(), first_field = attributes_.size();
  fields(json, [&](std::uint64_t field, JsonValue& part) {
    if (field != "values"_field) return json_.skip(part);
    if (depth >= limits_.depth) {
      into.cut = true;
      tally_.cut();
      return json_.skip(part);
    }
    elements(part, "values", [&](JsonValue& item) {
      if (!spend(item)) return;
      if (into.type == Value::Type::array) {
        values_.push_back(value(item, depth + 1));
      } else {
        attributes_.push_back(key_value(item, depth + 1));
      }
    });
  });
  into.items = take(values_, first_item);
  into.fields = take(attributes_, first_field);
}

std::string_view Walk::text(JsonValue& json) {
  if (JsonBody::kind(json) == JsonKind::string) return json_.string(json);
  wrong(json, "holds something else where a string belongs");
  return {};
}

std::int64_t Walk::integer(JsonValue& json) {
  const JsonKind kind = JsonBody::kind(json);
  if (kind == JsonKind::number || kind == JsonKind::string) {
    const std::string_view number = kind == JsonKind::string ? json_.string(json) : JsonBody::token(json);
    if (const auto value = to_integer(number)) return *value;
  }
  wrong(json, "holds something else where a 64-bit integer belongs");
  return 0;
}

std::uint64_t Walk::nanos(JsonValue& json) {
  const JsonKind kind = JsonBody::kind(json);
  if (kind == JsonKind::number || kind == JsonKind::string) {
    const std::string_view number = kind == JsonKind::string ? json_.string(json) : JsonBody::token(json);
    if (number.empty()) return 0;
    if (const auto value = to_unsigned(number)) return *value;
  }
  wrong(json, "holds something else where a time or count belongs");
  return 0;
}

std::uint32_t Walk::small(JsonValue& json) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(nanos(json), UINT32_MAX));
}

double Walk::real(JsonValue& json) {
  const JsonKind kind = JsonBody::kind(json);
  if (kind == JsonKind::number || kind == JsonKind::string) {
    const std::string_view number = kind == JsonKind::string ? json_.string(json) : JsonBody::token(json);
    if (number == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (number == "Infinity") return std::numeric_limits<double>::infinity();
    if (number == "-Infinity") return -std::numeric_limits<double>::infinity();
    if (const auto value = to_real(number)) return *value;
  }
  wrong(json, "holds something else where a number belongs");
  return 0;
}

bool Walk::boolean(JsonValue& json) {
  const std::string_view token = JsonBody::token(json);
  if (token == "true" || token == "false") return token == "true";
  wrong(json, "holds something else where true or false belongs");
  return false;
}

// A number, or a name with or without the prefix; a name that we do not know is 0 (unspecified).
std::int32_t Walk::enumeration(JsonValue& json, std::string_view prefix, std::span<const std::string_view> names) {
  const JsonKind kind = JsonBody::kind(json);
  if (kind == JsonKind::number || kind == JsonKind::string) {
    std::string_view name = kind == JsonKind::string ? json_.string(json) : JsonBody::token(json);
    if (const auto value = to_integer(name); value && std::in_range<std::int32_t>(*value)) {
      return static_cast<std::int32_t>(*value);
    }
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    const auto found = std::ranges::find(names, name);
    if (kind == JsonKind::string) {
      return found == names.end() ? 0 : static_cast<std::int32_t>(found - names.begin());
    }
  }
  wrong(json, "holds something else where an enum's number or name belongs");
  return 0;
}

// Hex of any case, or base64 as protobuf's own JSON has it. What is neither is one byte long, which no rule accepts.
std::string_view Walk::id(JsonValue& json, std::size_t size) {
  if (JsonBody::kind(json) != JsonKind::string) {
    wrong(json, "holds something else where an id belongs");
    return {};
  }
  const std::string_view given = json_.string(json);
  if (given.empty()) return {};
  std::optional<std::string> bytes = given.size() == size * 2 ? from_hex(given) : std::nullopt;
  if (!bytes) bytes = from_base64(given);
  if (!bytes || bytes->size() != size) return "?";
  return scratch_.copy(*bytes);
}

std::string_view Walk::base64(JsonValue& json) {
  if (JsonBody::kind(json) == JsonKind::string) {
    if (const auto bytes = from_base64(json_.string(json))) return scratch_.copy(*bytes);
  }
  wrong(json, "holds something else where base64 belongs");
  return {};
}

KeyValue Walk::one_key_value() {
  JsonValue root = json_.root();
  const KeyValue read = key_value(root, 1);
  json_.finish();
  return read;
}

Value Walk::one_value() {
  JsonValue root = json_.root();
  const Value read = value(root, 1);
  json_.finish();
  return read;
}

// Runs `read` on a walk over `body`; what is thrown in there becomes an error.
template <typename T>
Result<T> guarded(ErrorKind kind, std::string_view body, const Limits& limits, Scratch& scratch, Visitor* visitor,
                  auto&& read) {
  std::optional<Walk> walk;
  try {
    walk.emplace(body, limits, scratch, visitor);
    return read(*walk);
  } catch (const Stop& stop) {
    return fail(kind, "{}", stop.what);
  } catch (const simdjson::simdjson_error& error) {
    return fail(kind, "the body stops being JSON near byte {} of {}: {}", walk ? walk->offset() : 0, body.size(),
                error.what());
  }
}

}  // namespace

Result<Counts> walk_json(std::string_view body, Signal signal, const Limits& limits, Scratch& scratch,
                         Visitor* visitor) {
  return guarded<Counts>(ErrorKind::invalid, body, limits, scratch, visitor,
                         [&](Walk& walk) { return walk.request(signal); });
}

Result<KeyValue> json_key_value(std::string_view raw, Scratch& scratch) {
  return guarded<KeyValue>(ErrorKind::corrupt, raw, Limits{}, scratch, nullptr,
                           [](Walk& walk) { return walk.one_key_value(); });
}

Result<Value> json_value(std::string_view raw, Scratch& scratch) {
  if (raw == "null") return Value{};
  return guarded<Value>(ErrorKind::corrupt, raw, Limits{}, scratch, nullptr,
                        [](Walk& walk) { return walk.one_value(); });
}

}  // namespace pawl::otlp
