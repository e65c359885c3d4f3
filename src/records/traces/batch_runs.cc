// Runs that come in pieces, on their way into a batch.
#include "base/text.h"
#include "batch.h"
#include "late.h"
#include "llm/json_scan.h"

namespace pawl::traces {
namespace {

// 16 bytes, as an id is on the wire.
std::string bytes_of(const Id128& id) {
  return from_hex(to_hex(id)).value_or("");
}

// The client's own text, where the key does not show it.
std::string own_text(const std::string& text, const std::string& shown) {
  return text == shown ? std::string() : repair_utf8(text);
}

Id128 event_key(const llm::Fragment& fragment) {
  if (!fragment.event.empty()) return hash128(fragment.event);
  std::string all = fmt::format("{}{}", fragment.when.rank, fragment.object);
  for (const auto& [name, raw] : fragment.parts) all += fmt::format("\n{}:{}", name, raw);
  return hash128(all);
}

}  // namespace

void Builder::add_runs(ProjectId project, Nanos received, llm::RunForm form, std::string_view body,
                       std::uint64_t segment) {
  if (runs_ == nullptr) return;
  batch_.bytes += body.size();
  if (form == llm::RunForm::kept) {
    batch_.fates[project];
    (void)runs_->fold_kept(project, body, segment);
    return;
  }
  (void)llm::walk_runs(form, body, received, [&](const llm::RunEvent& event) {
    if (event.what == llm::RunEvent::What::log) add_sdk_log(project, received, event);
    if (event.what != llm::RunEvent::What::fragment) return;
    auto& fates = batch_.fates[project];
    const llm::Fragment& fragment = event.fragment;
    const Id128 name{static_cast<std::uint64_t>(form), hash64(fragment.id)};
    const Id128 key = event_key(fragment);
    if (memory_.span(project, name, key, key) == Memory::Repeat::same) {
      ++fates.duplicate;
    } else if (runs_->fold(project, fragment, segment)) {
      ++fates.stored;
    } else {
      ++fates.merged;
    }
  });
}

// What Langfuse's SDKs say of themselves.
void Builder::add_sdk_log(ProjectId project, Nanos received, const llm::RunEvent& event) {
  auto& fates = batch_.fates[project];
  const Id128 name = hash128("sdk-log"), key = hash128(event.id);
  if (memory_.span(project, name, key, key) == Memory::Repeat::same) {
    ++fates.duplicate;
    return;
  }
  ++fates.stored;
  const std::string_view log = llm::json::member(event.json, "log");
  LogRow row{.project = project,
             .at = std::clamp(event.at, received - longest_ago, received + day),
             .received = received,
             .trace = {},
             .span = {},
             .record = key,
             .severity = 0,
             .event = "sdk-log",
             .service = "langfuse-sdk",
             .body = repair_utf8(llm::json::is_string(log) ? llm::json::text(log) : std::string(event.json)),
             .attributes = {{"event.id", repair_utf8(event.id)}}};
  batch_.bytes += row.body.size() + 256;
  batch_.logs.push_back(std::move(row));
}

void Builder::add_due_runs(Nanos now) {
  if (runs_ != nullptr) runs_->show_due(now, [this](const ShownRun& run) { put_run(run); });
}

void Builder::put_run(const ShownRun& run) {
  const Id128 trace = id_from_text(run.span.trace_id), id = id_from_text(run.span.span_id);
  if (run.gone) {
    Patch patch{.project = run.project, .trace = trace, .span = id};
    patch.gone = true;
    batch_.patches.push_back(std::move(patch));
    return;
  }
  const Id128 parent = run.span.parent_id.empty() ? Id128{} : id_from_text(run.span.parent_id);
  const std::string trace_bytes = bytes_of(trace), id_bytes = bytes_of(id), parent_bytes = bytes_of(parent);
  otlp::Span span = run.span.span;
  span.trace_id = trace_bytes, span.span_id = id_bytes;
  if (parent) span.parent_id = parent_bytes;
  if (run.replaces || mark_of(run.record)->late) mark_dirty(run.project, trace);
  SpanRow& row = put_span(run.project, run.received, run.record, run.span.resource, run.span.scope, span);
  row.trace_id = own_text(run.span.trace_id, row.shown_trace_id());
  row.span_id = own_text(run.span.span_id, row.shown_span_id());
  if (parent) row.parent_id = own_text(run.span.parent_id, row.shown_parent_id());
  if (run.state != llm::Status::ok) row.status = run.state;
  if (row.preview.empty()) row.preview = run.span.preview;
  if (!run.erased.empty()) row.attributes.emplace_back(erased_attribute, repair_utf8(join(run.erased, "\n")));
}

}  // namespace pawl::traces
