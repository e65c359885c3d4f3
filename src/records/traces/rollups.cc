// Filling roll-ups, and keeping them still while they are read.
#include "rollups.h"

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "base/ids.h"
#include "base/text.h"
#include "schema.h"

namespace pawl::traces {
namespace {

constexpr Nanos piece = 200 * millisecond;  // queries wait no longer for a piece, nor does the writer
constexpr std::chrono::seconds patience{2}, last_patience{1};

// A range is one block, and that is one part.
constexpr std::string_view one_block =
    " SETTINGS max_threads = 1, max_insert_threads = 1, min_insert_block_size_rows = 1000000000, "
    "min_insert_block_size_bytes = 0";

struct Found {
  std::string uuid, comment;
  bool damaged = false;  // the engine has set a part of it aside
};

Result<std::unordered_map<std::string, Found>> tables_of(warehouse::Warehouse& warehouse) {
  const auto broken = TRY(warehouse.read({.sql = "SELECT DISTINCT table FROM system.detached_parts WHERE database = "
                                                 "currentDatabase() AND startsWith(reason, 'broken')",
                                          .parameters = {},
                                          .deadline = minute}));
  const auto answer = TRY(warehouse.read(
      {.sql = "SELECT name, toString(uuid), comment FROM system.tables WHERE database = currentDatabase()",
       .parameters = {},
       .deadline = minute}));
  std::unordered_map<std::string, Found> out;
  for (std::size_t i = 0; i < answer.rows.size(); ++i)
    out[std::string(answer.rows.text(0, i))] = {std::string(answer.rows.text(1, i)),
                                                std::string(answer.rows.text(2, i))};
  for (std::size_t i = 0; i < broken.rows.size(); ++i) out[std::string(broken.rows.text(0, i))].damaged = true;
  return out;
}

}  // namespace

Rollups::Rollups(std::vector<Rollup> all, const Log& log) : all_(std::move(all)), log_(log), states_(all_.size()) {}

Rollups::Reading::Reading(Rollups& of) : of_(of) {
  std::unique_lock lock(of_.mutex_);
  of_.freed_.wait(lock, [&] { return !of_.changing_ && !of_.insisting_; });
  ++of_.readers_;
  for (const State& state : of_.states_) through_.push_back(state.through);
}

Rollups::Reading::~Reading() {
  {
    const std::lock_guard lock(of_.mutex_);
    --of_.readers_;
  }
  of_.freed_.notify_all();
}

// Queries go before; where they never let go, new ones wait a moment.
bool Rollups::begin_change() {
  std::unique_lock lock(mutex_);
  const auto free = [&] { return readers_ == 0; };
  if (!freed_.wait_for(lock, patience, free)) {
    insisting_ = true;
    const bool freed = freed_.wait_for(lock, last_patience, free);
    insisting_ = false;
    if (!freed) {
      freed_.notify_all();
      return false;
    }
  }
  changing_ = true;
  return true;
}

void Rollups::end_change() {
  {
    const std::lock_guard lock(mutex_);
    changing_ = false;
  }
  freed_.notify_all();
}

class Rollups::Change {
 public:
  explicit Change(Rollups& of) : of_(of), begun_(of.begin_change()) {}
  ~Change() {
    if (begun_) of_.end_change();
  }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;
  Result<> begun() const {
    if (begun_) return {};
    return fail(ErrorKind::unavailable, "queries have not let go of the roll-ups for three seconds");
  }

 private:
  Rollups& of_;
  const bool begun_;
};

// Tables that are missing, damaged, of another definition or of other spans are made anew; where a table stands is
// asked of it.
Result<> Rollups::prepare(warehouse::Warehouse& warehouse) {
  auto found = TRY(tables_of(warehouse));
  const std::string spans = found["spans"].uuid + found["spans"].comment;  // the embedded engine's tables have no UUID
  for (std::size_t i = 0; i < all_.size(); ++i) {
    const Rollup& one = all_[i];
    const std::string mark =
        to_hex(sha256(fmt::format("{}\n{}\n{}\n{}", one.ddl, one.insert, one.group, spans))).substr(0, 32);
    const bool damaged = states_[i].mark.empty() && found[one.name].damaged;
    if (states_[i].mark == mark && !damaged) continue;
    const Change change(*this);
    TRY(change.begun());
    states_[i] = {};
    if (found[one.name].comment != mark || damaged) {
      log_.info("a roll-up is filled from the spans that are stored",
                {{"table", one.name}, {"why", damaged ? "a part of it is damaged" : "it is new, or they are"}});
      TRY(warehouse.run(fmt::format("DROP TABLE IF EXISTS {} SYNC SETTINGS max_table_size_to_drop = 0", one.name)));
      TRY(warehouse.run(fmt::format("{}{} COMMENT '{}'", one.ddl, table_settings, mark)));
    }
    const auto held = TRY(warehouse.read(
        {.sql = fmt::format("SELECT max(batch) FROM {}", one.name), .parameters = {}, .deadline = minute}));
    if (held.rows.size() == 1) states_[i].through = static_cast<BatchNumber>(held.rows.integer(0, 0));
    states_[i].mark = mark;
  }
  return {};
}

Result<> Rollups::take(warehouse::Warehouse& warehouse, std::size_t which, BatchNumber up_to) {
  const Rollup& one = all_[which];
  State& state = states_[which];
  const Change change(*this);
  TRY(change.begun());
  const SystemClock clock;
  const Nanos began = clock.monotonic();
  const auto done = warehouse.run(
      fmt::format("{}batch > {} AND batch <= {}{}{}", one.insert, state.through, up_to, one.group, one_block));
  if (!done) {
    state.width = std::max<BatchNumber>(1, state.width / 4);
    state.mark.clear();  // whether it was taken is asked of the table
    state.through = 0;
    return done;
  }
  const Nanos took = std::max<Nanos>(1, clock.monotonic() - began);
  const bool whole = up_to - state.through == state.width;
  if (took > 2 * piece)
    state.width = std::max<BatchNumber>(1, state.width / 2);
  else if (whole && took < piece / 2)
    state.width *= 2;
  state.through = up_to;
  return {};
}

Result<bool> Rollups::advance(warehouse::Warehouse& warehouse, BatchNumber settled) {
  TRY(prepare(warehouse));
  bool more = false;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    const State& state = states_[i];
    if (state.through >= settled) continue;
    TRY(take(warehouse, i, std::min(state.through + state.width, settled)));
    more |= state.through < settled;
  }
  return more;
}

}  // namespace pawl::traces
