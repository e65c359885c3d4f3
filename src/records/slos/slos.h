// Service level objectives of agents: which share of an agent's runs must be good, and what good is. Kept in the
// ledger; what a run is, is said in the filter language, at the grain of traces.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "store/ledger/ledger.h"

namespace pawl::slos {

using ProjectId = std::uint32_t;

struct Slo {
  std::string name, agent;
  std::string kind;       // "availability" "latency" "quality" "cost"
  double target = 0.99;   // share of good runs, between 0.5 and 0.99999
  std::string threshold;  // latency: "10s"; cost: dollars, "0.05"; quality: a score, "0.7"; availability: ""
  std::string score;      // quality: its name
  std::string window;     // "30d": a rolling window, 1d to 90d
  std::string filter;     // further terms, or ""
  std::string description;
  Nanos changed = 0;
  std::string actor;
  Nanos length() const;  // of the window
};

std::span<const ledger::Migration> migrations();

// Which traces are counted, and which of them are bad; filters at the grain of traces. The measure is `latency.count`:
// traces that ended, in the step of their start. Bad ÷ valid is the error rate that burn rates are made of.
std::string valid_filter(const Slo& slo);
std::string bad_filter(const Slo& slo);
inline constexpr std::string_view counted_by = "latency.count";

// {name, agent, kind, target, threshold, score, window, filter, description}: `invalid` names the key and what to
// write. The filter is for whoever compiles it.
Result<Slo> read_slo(std::string_view json, std::string_view name);

Result<std::vector<Slo>> all(ledger::Ledger& ledger, ProjectId project);  // by name
Result<Slo> find(ledger::Ledger& ledger, ProjectId project, const std::string& name);
// Inside the change that is written down in the audit table too. At most 500 a project.
Result<> put(ledger::Transaction& change, ProjectId project, const Slo& slo);
Result<> remove(ledger::Transaction& change, ProjectId project, const std::string& name);  // not_found

}  // namespace pawl::slos
