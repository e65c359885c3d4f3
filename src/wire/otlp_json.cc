// The walk over OTLP's JSON. A value of the wrong type inside a record refuses that record; outside of one it ends the
// walk. Unknown fields are passed over, null is "not sent", of two fields with one name the last counts.
#include "wire/json_walk.h"

namespace pawl::otlp {
namespace {

constexpr std::array<std::string_view, 6> span_kinds = {"UNSPECIFIED", "INTERNAL", "SERVER",
                                                        "CLIENT",      "PRODUCER", "CONSUMER"};
constexpr std::array<std::string_view, 3> status_codes = {"UNSET", "OK", "ERROR"};
constexpr std::array<std::string_view, 25> severities = {
    "UNSPECIFIED", "TRACE",  "TRACE2", "TRACE3", "TRACE4", "DEBUG",  "DEBUG2", "DEBUG3", "DEBUG4",
    "INFO",        "INFO2",  "INFO3",  "INFO4",  "WARN",   "WARN2",  "WARN3",  "WARN4",  "ERROR",
    "ERROR2",      "ERROR3", "ERROR4", "FATAL",  "FATAL2", "FATAL3", "FATAL4"};

}  // namespace

void JsonWalk::note(std::string_view what) {
  std::string sentence = noted_.empty() ? fmt::format("{} {}", path_.text(), what) : std::string();
  if (!in_record_) throw Stop{std::move(sentence)};
  if (noted_.empty()) noted_ = std::move(sentence);
}

bool JsonWalk::spend(JsonValue& json) {
  if (spent_++ < limits_.values) return true;
  if (!in_record_) note(too_many_values);
  json_.skip(json);
  return false;
}

void JsonWalk::begin_record() {
  in_record_ = true;
  noted_.clear();
  spent_ = 0;
}

bool JsonWalk::settled(const Fault& fault) {
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

Counts JsonWalk::request(Signal signal) {
  signal_ = signal;
  const Levels& levels = levels_of(signal);
  JsonValue root = json_.root();
  fields(root, [&](std::uint64_t field, JsonValue& json) {
    if (field != field_hash(levels.group)) return json_.skip(json);
    elements(json, [&](JsonValue& item) { group(item); });
  });
  json_.finish();
  return tally_.take();
}

void JsonWalk::group(JsonValue& json) {
  const Scratch::Mark before = scratch_.mark();
  spent_ = 0;
  Resource resource;
  const auto read_resource = [&](std::uint64_t field, JsonValue& child) {
    if (field != "resource"_field) return;
    fields(child, [&](std::uint64_t name, JsonValue& part) {
      if (name != "attributes"_field) return json_.skip(part);
      resource.attributes = attributes(part);
    });
  };
  const std::string_view scopes = levels_of(signal_).scope;
  const auto read_scopes = [&](std::uint64_t field, JsonValue& child) {
    if (field == "resource"_field) return;
    if (field != field_hash(scopes)) return json_.skip(child);
    elements(child, [&](JsonValue& item) { scope(resource, item); });
  };
  resource.index = groups_++;
  fields_twice(json, read_resource, read_scopes);
  scratch_.rewind(before);
}

void JsonWalk::scope(const Resource& resource, JsonValue& json) {
  const Scratch::Mark before = scratch_.mark();
  spent_ = 0;
  Scope scope;
  const auto read_scope = [&](std::uint64_t field, JsonValue& child) {
    if (field != "scope"_field) return;
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
    elements(child, [&](JsonValue& item) { record(resource, scope, item); });
  };
  scope.index = scopes_++;
  fields_twice(json, read_scope, read_records);
  scratch_.rewind(before);
}

void JsonWalk::record(const Resource& resource, const Scope& scope, JsonValue& json) {
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

Span JsonWalk::span(JsonValue& json) {
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

void JsonWalk::span_more(Span& span, std::uint64_t field, JsonValue& json) {
  switch (field) {
    case "events"_field:
      elements(json, [&](JsonValue& item) {
        if (spend(item)) events_.push_back(event(item));
      });
      span.events = take(events_, 0);
      break;
    case "links"_field:
      elements(json, [&](JsonValue& item) {
        if (spend(item)) links_.push_back(link(item));
      });
      span.links = take(links_, 0);
      break;
    case "status"_field:
      status(span, json);
      break;
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

void JsonWalk::status(Span& span, JsonValue& json) {
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

Event JsonWalk::event(JsonValue& json) {
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

Link JsonWalk::link(JsonValue& json) {
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

LogRecord JsonWalk::log(JsonValue& json) {
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
      case "body"_field:
        record.body = value(part, 1);
        break;
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

KeyValue JsonWalk::one_key_value() {
  JsonValue root = json_.root();
  const KeyValue read = key_value(root, 1);
  json_.finish();
  return read;
}

Value JsonWalk::one_value() {
  JsonValue root = json_.root();
  const Value read = value(root, 1);
  json_.finish();
  return read;
}

namespace {

// Runs `read` on a walk over `body`; what is thrown in there becomes an error.
template <typename T>
Result<T> guarded(ErrorKind kind, std::string_view body, const Limits& limits, Scratch& scratch, Visitor* visitor,
                  auto&& read) {
  std::optional<JsonWalk> walk;
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
                         [&](JsonWalk& walk) { return walk.request(signal); });
}

Result<KeyValue> json_key_value(std::string_view raw, Scratch& scratch) {
  return guarded<KeyValue>(ErrorKind::corrupt, raw, Limits{}, scratch, nullptr,
                           [](JsonWalk& walk) { return walk.one_key_value(); });
}

Result<Value> json_value(std::string_view raw, Scratch& scratch) {
  if (raw == "null") return Value{};
  return guarded<Value>(ErrorKind::corrupt, raw, Limits{}, scratch, nullptr,
                        [](JsonWalk& walk) { return walk.one_value(); });
}

}  // namespace pawl::otlp
