// `pawl demo`: a fleet of five agents, staged through the real ingest path as their SDKs would have sent it, and live
// traffic after it. What is staged is data/demo; what the API must answer about it is data/demo/truth.json.
#pragma once
#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace pawl::demo {

struct StageOptions {
  std::uint64_t seed = 20'261'121;  // the same seed and hour give the same ids, times, tokens and texts
  Nanos now = 0;                    // wall time; 0: the system's. Day 0 is 14 days before it, at the full hour
  unsigned connections = 4;
  std::string key;               // of a project, sent as a bearer token; "" in local mode
  bool progress = true;          // a line on standard error where it takes longer than 2 s
  Nanos patience = 60 * second;  // with a server that does not answer, or does not store what it took
};

struct Staged {
  std::uint64_t sessions = 0, traces = 0, spans = 0, requests = 0;
  std::uint64_t bytes = 0, sent_bytes = 0;  // of the requests, before and after compression
  Nanos time = 0;
};

// Sends the fourteen days up to now to the server at `url` ("http://127.0.0.1:7295") and waits until it has stored
// them. For a project that has no data yet: staged again in the same hour nothing changes, later it is there twice.
// Errors: `unavailable` when the patience is at its end, `invalid` where the server refused something, `corrupt` for
// the embedded data.
Result<Staged> stage(const std::string& url, const StageOptions& options = {});

// A dataset of the tasks that the airline's agent was given, and its versions v12 and v13 as experiments over it: each
// staged session is a trial of its task, with its own trace, outcome, money and time. The gate stops v13, as it should.
Result<> stage_experiments(const std::string& url, const StageOptions& options = {});

// What a team sets up around such a fleet: budgets, objectives, schedules of reports; and the starter rules, which open
// incidents and are judged from the first staged day on.
Result<> stage_operations(const std::string& url, const StageOptions& options = {});
// Waits until the rules have been judged, or `stop`; writes down what became of the incidents, and keeps reports.
Result<> tend_incidents(const std::string& url, const StageOptions& options, const std::stop_token& stop);

// Starts a new session every 20 to 60 s, drawn from the fleet's ordinary days with its newest versions, and sends each
// step when it ends, until `stop`. Blocks; steps that the server does not take within a minute are left out.
Result<> run_live(const std::string& url, const StageOptions& options, std::stop_token stop);

}  // namespace pawl::demo
