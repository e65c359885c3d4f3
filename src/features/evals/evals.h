// Experiments on the command line's side: an agent (a command, an HTTP endpoint, an OpenAI-compatible one) on the cases
// of a file; results as the gate reads them (docs/guides/evals.md), and to a server as they come.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pawl::evals {

struct AgentOptions {
  std::string command;                                       // a line of the shell, or …
  std::string url;                                           // … where each trial is posted to, or …
  std::string openai, model;                                 // … the base URL of an API as OpenAI's, and its model
  std::string key;                                           // of that API, as a bearer token
  std::vector<std::pair<std::string, std::string>> headers;  // of requests to url and openai
  // Dollars per million tokens that go in and come out; below 0: not known, the list of prices is asked.
  double input_price = -1, output_price = -1;
};

struct Options {
  std::string cases, evaluators, out;  // files
  std::string cases_text;              // given: instead of reading `cases`, which is then only a name
  std::string dataset;                 // "name@version" in rows; "": the file's name with its hash
  AgentOptions agent;
  std::string split;  // "": all that are not retired
  std::uint64_t trials = 1, concurrency = 4, retries = 3;
  double timeout_s = 120, spend_cap_usd = 0;  // 0: no cap
  bool link_traces = false;                   // rows name the trace that TRACEPARENT began, unless the agent names one
  // Takes rows (JSON lines) as they come, apart from the trials; an error is tried again at the end.
  std::function<Result<>(const std::string& rows)> put = {};
};

struct Progress {
  std::uint64_t done = 0, all = 0, infra_errors = 0;
  double spent_usd = 0;
};

struct Report {
  std::uint64_t ran = 0, there = 0, failed = 0, infra_errors = 0, left = 0;
  double spent_usd = 0;  // by this run
  bool capped = false;
  std::string not_sent;  // why rows could not be put; they stand in the file
};

// What will run, before it runs: for whoever tells a server of it.
struct Plan {
  std::uint64_t cases = 0, trials = 0;
  std::string dataset, evaluators_version;
  std::string evaluators;  // JSON: [{name, kind}]
};
Result<Plan> plan(const Options& options);

// Runs what the results do not hold yet: a trial with an outcome is never run twice, whatever ended the run before.
// A line is on the disk before the next trial of that worker begins. `invalid` for what is wrong with the files.
Result<Report> run(const Options& options, const std::function<void(const Progress&)>& tell);

}  // namespace pawl::evals
