// Late pieces of runs, put to what is stored.
#include "late.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "attributes.h"
#include "base/text.h"
#include "llm/run.h"

namespace pawl::traces {
namespace {

constexpr std::uint64_t magic = 0x52756EULL << 40U;  // "Run"
constexpr std::uint64_t magic_bits = 0xFFFFFFULL << 40U;
enum class Bit : std::uint64_t {
  late = 1,
  first = 2,
  again = 4,
  put = 8,
  starts = 16,
  ends = 32,
  patched = 64,
  told = 128
};
constexpr std::uint64_t bit(Bit of) {
  return static_cast<std::uint64_t>(of) << 32U;
}

// Columns that hold one text each, and nothing where their run says nothing.
constexpr std::string SpanRow::* texts[] = {&SpanRow::name,           &SpanRow::error_type,
                                            &SpanRow::error_message,  &SpanRow::agent_version,
                                            &SpanRow::team,           &SpanRow::task,
                                            &SpanRow::outcome,        &SpanRow::customer,
                                            &SpanRow::environment,    &SpanRow::service,
                                            &SpanRow::provider,       &SpanRow::model_requested,
                                            &SpanRow::model,          &SpanRow::prompt,
                                            &SpanRow::prompt_version, &SpanRow::tool,
                                            &SpanRow::tool_call_id,   &SpanRow::handoff_from,
                                            &SpanRow::response_id,    &SpanRow::preview,
                                            &SpanRow::events,         &SpanRow::links,
                                            &SpanRow::dialect,        &SpanRow::read_user,
                                            &SpanRow::read_agent,     &SpanRow::read_handoff_to,
                                            &SpanRow::trace_id,       &SpanRow::span_id};
constexpr std::optional<std::int64_t> SpanRow::* tokens[] = {&SpanRow::tokens_input, &SpanRow::tokens_cache_read,
                                                             &SpanRow::tokens_cache_write, &SpanRow::tokens_output,
                                                             &SpanRow::tokens_reasoning};
constexpr std::string SpanRow::* spread_columns[] = {&SpanRow::team, &SpanRow::task, &SpanRow::outcome,
                                                     &SpanRow::customer};

// As its own run told it, without what its trace gave it.
SpanRow own(const SpanRow& row) {
  SpanRow out = row;
  for (std::size_t i = 0; i < std::size(spread_columns); ++i)
    if (((row.spread >> i) & 1U) != 0) (out.*spread_columns[i]).clear();
  out.spread = 0;
  return out;
}

bool has_tokens(const SpanRow& row) {
  return !row.tokens_other.empty() ||
         std::ranges::any_of(tokens, [&](auto column) { return (row.*column).has_value(); });
}

bool failed(llm::Status status) {
  return status == llm::Status::error || status == llm::Status::blocked;
}

bool open(llm::Status status) {
  return status == llm::Status::running || status == llm::Status::unfinished;
}

llm::Status status_of(llm::Status below, llm::Status above) {
  if (failed(above) || (open(above) && open(below))) return above;
  return open(below) && !open(above) ? llm::Status::ok : below;
}

// The parent that a run has where nothing says another.
bool at_the_top(const SpanRow& row) {
  return !row.parent || row.parent == id_from_text(llm::root_span_of(row.shown_trace_id()));
}

std::vector<std::string> erased_of(const SpanRow& row) {
  std::vector<std::string> out;
  for (const auto& [name, value] : row.attributes)
    if (name == erased_attribute)
      for (const auto field : split(value, '\n')) out.emplace_back(field);
  return out;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// Takes back what null took back. Content is the content's (put_contents).
void erase(SpanRow& row, const std::vector<std::string>& fields) {
  for (std::string_view field : fields) {
    if (field.starts_with("extra.")) field.remove_prefix(6);
    const std::string_view last = field.substr(field.rfind('.') + 1);
    if (is_one_of(field, {"error", "statusMessage"})) {
      row.error_type.clear(), row.error_message.clear(), row.events.clear();
      if (failed(row.status)) row.status = llm::Status::ok;
    }
    if (is_one_of(field, {"input", "inputs"})) row.preview.clear();
    if (field == "tags") row.tags.clear();
    if (is_one_of(field, {"model", "metadata.ls_model_name"})) row.model.clear(), row.model_requested.clear();
    if (is_one_of(field, {"usage", "usageDetails", "metadata.usage_metadata"})) {
      for (const auto column : tokens) (row.*column).reset();
      row.tokens_other.clear();
    }
    if (field == "costDetails") row.cost_reported.reset();
    if (is_one_of(last, {"userId", "user_id"})) row.read_user.clear();
    if (is_one_of(last, {"sessionId", "session_id", "thread_id", "conversation_id"})) row.read_session.clear();
    const std::string suffix = fmt::format(".{}", field);
    std::erase_if(row.attributes, [&](const auto& one) { return one.first.ends_with(suffix); });
  }
}

void put_tokens(const SpanRow& from, SpanRow& to) {
  if (has_tokens(from)) {
    for (const auto column : tokens) to.*column = from.*column;
    to.tokens_other = from.tokens_other;
    to.wrapper_usage = from.wrapper_usage;
  }
  if (from.cost_reported) to.cost_reported = from.cost_reported;
}

void put_times(const SpanRow& older, const RunMark& a, const SpanRow& newer, const RunMark& b, SpanRow& to) {
  const Nanos start = a.starts || !b.starts ? older.start : newer.start;  // the first that is said holds
  const SpanRow& last = b.ends || !a.ends ? newer : older;
  const bool any_end = a.ends || b.ends;
  const Nanos end = any_end ? last.start + last.duration : older.start + older.duration;
  const std::optional<Nanos> token = newer.ttft   ? std::optional(newer.start + *newer.ttft)
                                     : older.ttft ? std::optional(older.start + *older.ttft)
                                                  : std::nullopt;
  to.start = start;
  to.duration = std::max<Nanos>(0, end - start);
  to.ttft = token && *token >= start ? std::optional(*token - start) : std::nullopt;
  to.clock = older.clock || newer.clock;
}

// `newer` over `older`; both are rows of one run.
SpanRow put(const SpanRow& older, const RunMark& a, const SpanRow& newer, const RunMark& b) {
  SpanRow out = older;
  erase(out, erased_of(newer));
  for (const auto column : texts)
    if (!(newer.*column).empty()) out.*column = newer.*column;
  if (!newer.read_session.empty()) out.read_session = newer.read_session, out.session_weak = newer.session_weak;
  if (newer.read_kind != llm::Kind::other) out.read_kind = newer.read_kind, out.read_noise = newer.read_noise;
  out.framework_tool = older.framework_tool || newer.framework_tool;
  if (!newer.tags.empty()) {
    out.tags.insert(out.tags.end(), newer.tags.begin(), newer.tags.end());
    std::ranges::sort(out.tags);
    out.tags.erase(std::ranges::unique(out.tags).begin(), out.tags.end());
    if (newer.dialect != "langfuse" || !at_the_top(newer)) out.tags = newer.tags;  // only Langfuse's traces unite them
  }
  if (!newer.finish_reasons.empty()) out.finish_reasons = newer.finish_reasons;
  if (newer.told != 0) out.told = newer.told;
  if (!at_the_top(newer)) out.parent = newer.parent, out.parent_id = newer.parent_id;
  put_tokens(newer, out);
  put_times(older, a, newer, b, out);
  const bool fails = open(newer.status) && !open(out.status) && !newer.error_message.empty();
  out.status = status_of(out.status, fails ? llm::Status::error : newer.status);
  out.received = std::max(older.received, newer.received);
  for (const auto& attribute : newer.attributes) out.attributes.push_back(attribute);
  std::erase_if(out.attributes, [](const auto& one) { return one.first == erased_attribute; });
  keep_last(out.attributes);
  return out;
}

// 0: what went in, 1: what came out, 2: the rest.
int side_of(llm::Slot slot) {
  using enum llm::Slot;
  if (slot == output || slot == result) return 1;
  return slot == state || slot == attribute || slot == event ? 2 : 0;
}

ContentRow put_contents(const ContentRow* older, const ContentRow* newer, const std::vector<std::string>& erased) {
  ContentRow out = older != nullptr ? *older : *newer;
  std::vector<PieceRef> mine = std::exchange(out.pieces, {});
  if (older == nullptr) mine.clear();
  const std::vector<PieceRef> theirs = newer != nullptr ? newer->pieces : std::vector<PieceRef>();
  auto is_erased = [&](int side) {
    return std::ranges::any_of(erased, [&](std::string_view field) {
      return side == 0 ? is_one_of(field, {"input", "inputs"}) : side == 1 && is_one_of(field, {"output", "outputs"});
    });
  };
  for (const int side : {0, 1, 2}) {
    const bool said = side != 2 && std::ranges::any_of(theirs, [&](auto& one) { return side_of(one.slot) == side; });
    for (const auto& piece : mine) {
      const bool same = std::ranges::any_of(
          theirs, [&](const PieceRef& one) { return one.slot == piece.slot && one.key == piece.key; });
      if (side_of(piece.slot) == side && !said && !is_erased(side) && !(side == 2 && same)) out.pieces.push_back(piece);
    }
    for (const auto& piece : theirs)
      if (side_of(piece.slot) == side) out.pieces.push_back(piece);
  }
  return out;
}

const ContentRow* content_of(const SpanRow& row, std::span<const ContentRow> contents) {
  const auto found = std::ranges::find_if(contents, [&](const ContentRow& one) {
    return one.trace == row.trace && one.span == row.span && one.record == row.record;
  });
  return found == contents.end() ? nullptr : &*found;
}

}  // namespace

Id128 marked(const RunMark& mark, const Id128& hash) {
  std::uint64_t bits = 0;
  auto set = [&](bool holds, Bit of) { bits |= holds ? bit(of) : 0; };
  set(mark.late, Bit::late), set(mark.first, Bit::first), set(mark.again, Bit::again), set(mark.put, Bit::put);
  set(mark.starts, Bit::starts), set(mark.ends, Bit::ends), set(mark.rank > 0, Bit::patched), set(mark.told, Bit::told);
  return {magic | bits | mark.second, hash.low};
}

std::optional<RunMark> mark_of(const Id128& record) {
  if ((record.high & magic_bits) != magic) return std::nullopt;
  auto has = [&](Bit of) { return (record.high & bit(of)) != 0; };
  return RunMark{.late = has(Bit::late),
                 .first = has(Bit::first),
                 .again = has(Bit::again),
                 .put = has(Bit::put),
                 .told = has(Bit::told),
                 .starts = has(Bit::starts),
                 .ends = has(Bit::ends),
                 .rank = static_cast<std::uint8_t>(has(Bit::patched) ? 1 : 0),
                 .second = static_cast<std::uint32_t>(record.high)};
}

bool says_the_same(const Id128& record, const Id128& other) {
  const std::uint64_t which = ~(bit(Bit::first) | bit(Bit::again));
  return record.low == other.low && (record.high & which) == (other.high & which);
}

bool Versions::have_late() const {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto mark = mark_of(rows[i]->record);
    if (mark && mark->late && mark_of(rows[i - 1]->record)) return true;
  }
  return false;
}

Together put_together(const Versions& versions, std::span<const ContentRow> contents) {
  Together out{.row = own(*versions.rows.front()), .content = std::nullopt};
  if (const auto* content = content_of(out.row, contents)) out.content = *content;
  for (std::size_t i = 1; i < versions.rows.size(); ++i) {
    const SpanRow row = own(*versions.rows[i]);
    const ContentRow* content = content_of(row, contents);
    const auto a = mark_of(out.row.record), b = mark_of(row.record);
    if (!a || !b || !b->late) {  // the whole run anew
      out.row = row;
      out.content = content != nullptr ? std::optional(*content) : std::nullopt;
      continue;
    }
    if (b->first && !(b->again && a->put)) ++out.merged;
    const bool newer = std::tie(b->rank, b->second) >= std::tie(a->rank, a->second);
    const ContentRow* stored = out.content ? &*out.content : nullptr;
    SpanRow whole = newer ? put(out.row, *a, row, *b) : put(row, *b, out.row, *a);
    if (stored != nullptr || content != nullptr) {
      out.content = newer ? put_contents(stored, content, erased_of(row)) : put_contents(content, stored, {});
    }
    const std::array<std::uint64_t, 2> both{out.row.record.low, row.record.low};
    whole.record = marked({.late = a->late,
                           .first = false,
                           .again = false,
                           .put = true,
                           .starts = a->starts || b->starts,
                           .ends = a->ends || b->ends,
                           .rank = newer ? b->rank : a->rank,
                           .second = newer ? b->second : a->second},
                          hash128({reinterpret_cast<const char*>(both.data()), sizeof both}));
    out.row = std::move(whole);
  }
  if (out.content) {
    out.content->record = out.row.record;
    out.row.pieces = static_cast<std::uint16_t>(std::ranges::count_if(
        out.content->pieces, [](const PieceRef& piece) { return piece.slot <= llm::Slot::result; }));
  }
  out.row.unpriced = true;
  return out;
}

}  // namespace pawl::traces
