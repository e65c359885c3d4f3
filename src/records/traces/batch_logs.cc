// Log records and points on their way into a batch: content of spans, and what stands for itself.
#include <algorithm>
#include <array>

#include "attributes.h"
#include "base/text.h"
#include "batch.h"
#include "told.h"

namespace pawl::traces {
namespace {

std::string service_of(const otlp::Resource& resource) {
  const auto* value = otlp::find(resource.attributes, "service.name");
  return value == nullptr ? std::string() : repair_utf8(otlp::to_text(*value));
}

// What a log record, or several of them, tell of their span.
Patch patch_of(ProjectId project, const Id128& trace, const Id128& span, const llm::Reading& reading) {
  return {.project = project,
          .trace = trace,
          .span = span,
          .session = reading.session,
          .user = reading.user,
          .agent = reading.agent,
          .model = reading.model_served,
          .error_type = reading.error_type,
          .error_message = reading.error_message,
          .response_id = reading.response_id,
          .tokens_input = reading.tokens.input,
          .tokens_cache_read = reading.tokens.cache_read,
          .tokens_cache_write = reading.tokens.cache_write,
          .tokens_output = reading.tokens.output,
          .tokens_reasoning = reading.tokens.reasoning,
          .finish_reasons = reading.finish_reasons};
}

}  // namespace

void Builder::add_log(ProjectId project, Nanos received, const otlp::Resource& resource, const otlp::Scope& scope,
                      const otlp::LogRecord& record) {
  llm::CallIds call;
  const bool of_call = llm::read_call_ids(record, call);
  const Id128 trace = of_call ? call.trace : id_from_bytes(record.trace_id);
  const Id128 span = of_call ? call.span : id_from_bytes(record.span_id);
  const Id128 hash = hash128(record.raw);
  auto& fates = batch_.fates[project];
  // Equal records of one span at one time are one record resent, and so are those with an id of their own (semantic
  // conventions, log.record.uid); nothing else says so.
  const bool timed = record.time_ns != 0 || record.observed_ns != 0;
  const bool comparable = (span && timed) || otlp::find(record.attributes, "log.record.uid") != nullptr;
  if (comparable && memory_.span(project, hash, span, hash) == Memory::Repeat::same) {
    ++fates.duplicate;
    return;
  }
  ++fates.stored;
  if (runs_ != nullptr) tell_coding_step(project, received, resource, scope, record);
  const Nanos at = static_cast<Nanos>(record.time_ns != 0       ? record.time_ns
                                      : record.observed_ns != 0 ? record.observed_ns
                                                                : static_cast<std::uint64_t>(received));
  reading_.clear();
  if (!span || !llm::read_log(resource, scope, record, reading_)) {
    LogRow row{project,
               at,
               received,
               trace,
               span,
               hash,
               record.severity,
               repair_utf8(record.event_name),
               service_of(resource),
               repair_utf8(otlp::to_text(record.body)),
               {}};
    add_attributes(row.attributes, "", record.attributes);
    keep_last(row.attributes);
    batch_.bytes += row.body.size() + 256;
    batch_.logs.push_back(std::move(row));
    return;
  }
  auto& known = memory_.trace(project, trace);
  const std::string session = reading_.session.empty() ? known.session : reading_.session;
  SpanRow* row = row_here(project, trace, span);
  // Where nothing is known of its span, perhaps none will come.
  const bool alone = of_call && runs_ != nullptr && row == nullptr && !memory_.knows_span(project, trace, span);
  SpanRow nothing;
  ContentRow carrier{.project = project,
                     .trace = trace,
                     .span = span,
                     .at = std::clamp(at, received - 400 * day, received + day),
                     .from_log = true,
                     .record = hash};
  if (!reading_.content.empty())
    add_content(std::move(carrier), reading_.content, session, received, alone ? &nothing : row);
  if (alone && tell_call(project, received, resource, scope, record, call, nothing.preview)) return;
  Patch patch = patch_of(project, trace, span, reading_);
  if (row != nullptr) {
    apply(patch, *row);
    return;
  }
  if (apply(patch, nothing)) batch_.patches.push_back(std::move(patch));
}

void Builder::add_point(ProjectId project, Nanos received, const otlp::Resource& resource, const otlp::Scope&,
                        const otlp::Point& point) {
  static constexpr std::array<std::string_view, 5> types = {"gauge", "sum", "histogram", "exponential_histogram",
                                                            "summary"};
  PointRow row{.project = project,
               .metric = repair_utf8(point.metric),
               .unit = repair_utf8(point.unit),
               .type = std::string(types[static_cast<std::size_t>(point.type)]),
               .service = service_of(resource),
               .at = point.time_ns != 0 ? static_cast<Nanos>(point.time_ns) : received,
               .received = received,
               .start = static_cast<Nanos>(point.start_ns),
               .delta = point.delta,
               .monotonic = point.monotonic,
               .value = point.value,
               .count = point.count,
               .attributes = {}};
  add_attributes(row.attributes, "", point.attributes);
  keep_last(row.attributes);
  batch_.bytes += 256;
  batch_.points.push_back(std::move(row));
}

// False where it tells of no call, or a coding agent does.
bool Builder::tell_call(ProjectId project, Nanos received, const otlp::Resource& resource, const otlp::Scope& scope,
                        const otlp::LogRecord& record, const llm::CallIds& ids, std::string_view preview) {
  llm::LogCall call;
  if (!llm::read_log_call(resource, scope, record, ids, reading_, received, preview, call)) return false;
  runs_->fold(project, llm::fragment_of(call, received), segment_);
  return true;
}

// Log records have told of this span before it came. What they said that it does not say itself is put to it; a row
// that was rebuilt from them is taken back by the trace's correction.
void Builder::meet_told(SpanRow& row) {
  const auto told = runs_->span_came(row.project, row.trace, row.span);
  if (!told) return;
  if (told->shown) mark_dirty(row.project, row.trace);
  llm::RunSpan as_span;
  llm::read_run(told->run, as_span);
  llm::read_span(as_span.resource, as_span.scope, as_span.span, reading_);
  apply(patch_of(row.project, row.trace, row.span, reading_), row);
  if (row.preview.empty()) row.preview = as_span.preview;
}

// Nobody here remembered the span itself: what its records tell goes to it.
void Builder::meet_standing(const Standing& row) {
  const auto& [project, trace, span] = row.name;
  if (row.told) return runs_->told_stands(row);
  const auto told = runs_->span_came(project, trace, span);
  if (!told) return;
  llm::RunSpan as_span;
  llm::read_run(told->run, as_span);
  llm::read_span(as_span.resource, as_span.scope, as_span.span, reading_);
  batch_.patches.push_back(patch_of(project, trace, span, reading_));
}

}  // namespace pawl::traces
