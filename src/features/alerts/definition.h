// A rule as it is written: JSON in, checked, with every mistake named.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "query/query.h"
#include "records/projects/projects.h"
#include "stats/backtest.h"

namespace pawl::alerts {

using projects::ProjectId;

struct Escalation {
  std::int64_t after = 0;  // seconds that nobody has acknowledged
  std::string channel;
};

struct Definition {
  std::string name, measure, filter_text, runbook;
  std::string unit;                         // of the measure: "USD" "ms" "ratio" "calls" …
  std::string severity = "page";            // page, ticket, info
  std::string folder;                       // of rules that belong together
  std::string incident;                     // severity of the incident that a firing opens; "": none
  std::int64_t incident_window = 4 * 3600;  // seconds: a firing joins an incident whose newest is not older
  std::vector<std::string> split, channels;
  std::vector<std::string>
      group_by;  // what shares a message: "rule" "folder" "severity", what is split by; empty: rule
  std::int64_t group_wait = 30, group_interval = 300;  // seconds: of those that fire together, that join later
  std::string distribution;  // of psi: a dimension, "latency" or "ttft"; "": of the values themselves
  std::string slo;           // of burn: the objective whose budget it is; these are made of it by `resolve`:
  std::string valid_filter, bad_filter;
  std::int64_t slo_changed = 0;
  std::vector<std::string> explain;  // dimensions that are looked through for the cause; empty: usual ones
  std::vector<Escalation> escalate;
  query::Grain grain = query::Grain::span;
  query::Filter filter;
  stats::Rule rule;
  stats::StateRule states;
  stats::Series shape;  // sort, direction, zone, step; no values
  bool enabled = true;
  bool money = false;
  std::string step_text() const;  // "5m"
  std::string counted() const;    // the measure that says how many a number rests on
  bool is_mix() const { return rule.kind == "psi" && !distribution.empty(); }
  bool has_bins() const { return distribution == "latency" || distribution == "ttft"; }
};

// {name, measure, kind, filter?, split?, grain?, above?, below?, recover?, window?, change?, slo?, direction?, for?,
// keep_firing_for?, no_data?, renotify?, severity?, channels?, escalate?, explain?, runbook?, step?, timezone?,
// strictness?, learning_bar?, least?, enabled?, folder?, incident?, incident_window?, group_by?, group_wait?,
// group_interval?, distribution?}; of burn "slo" may be the name of an objective, and measure is left out.
// `invalid` names the key, or says why the measure cannot be asked for so.
Result<Definition> parse_definition(std::string_view json);
// Puts the objective that it names in its place. `invalid`: there is none of that name.
Result<> resolve(ledger::Ledger& ledger, ProjectId project, Definition& definition);

}  // namespace pawl::alerts
