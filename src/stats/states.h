// The life of one instance of an alert rule: ok → pending → firing → ok, one evaluation at a time. Pure; times are
// minutes of event time (or any unit, the same everywhere). Vectors: tests/fixtures/alerts/state_machine.json.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace pawl::stats {

enum class State : std::uint8_t { ok, pending, firing, no_data };
enum class NoData : std::uint8_t { keep, ok, alert, no_data };
enum class Notice : std::uint8_t { firing, resolved, reminder, no_data, data_back };
std::string_view name_of(State state);
std::string_view name_of(Notice notice);
std::string_view name_of(NoData mode);
std::optional<State> state_from(std::string_view name);
std::optional<NoData> no_data_from(std::string_view name);

struct StateRule {
  std::int64_t wait = 0;          // `for`: bad for so long before it fires; 0: at once
  std::int64_t keep_firing = 0;   // good for so long before it is over
  std::int64_t renotify = 0;      // between reminders; 0: none
  NoData no_data = NoData::keep;  // an evaluation error always keeps
};
// What an evaluation says. `good`: beyond `recover` on the good side; between bad and good is hysteresis.
enum class Seen : std::uint8_t { bad, between, good, nothing, error };
// `above`: more than the threshold is bad. Equal is not over; equal to `recover` is good.
Seen judge(double value, bool above, double threshold, std::optional<double> recover);

struct Transition {
  State from, to;
};

struct Instance {
  State state = State::ok;
  std::int64_t since = 0;            // of the state
  std::optional<std::int64_t> good;  // since when it is good, while firing
  std::int64_t notified = 0;         // when the last firing notice or reminder went out
  bool acknowledged = false;         // no reminders any more
};

struct Moved {
  std::vector<Transition> transitions;
  std::vector<Notice> notices;
};
Moved advance(Instance& instance, const StateRule& rule, Seen seen, std::int64_t now);

}  // namespace pawl::stats
