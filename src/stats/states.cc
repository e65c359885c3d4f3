// The state machine of alerts.
#include "stats/states.h"

#include <array>
#include <cmath>

namespace pawl::stats {
namespace {

constexpr std::array<std::string_view, 4> state_names = {"ok", "pending", "firing", "no_data"};
constexpr std::array<std::string_view, 5> notice_names = {"firing", "resolved", "reminder", "no_data", "data_back"};
constexpr std::array<std::string_view, 4> no_data_names = {"keep", "ok", "alert", "no_data"};

template <typename T, std::size_t n>
std::optional<T> named(const std::array<std::string_view, n>& names, std::string_view name) {
  for (std::size_t i = 0; i < n; ++i) {
    if (names[i] == name) return static_cast<T>(i);
  }
  return std::nullopt;
}

class Step {
 public:
  Step(Instance& instance, const StateRule& rule, std::int64_t now) : at_(instance), rule_(rule), now_(now) {}

  Moved take(Seen seen) {
    if (seen == Seen::nothing) {
      if (rule_.no_data == NoData::no_data) lose();
      if (rule_.no_data == NoData::ok) seen = Seen::good;
      if (rule_.no_data == NoData::alert) seen = Seen::bad;
    }
    const bool known = seen != Seen::nothing && seen != Seen::error;
    if (known && at_.state == State::no_data) go(State::ok), tell(Notice::data_back);
    if (known) seen == Seen::bad ? bad() : not_bad(seen);
    if (at_.state == State::firing && rule_.renotify > 0 && !at_.acknowledged && now_ - at_.notified >= rule_.renotify)
      tell(Notice::reminder), at_.notified = now_;
    return std::move(moved_);
  }

 private:
  void go(State to) {
    moved_.transitions.push_back({at_.state, to});
    at_.state = to, at_.since = now_;
    at_.good.reset();
  }
  void tell(Notice notice) { moved_.notices.push_back(notice); }
  void lose() {
    if (at_.state != State::no_data) go(State::no_data), tell(Notice::no_data);
  }
  void bad() {
    at_.good.reset();
    if (at_.state == State::ok) go(State::pending);
    if (at_.state != State::pending || now_ - at_.since < rule_.wait) return;
    go(State::firing), tell(Notice::firing);
    at_.notified = now_, at_.acknowledged = false;
  }
  void not_bad(Seen seen) {
    if (at_.state == State::pending) go(State::ok);
    if (at_.state != State::firing) return;
    if (seen != Seen::good) {
      at_.good.reset();
      return;
    }
    if (!at_.good) at_.good = now_;
    if (now_ - *at_.good >= rule_.keep_firing) go(State::ok), tell(Notice::resolved);
  }

  Instance& at_;
  const StateRule& rule_;
  std::int64_t now_;
  Moved moved_;
};

}  // namespace

std::string_view name_of(State state) {
  return state_names[static_cast<std::size_t>(state)];
}
std::string_view name_of(Notice notice) {
  return notice_names[static_cast<std::size_t>(notice)];
}
std::string_view name_of(NoData mode) {
  return no_data_names[static_cast<std::size_t>(mode)];
}
std::optional<State> state_from(std::string_view name) {
  return named<State>(state_names, name);
}
std::optional<NoData> no_data_from(std::string_view name) {
  return named<NoData>(no_data_names, name);
}

Seen judge(double value, bool above, double threshold, std::optional<double> recover) {
  if (std::isnan(value)) return Seen::nothing;
  if (above ? value > threshold : value < threshold) return Seen::bad;
  if (!recover) return Seen::good;
  return (above ? value <= *recover : value >= *recover) ? Seen::good : Seen::between;
}

Moved advance(Instance& instance, const StateRule& rule, Seen seen, std::int64_t now) {
  return Step(instance, rule, now).take(seen);
}

}  // namespace pawl::stats
