// Masks the strings of an OTLP protobuf request where they lie (opentelemetry-proto 1.7).
#include <array>

#include "guard/secrets.h"
#include "wire/protobuf.h"

namespace pawl::guard {
namespace {

constexpr int max_depth = 200;  // messages in messages; 64 values in values are two messages each

enum class Message : std::uint8_t {
  none,  // not looked at
  text,  // no message: a string to be masked
  traces,
  resource_spans,
  scope_spans,
  span,
  event,
  link,
  status,
  logs,
  resource_logs,
  scope_logs,
  log_record,
  metrics,
  resource_metrics,
  scope_metrics,
  metric,
  numbers,
  histograms,
  exponentials,
  summaries,
  number_point,
  histogram_point,
  exponential_point,
  exemplar,
  resource,
  scope,
  key_value,
  value,
  array,
  map,
};
using M = Message;

struct Field {
  Message in;
  std::uint32_t number;
  Message holds;
};

// Every field with text that programs choose. Names of resources, scopes, keys, units and schemas are not looked at.
constexpr std::array fields = {
    Field{M::traces, 1, M::resource_spans},
    Field{M::resource_spans, 1, M::resource},
    Field{M::resource_spans, 2, M::scope_spans},
    Field{M::scope_spans, 1, M::scope},
    Field{M::scope_spans, 2, M::span},
    Field{M::span, 3, M::text},  // trace_state
    Field{M::span, 5, M::text},  // name
    Field{M::span, 9, M::key_value},
    Field{M::span, 11, M::event},
    Field{M::span, 13, M::link},
    Field{M::span, 15, M::status},
    Field{M::event, 2, M::text},
    Field{M::event, 3, M::key_value},
    Field{M::link, 3, M::text},
    Field{M::link, 4, M::key_value},
    Field{M::status, 2, M::text},
    Field{M::logs, 1, M::resource_logs},
    Field{M::resource_logs, 1, M::resource},
    Field{M::resource_logs, 2, M::scope_logs},
    Field{M::scope_logs, 1, M::scope},
    Field{M::scope_logs, 2, M::log_record},
    Field{M::log_record, 5, M::value},
    Field{M::log_record, 6, M::key_value},
    Field{M::metrics, 1, M::resource_metrics},
    Field{M::resource_metrics, 1, M::resource},
    Field{M::resource_metrics, 2, M::scope_metrics},
    Field{M::scope_metrics, 1, M::scope},
    Field{M::scope_metrics, 2, M::metric},
    Field{M::metric, 2, M::text},  // description
    Field{M::metric, 5, M::numbers},
    Field{M::metric, 7, M::numbers},
    Field{M::metric, 9, M::histograms},
    Field{M::metric, 10, M::exponentials},
    Field{M::metric, 11, M::summaries},
    Field{M::metric, 12, M::key_value},
    Field{M::numbers, 1, M::number_point},
    Field{M::histograms, 1, M::histogram_point},
    Field{M::exponentials, 1, M::exponential_point},
    Field{M::summaries, 1, M::number_point},  // attributes have the same number, and there is no field 5
    Field{M::number_point, 5, M::exemplar},
    Field{M::number_point, 7, M::key_value},
    Field{M::histogram_point, 8, M::exemplar},
    Field{M::histogram_point, 9, M::key_value},
    Field{M::exponential_point, 1, M::key_value},
    Field{M::exponential_point, 11, M::exemplar},
    Field{M::exemplar, 7, M::key_value},
    Field{M::resource, 1, M::key_value},
    Field{M::scope, 3, M::key_value},
    Field{M::key_value, 2, M::value},
    Field{M::value, 1, M::text},
    Field{M::value, 5, M::array},
    Field{M::value, 6, M::map},
    Field{M::value, 7, M::text},  // bytes
    Field{M::array, 1, M::value},
    Field{M::map, 1, M::key_value},
};

constexpr std::size_t messages = static_cast<std::size_t>(M::map) + 1, numbers = 16;
// The same by message and number; what is not there holds `none`.
constexpr auto table = [] {
  std::array<std::array<Message, numbers>, messages> out{};
  for (auto& row : out) row.fill(M::none);
  for (const Field& field : fields) out[static_cast<std::size_t>(field.in)][field.number] = field.holds;
  return out;
}();

class Walk {
 public:
  Walk(std::span<char> body, const SecretScanner& scanner, SecretScanner::Places places, Hide& hide)
      : body_(body), scanner_(scanner), places_(std::move(places)), hide_(hide) {}

  // Throws what protozero throws where the bytes are no message.
  void message(Message kind, std::string_view bytes, int depth) {
    if (depth > max_depth) return;
    protobuf::Reader reader(bytes);
    while (reader.next()) {
      const Message holds = reader.tag() < numbers ? table[static_cast<std::size_t>(kind)][reader.tag()] : M::none;
      if (holds == M::none || reader.wire_type() != protozero::pbf_wire_type::length_delimited) {
        reader.skip();
      } else if (holds == M::text) {
        text(reader.get_view());
      } else {
        message(holds, reader.get_view(), depth + 1);
      }
    }
  }
  std::size_t masked() const { return masked_; }

 private:
  void text(std::string_view view) {
    const auto from = static_cast<std::size_t>(view.data() - body_.data());
    if (!places_.everywhere) {  // texts come in order, so that the next place is behind the last one
      while (next_ < places_.ends.size() && places_.ends[next_] < from) ++next_;
      if (next_ == places_.ends.size() || places_.ends[next_] >= from + view.size()) return;
    }
    masked_ += scanner_.mask(body_.subspan(from, view.size()), hide_);
  }
  std::span<char> body_;
  const SecretScanner& scanner_;
  SecretScanner::Places places_;
  Hide& hide_;
  std::size_t next_ = 0, masked_ = 0;
};

}  // namespace

Result<std::size_t> mask_otlp(std::span<char> body, Signal signal, const SecretScanner& scanner, Hide& hide) {
  static constexpr std::array roots = {Message::traces, Message::logs, Message::metrics};
  auto places = scanner.places({body.data(), body.size()});
  if (!places.everywhere && places.ends.empty()) return std::size_t{0};
  Walk walk(body, scanner, std::move(places), hide);
  try {
    walk.message(roots[static_cast<std::size_t>(signal)], {body.data(), body.size()}, 0);
  } catch (const std::exception& exception) {
    return fail(ErrorKind::invalid, "the body is no OTLP protobuf: {}", exception.what());
  }
  return walk.masked();
}

Result<std::size_t> mask_otlp(std::span<char> body, Signal signal, const SecretScanner& scanner) {
  Hide hide;
  return mask_otlp(body, signal, scanner, hide);
}

}  // namespace pawl::guard
