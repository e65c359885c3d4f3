// One trial: whoever is asked, the answer, the end.
#pragma once
#include <memory>
#include <string>

#include "evals.h"
#include "trials/evaluators.h"

namespace pawl::evals {

using trials::Evaluator, trials::Outcome;

struct Tried {
  Outcome outcome;
  bool infra_error = false;  // no outcome: exit code 75 (EX_TEMPFAIL), 408, 429, 5xx, 401 to 404, nobody answered
};

struct Asked {
  const datasets::Item& item;
  std::string request;   // a line of JSON: {pawl, case, trial, trial_id, input}
  std::string trial_id;  // also as PAWL_TRIAL_ID, or the header x-pawl-trial-id
  std::string parent;    // W3C trace context, as TRACEPARENT or the header traceparent
  double timeout_s = 120;
};

// Of one worker; asks one trial at a time.
class Agent {
 public:
  explicit Agent(const AgentOptions& options);
  ~Agent();
  Tried ask(const Asked& asked);

 private:
  struct Endpoint;
  const AgentOptions& options_;
  std::unique_ptr<Endpoint> endpoint_;  // where it is none that is started anew each time
};

// Runs `sh -c agent` in a process group of its own; the request on its standard input, its standard error is ours.
// What it prints is a JSON object {output, trajectory?, cost_usd?, tokens?, trace?}, or else the output as text.
// Out of time, a crash and more than 16 MB are outcomes that failed.
Tried run_command(const std::string& agent, const Asked& asked);
inline constexpr std::size_t most_output = 16U << 20;
void read_answer(const std::string& answer, Outcome& outcome);
// Of an answer of chat completions: text, calls, tokens, and what they cost.
Result<Outcome> read_completion(const std::string& answer, const AgentOptions& options);
// The body for chat completions: the input as a user's message, or its own messages.
std::string completion_request(const AgentOptions& options, const datasets::Item& item);

}  // namespace pawl::evals
