// Traces as Markdown.
#include "markdown.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/money.h"
#include "base/text.h"
#include "llm/messages.h"
#include "span_json.h"

namespace pawl::explore {
namespace {

using traces::SpanRow;

constexpr std::size_t most_text = 64U << 10;  // of one message or value; more is cut, and says so

std::string shortened(std::string_view text) {
  if (text.size() <= most_text) return repair_utf8(text);
  return fmt::format("{}\n[… {} bytes more]", repair_utf8(utf8_prefix(text, most_text)), text.size() - most_text);
}

// A fence longer than any run of backticks in the text.
std::string fenced(std::string_view text, std::string_view language) {
  std::size_t longest = 2, run = 0;
  for (const char c : text) longest = std::max(longest, run = c == '`' ? run + 1 : 0);
  const std::string fence(longest + 1, '`');
  return fmt::format("{0}{1}\n{2}\n{0}\n\n", fence, language, shortened(text));
}

std::string quoted(std::string_view text) {
  std::string out;
  for (const auto line : split(shortened(text), '\n')) out += fmt::format("> {}\n", line);
  return out + "\n";
}

std::vector<llm::Piece> pieces_of(const std::vector<traces::Piece>& pieces, llm::Slot slot) {
  std::vector<llm::Piece> out;
  for (const auto& piece : pieces)
    if (piece.ref.slot == slot && !piece.missing && !piece.repeated)
      out.push_back({slot, piece.ref.format, piece.ref.key, piece.ref.role, piece.bytes});
  return out;
}

std::string speaker(const llm::Message& message, const SpanRow& row) {
  if (message.role == "user") return "User";
  if (message.role == "system") return "System";
  return row.agent.empty() ? "Agent" : row.agent;
}

std::string said(const llm::Message& message, const SpanRow& row) {
  std::string out;
  for (const auto& part : message.parts) {
    if (trim(part.text).empty()) continue;
    if (part.type == llm::Part::Type::reasoning) out += "*thinks*\n\n" + quoted(part.text);
    if (part.type == llm::Part::Type::text) out += shortened(part.text) + "\n\n";
    if (part.type == llm::Part::Type::media) out += fmt::format("[{}]\n\n", inline_text(part.media_type));
  }
  return out.empty() ? out : fmt::format("**{}**\n\n{}", inline_text(speaker(message, row)), out);
}

class Page {
 public:
  Page(const traces::Loaded& trace, Fresh& heard) : trace_(trace), heard_(heard) {}
  std::string write() {
    for (const auto& row : trace_.spans) step(row);
    return std::move(out_);
  }

 private:
  const std::vector<traces::Piece>& pieces(const SpanRow& row) const {
    static const std::vector<traces::Piece> none;
    const auto found = trace_.content.find(traces::content_key(row.trace, row.span));
    return found == trace_.content.end() ? none : found->second;
  }
  void step(const SpanRow& row) {
    if (row.noise) return;
    if (row.kind == llm::Kind::llm && row.not_counted != llm::NotCounted::duplicate) call(row);
    if (row.kind == llm::Kind::tool) tool(row);
    if (row.kind == llm::Kind::handoff)
      out_ += fmt::format("*hands over to {}*\n\n", inline_text(row.handoff_to.empty() ? row.name : row.handoff_to));
    if (row.is_error)
      out_ += fmt::format("**Failed:** {} {}\n\n", inline_text(row.error_type), inline_text(row.error_message));
  }
  void call(const SpanRow& row) {
    std::vector<Id128> hashes;
    std::vector<llm::Piece> input = pieces_of(pieces(row), llm::Slot::input);
    for (const auto& piece : pieces(row))
      if (piece.ref.slot == llm::Slot::input && !piece.missing && !piece.repeated)
        hashes.push_back(Fresh::message_of(piece));
    const auto is_new = heard_.look(hashes);
    std::size_t at = 0;
    std::erase_if(input, [&](const llm::Piece&) { return !is_new[at++]; });
    for (const auto& message : llm::parse_messages(input))
      if (message.role == "user") out_ += said(message, row);
    for (const auto& message : llm::parse_messages(pieces_of(pieces(row), llm::Slot::output)))
      out_ += said(message, row);
  }
  void tool(const SpanRow& row) {
    out_ += fmt::format("**{}** · {} ms\n\n", inline_text(row.tool.empty() ? row.name : row.tool),
                        row.duration / millisecond);
    for (const auto slot : {llm::Slot::arguments, llm::Slot::result}) {
      const auto content = pieces_of(pieces(row), slot);
      if (!content.empty()) out_ += fenced(llm::parse_value_json(content), "json");
    }
  }

  const traces::Loaded& trace_;
  Fresh& heard_;
  std::string out_;
};

}  // namespace

std::string inline_text(std::string_view text) {
  std::string out;
  for (const char c : repair_utf8(text)) {
    if (std::string_view("\\`*_{}[]<>#|").contains(c)) out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

std::string markdown_of(const traces::Loaded& trace, std::size_t turn, Fresh& heard) {
  const auto calls = [](std::int64_t n, std::string_view what) {
    return fmt::format("{} {} call{}", n, what, n == 1 ? "" : "s");
  };
  const auto summary = summarise(trace.spans, 0);
  std::string out;
  if (turn > 0) out += fmt::format("## {}. {}\n\n", turn, inline_text(summary.name));
  out += fmt::format("{} · {} · {} · {}{}{}\n\n", format_time(summary.start).substr(0, 19) + "Z", summary.status,
                     calls(summary.sums.llm_calls, "model"), calls(summary.sums.tool_calls, "tool"),
                     summary.sums.any_tokens ? fmt::format(" · {} tokens", summary.sums.tokens) : "",
                     summary.sums.any_cost ? fmt::format(" · ${}", format_dollars(summary.sums.cost)) : "");
  return out + Page(trace, heard).write();
}

}  // namespace pawl::explore
