// Coding agents' log events on their way into a batch: steps where no span tells them, and what they add to spans.
#include "base/text.h"
#include "batch.h"

namespace pawl::traces {
namespace {

constexpr Nanos apart = 10 * second;  // the end of a call, and the event that tells of it

bool same(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  return a.value_or(0) == b.value_or(0);
}

bool same_call(const Patch& patch, const SpanRow& row) {
  if (row.read_kind != llm::Kind::llm || row.cost_reported) return false;
  if (!patch.response_id.empty() && !row.response_id.empty()) return patch.response_id == row.response_id;
  return same(patch.tokens_input, row.tokens_input) && same(patch.tokens_output, row.tokens_output) &&
         same(patch.tokens_cache_read, row.tokens_cache_read) && same(patch.tokens_cache_write, row.tokens_cache_write);
}

}  // namespace

std::size_t row_of(const Patch& patch, const std::vector<SpanRow>& rows) {
  std::size_t best = rows.size();
  Nanos nearest = apart;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const SpanRow& row = rows[i];
    if (patch.span) {
      if (row.span == patch.span) return i;
    } else if (!patch.tool_call_id.empty()) {
      if (row.read_kind == llm::Kind::tool && row.tool_call_id == patch.tool_call_id) return i;
    } else if (patch.call && same_call(patch, row)) {
      const Nanos end = row.start + row.duration, off = end > patch.at ? end - patch.at : patch.at - end;
      if (off < nearest) nearest = off, best = i;
    }
  }
  return best;
}

void price_again(const Pricer& pricer, SpanRow& row) {
  if (!row.unpriced) return;
  row.unpriced = false;
  if (!pricer) return;
  llm::Reading reading;
  reading.provider = row.provider, reading.model_served = row.model, reading.model_requested = row.model_requested;
  reading.tokens = {row.tokens_input,  row.tokens_cache_read, row.tokens_cache_write,
                    row.tokens_output, row.tokens_reasoning,  {}};
  for (const auto& [name, count] : row.tokens_other) reading.tokens.others.emplace_back(name, count);
  for (const auto& [name, value] : row.attributes)
    if (name.ends_with(".service_tier")) reading.service_tier = value;
  pricer(row, reading);
}

// Codex starts a trace for whatever it does beside a turn, and most of them name no conversation. What one process
// sends in one request is of one conversation where only one is named in it.
void Builder::share_session(std::size_t from) {
  std::string session;
  bool several = false;
  for (std::size_t i = from; i < batch_.spans.size(); ++i) {
    const SpanRow& row = batch_.spans[i];
    if (row.dialect != "codex") return;
    several = several || (!row.read_session.empty() && !session.empty() && row.read_session != session);
    if (!row.read_session.empty()) session = row.read_session;
  }
  if (several || session.empty()) return;
  for (std::size_t i = from; i < batch_.spans.size(); ++i) {
    SpanRow& row = batch_.spans[i];
    if (row.read_session.empty()) row.session = row.read_session = session;
  }
}

void Builder::tell_coding_step(ProjectId project, Nanos received, const otlp::Resource& resource,
                               const otlp::Scope& scope, const otlp::LogRecord& record) {
  llm::CodingEvent event;
  if (!llm::read_coding_event(resource, scope, record, event)) return;
  if (event.in_span) runs_->traced(project, event.session, false, received, segment_);
  for (const auto& step : event.steps) {
    const llm::Fragment fragment = llm::fragment_of(step, event.at, received);
    runs_->fold_step(project, event.session, fragment, segment_);
    if (event.in_span && step.root == event.answer) add_coding_patch(project, received, event, fragment, record);
  }
}

// The step is read as the span that it would be; what that one knows, the real one may lack.
void Builder::add_coding_patch(ProjectId project, Nanos received, const llm::CodingEvent& event,
                               const llm::Fragment& step, const otlp::LogRecord& record) {
  if (!event.call && !event.answer && event.tool_call_id.empty()) return;
  llm::Run run(step);
  run.fold(step);
  llm::RunSpan told;
  llm::read_run(run, told);
  llm::read_span(told.resource, told.scope, told.span, reading_);
  Patch patch{.project = project, .trace = id_from_bytes(record.trace_id)};
  if (event.answer) patch.span = id_from_bytes(record.span_id);
  patch.at = event.at, patch.call = event.call, patch.tool_call_id = event.tool_call_id;
  patch.failed = event.failed, patch.error_message = repair_utf8(event.error_message);
  if (event.call) {
    patch.response_id = reading_.response_id;
    patch.tokens_input = reading_.tokens.input, patch.tokens_output = reading_.tokens.output;
    patch.tokens_cache_read = reading_.tokens.cache_read, patch.tokens_cache_write = reading_.tokens.cache_write;
    if (reading_.cost_reported) patch.cost_reported = reading_.cost_reported->pico;
  } else {
    std::erase_if(reading_.content, [&](const llm::Content& piece) {
      return event.answer ? piece.slot != llm::Slot::output
                          : piece.slot != llm::Slot::arguments && piece.slot != llm::Slot::result;
    });
    if (!reading_.content.empty()) {
      ContentRow carrier{.project = project,
                         .trace = patch.trace,
                         .span = id_from_bytes(record.span_id),
                         .at = std::clamp(event.at, received - longest_ago, received + day),
                         .from_log = true,
                         .record = hash128(record.raw)};
      const std::vector<llm::Content> content = reading_.content;
      add_content(std::move(carrier), content, event.session, received, nullptr);
      patch.content = std::move(batch_.contents.back());
      batch_.contents.pop_back();
    }
  }
  batch_.patches.push_back(std::move(patch));
}

}  // namespace pawl::traces
