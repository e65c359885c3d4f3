// What providers bill beside what Pawl saw: a day, provider, model and kind of token at a time, with the likely reason
// of each difference, found by numbers. Pure.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "bills.h"

namespace pawl::costs {

// One kind of token of a model on a day of UTC; what a side does not tell is nullopt.
struct Side {
  std::optional<std::int64_t> quantity;  // tokens, or calls of tools
  std::optional<Int128> pico;            // pico-dollars
};
struct Compared {
  Nanos day = 0;
  std::string provider, model, type;  // bills.h
  Side theirs, ours;
  bool agrees = false;
  std::string reason;  // a name of reasons(); "" where it agrees
  Int128 difference() const { return theirs.pico.value_or(0) - ours.pico.value_or(0); }
};

// What is known of a model on a day beside its kinds of tokens.
struct Circumstances {
  bool imported = true;  // there are bills of the provider for that day
  std::optional<std::int64_t> their_requests;
  std::int64_t our_calls = 0;                 // with usage
  std::int64_t our_failures = 0;              // model calls that failed without telling usage
  std::int64_t unpriced = 0;                  // of our calls
  bool their_tier = false, our_tier = false;  // some of it batch, flex, priority …
  std::optional<Int128> at_top_tier;          // ours, had every call passed the last tier of its price
};

struct ReasonInfo {
  std::string_view name, sentence;
};
// In the order in which they are tried.
const std::vector<ReasonInfo>& reasons();

// Agrees when |difference| ≤ max($0.01, 0.5 %), where both tell money; else when tokens are within 0.5 %.
// `last` is the end of the newest bucket that was imported: providers' last days are incomplete.
using ModelDay = std::tuple<Nanos, std::string, std::string>;  // day, provider, model
void judge(std::vector<Compared>& rows, const std::map<ModelDay, Circumstances>& known, Nanos last);

// Calls that Pawl saw, of one price row and day.
struct Seen {
  Nanos day = 0;
  std::string provider, model;  // provider: as provider_key names it
  std::int64_t calls = 0, failures = 0, unpriced = 0;
  bool tier = false;                                // batch, flex, priority …
  std::optional<Int128> at_top_tier;                // its cost, had every call passed the last tier
  std::vector<std::pair<std::string, Side>> kinds;  // kind of token as lines_of names it, how much and what it cost
};
// Both sides by day, provider, model and kind: judged, a row for whatever one of them tells. Models are matched by
// `comparable`; kinds are told apart only where both sides do; tools are of no model.
std::vector<Compared> reconcile(const std::vector<Bill>& bills, const std::vector<Seen>& seen);

}  // namespace pawl::costs
