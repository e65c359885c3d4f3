// The walk over protobuf bytes. Fields may come in any order and more than once, as the format allows: a message whose
// parts need each other is read twice. Field numbers: opentelemetry-proto 1.7.
#include "wire/protobuf_walk.h"

namespace pawl::otlp {

using protobuf::bytes_field;
using protobuf::fixed64_field;
using protobuf::Reader;
using protobuf::varint_field;

void ProtobufWalk::refuse(const Fault& fault) {
  if (!tally_.wants_reason()) {
    tally_.refuse({});
  } else if (fault.field.empty()) {
    tally_.refuse(fmt::format("{} {}", path_.text(), fault.what));
  } else {
    tally_.refuse(fmt::format("{}.{} {}", path_.text(), fault.field, fault.what));
  }
}

Counts ProtobufWalk::request(std::string_view body, Signal signal) {
  signal_ = signal;
  std::size_t index = 0;
  for (Reader request{body}; next(request);) {
    if (request.tag_and_type() == bytes_field(1)) {
      const At at(path_, levels_of(signal).group, index++);
      group(request.get_view());
    } else {
      request.skip();
    }
  }
  return tally_.take();
}

// ResourceSpans, ResourceLogs, ResourceMetrics: resource = 1, scopes = 2.
void ProtobufWalk::group(std::string_view bytes) {
  const Scratch::Mark before = mark();
  refill();
  Resource resource;
  for (Reader reader{bytes}; next(reader);) {
    if (reader.tag_and_type() != bytes_field(1)) {
      reader.skip();
      continue;
    }
    for (Reader message{reader.get_view()}; next(message);) {
      if (message.tag_and_type() == bytes_field(1)) {
        attribute(message.get_view());
      } else {
        message.skip();
      }
    }
  }
  resource.attributes = take(attributes_, 0);
  if (overspent()) throw Stop{fmt::format("{}.resource {}", path_.text(), too_many_values)};
  resource.index = groups_++;
  std::size_t index = 0;
  for (Reader reader{bytes}; next(reader);) {
    if (reader.tag_and_type() == bytes_field(2)) {
      const At at(path_, levels_of(signal_).scope, index++);
      scope(resource, reader.get_view());
    } else {
      reader.skip();
    }
  }
  rewind(before);
}

// ScopeSpans, ScopeLogs, ScopeMetrics: scope = 1, records = 2.
void ProtobufWalk::scope(const Resource& resource, std::string_view bytes) {
  const Scratch::Mark before = mark();
  refill();
  Scope scope;
  for (Reader reader{bytes}; next(reader);) {
    if (reader.tag_and_type() != bytes_field(1)) {
      reader.skip();
      continue;
    }
    for (Reader message{reader.get_view()}; next(message);) switch (message.tag_and_type()) {
        case bytes_field(1):
          scope.name = name(message.get_view());
          break;
        case bytes_field(2):
          scope.version = name(message.get_view());
          break;
        case bytes_field(3):
          attribute(message.get_view());
          break;
        default:
          message.skip();
      }
  }
  scope.attributes = take(attributes_, 0);
  if (overspent()) throw Stop{fmt::format("{}.scope {}", path_.text(), too_many_values)};
  scope.index = scopes_++;
  std::size_t index = 0;
  for (Reader reader{bytes}; next(reader);) {
    if (reader.tag_and_type() == bytes_field(2)) {
      const At at(path_, levels_of(signal_).record, index++);
      record(resource, scope, reader.get_view());
    } else {
      reader.skip();
    }
  }
  rewind(before);
}

void ProtobufWalk::record(const Resource& resource, const Scope& scope, std::string_view bytes) {
  if (signal_ == Signal::metrics) return metric(resource, scope, bytes);
  if (!tally_.admit()) return;
  const Scratch::Mark before = mark();
  refill();
  if (signal_ == Signal::traces) {
    Span read = span(bytes);
    const Fault fault = overspent() ? Fault{{}, too_many_values} : settle(read);
    if (!fault.what.empty()) {
      refuse(fault);
    } else {
      tally_.visited();
      if (visitor_ != nullptr) visitor_->span(resource, scope, read);
    }
  } else {
    LogRecord read = log(bytes);
    if (overspent()) {
      refuse({{}, too_many_values});
    } else {
      settle(read, scratch_);
      tally_.visited();
      if (visitor_ != nullptr) visitor_->log(resource, scope, read);
    }
  }
  rewind(before);
}

Span ProtobufWalk::span(std::string_view raw) {
  Span span;
  span.raw = raw;
  for (Reader reader{raw}; next(reader);) switch (reader.tag_and_type()) {
      case bytes_field(1):
        span.trace_id = reader.get_view();
        break;
      case bytes_field(2):
        span.span_id = reader.get_view();
        break;
      case bytes_field(3):
        span.trace_state = name(reader.get_view());
        break;
      case bytes_field(4):
        span.parent_id = reader.get_view();
        break;
      case bytes_field(5):
        span.name = name(reader.get_view());
        break;
      case varint_field(6):
        span.kind = reader.get_enum();
        break;
      case fixed64_field(7):
        span.start_ns = reader.get_fixed64();
        break;
      case fixed64_field(8):
        span.end_ns = reader.get_fixed64();
        break;
      case bytes_field(9):
        attribute(reader.get_view());
        break;
      case varint_field(10):
        span.dropped_attributes = reader.get_uint32();
        break;
      case bytes_field(11):
        if (const std::string_view bytes = reader.get_view(); spend()) keep(events_, event(bytes));
        break;
      case varint_field(12):
        span.dropped_events = reader.get_uint32();
        break;
      case bytes_field(13):
        if (const std::string_view bytes = reader.get_view(); spend()) keep(links_, link(bytes));
        break;
      case varint_field(14):
        span.dropped_links = reader.get_uint32();
        break;
      case bytes_field(15):
        status(span, reader.get_view());
        break;
      default:
        reader.skip();
    }
  span.attributes = take(attributes_, 0);
  span.events = take(events_, 0);
  span.links = take(links_, 0);
  return span;
}

void ProtobufWalk::status(Span& span, std::string_view bytes) {
  for (Reader reader{bytes}; next(reader);) switch (reader.tag_and_type()) {
      case bytes_field(2):
        span.status_message = name(reader.get_view());
        break;
      case varint_field(3):
        span.status_code = reader.get_enum();
        break;
      default:
        reader.skip();
    }
}

Event ProtobufWalk::event(std::string_view raw) {
  Event event;
  event.raw = raw;
  const std::size_t first = attributes_.mark();
  for (Reader reader{raw}; next(reader);) switch (reader.tag_and_type()) {
      case fixed64_field(1):
        event.time_ns = reader.get_fixed64();
        break;
      case bytes_field(2):
        event.name = name(reader.get_view());
        break;
      case bytes_field(3):
        attribute(reader.get_view());
        break;
      default:
        reader.skip();
    }
  event.attributes = take(attributes_, first);
  return event;
}

Link ProtobufWalk::link(std::string_view bytes) {
  Link link;
  const std::size_t first = attributes_.mark();
  for (Reader reader{bytes}; next(reader);) switch (reader.tag_and_type()) {
      case bytes_field(1):
        link.trace_id = reader.get_view();
        break;
      case bytes_field(2):
        link.span_id = reader.get_view();
        break;
      case bytes_field(4):
        attribute(reader.get_view());
        break;
      default:
        reader.skip();
    }
  link.attributes = take(attributes_, first);
  settle(link);
  return link;
}

LogRecord ProtobufWalk::log(std::string_view raw) {
  LogRecord record;
  record.raw = raw;
  for (Reader reader{raw}; next(reader);) switch (reader.tag_and_type()) {
      case fixed64_field(1):
        record.time_ns = reader.get_fixed64();
        break;
      case varint_field(2):
        record.severity = reader.get_enum();
        break;
      case bytes_field(3):
        record.severity_text = name(reader.get_view());
        break;
      case bytes_field(5):
        value(record.body, reader.get_view(), 1);
        break;
      case bytes_field(6):
        attribute(reader.get_view());
        break;
      case bytes_field(9):
        record.trace_id = reader.get_view();
        break;
      case bytes_field(10):
        record.span_id = reader.get_view();
        break;
      case fixed64_field(11):
        record.observed_ns = reader.get_fixed64();
        break;
      case bytes_field(12):
        record.event_name = name(reader.get_view());
        break;
      default:
        reader.skip();
    }
  record.attributes = take(attributes_, 0);
  return record;
}

void ProtobufWalk::attribute(std::string_view raw) {
  if (!spend()) return;
  KeyValue read;
  key_value(read, raw, 1);
  keep(attributes_, read);
}

void ProtobufWalk::key_value(KeyValue& into, std::string_view raw, std::size_t depth) {
  into.raw = raw;
  for (Reader reader{raw}; next(reader);) switch (reader.tag_and_type()) {
      case bytes_field(1):
        into.key = name(reader.get_view());
        break;
      case bytes_field(2):
        value(into.value, reader.get_view(), depth);
        break;
      default:
        reader.skip();
    }
}

// AnyValue, a choice: the last of its fields counts, and the last AnyValue where one was sent twice.
void ProtobufWalk::value(Value& into, std::string_view raw, std::size_t depth) {
  const auto choose = [&into](Value::Type type) {
    if (into.type != Value::Type::empty) into = Value{};
    into.type = type;
  };
  if (into.raw.data() != nullptr) into = Value{};
  for (Reader reader{raw}; next(reader);) {
    switch (const std::uint32_t field = reader.tag_and_type()) {
      case bytes_field(1):
      case bytes_field(7):
        choose(field == bytes_field(1) ? Value::Type::string : Value::Type::bytes);
        into.text = reader.get_view();
        if (cut_text(into, limits_)) tally_.cut();
        break;
      case varint_field(2):
        choose(Value::Type::boolean);
        into.boolean = reader.get_uint64() != 0;
        break;
      case varint_field(3):
        choose(Value::Type::integer);
        into.integer = reader.get_int64();
        break;
      case fixed64_field(4):
        choose(Value::Type::real);
        into.real = reader.get_double();
        break;
      case bytes_field(5):
        choose(Value::Type::array);
        array(into, reader.get_view(), depth);
        break;
      case bytes_field(6):
        choose(Value::Type::map);
        map(into, reader.get_view(), depth);
        break;
      default:
        reader.skip();
    }
  }
  into.raw = raw;
}

void ProtobufWalk::array(Value& into, std::string_view bytes, std::size_t depth) {
  into.cut = depth >= limits_.depth && !bytes.empty();
  if (into.cut) return tally_.cut();
  const std::size_t first = values_.mark();
  for (Reader reader{bytes}; next(reader);) {
    if (reader.tag_and_type() != bytes_field(1)) {
      reader.skip();
      continue;
    }
    const std::string_view item = reader.get_view();
    if (!spend()) continue;
    Value read;
    value(read, item, depth + 1);
    keep(values_, read);
  }
  into.items = take(values_, first);
}

void ProtobufWalk::map(Value& into, std::string_view bytes, std::size_t depth) {
  into.cut = depth >= limits_.depth && !bytes.empty();
  if (into.cut) return tally_.cut();
  const std::size_t first = attributes_.mark();
  for (Reader reader{bytes}; next(reader);) {
    if (reader.tag_and_type() != bytes_field(1)) {
      reader.skip();
      continue;
    }
    const std::string_view field = reader.get_view();
    if (!spend()) continue;
    KeyValue read;
    key_value(read, field, depth + 1);
    keep(attributes_, read);
  }
  into.fields = take(attributes_, first);
}

namespace {

// Runs `read` and turns what protozero throws into an error that names the byte.
template <typename F>
auto guarded(ErrorKind kind, const ProtobufWalk& walk, std::string_view body, F&& read) -> Result<decltype(read())> {
  try {
    return read();
  } catch (const Stop& stop) {
    return fail(kind, "{}", stop.what);
  } catch (const std::exception& error) {
    const auto offset = walk.at() == nullptr ? 0 : walk.at() - body.data();
    return fail(kind, "the bytes stop being OTLP protobuf at byte {} of {}: {}", offset, body.size(), error.what());
  }
}

}  // namespace

Result<Counts> walk_protobuf(std::string_view body, Signal signal, const Limits& limits, Scratch* scratch,
                             Visitor* visitor) {
  ProtobufWalk walk(limits, scratch, visitor);
  return guarded(ErrorKind::invalid, walk, body, [&] { return walk.request(body, signal); });
}

Result<KeyValue> protobuf_key_value(std::string_view raw, Scratch& scratch) {
  const Limits limits;
  ProtobufWalk walk(limits, &scratch, nullptr);
  return guarded(ErrorKind::corrupt, walk, raw, [&] {
    KeyValue read;
    walk.key_value(read, raw, 1);
    return read;
  });
}

Result<Value> protobuf_value(std::string_view raw, Scratch& scratch) {
  const Limits limits;
  ProtobufWalk walk(limits, &scratch, nullptr);
  return guarded(ErrorKind::corrupt, walk, raw, [&] {
    Value read;
    walk.value(read, raw, 1);
    return read;
  });
}

}  // namespace pawl::otlp
