// The templates. Each begins with who is hit, then how far it reaches, then what stops it; the last step looks back.
#include "runbooks.h"

#include <algorithm>

namespace pawl::incidents {
namespace {

Runbook prompt_injection() {
  return {
      "prompt_injection",
      "Prompt injection",
      "Somebody makes the agent do what it was not asked to: by what a user writes, or by what a tool or a document "
      "gave it to read.",
      {{"Which guardrails blocked, and how often?", {"guardrail_triggers", "sessions"}, {"name"}, "kind=guardrail"},
       {"Whose sessions are they? One user points at an attack, many at a document that all read.",
        {"traces", "guardrail_triggers"},
        {"user"},
        "is:blocked"},
       {"What did the agent do in those runs? Look for tools that write, pay or send.",
        {"tool_calls", "tool_errors"},
        {"tool"},
        "kind=tool"},
       {"Which tools and retrievers brought text from outside into the run?",
        {"spans", "traces"},
        {"kind", "name"},
        "kind=tool,retriever"},
       {"Did blocked runs go on all the same? Those that ended well are the ones to replay first.",
        {"traces"},
        {"status"},
        "is:blocked",
        "trace"},
       {"Stop it: take the dangerous tool from the agent, or block the user; note what you did."},
       {"Replay one of the traces, link it here, and make a case of it: the agent must refuse it from now on."}}};
}

Runbook data_leak() {
  return {
      "data_leak",
      "Data leak",
      "Something that must not leave a system stands in an answer, a tool's arguments or the telemetry itself.",
      {{"Who got answers in that time? These are the people to whom it may have gone.",
        {"traces", "sessions"},
        {"user"}},
       {"For which customers?", {"traces", "sessions"}, {"customer"}},
       {"Which tools were given data? Those that send it outside come first.", {"tool_calls"}, {"tool"}, "kind=tool"},
       {"Which models, at which providers, have seen it?", {"llm_calls", "tokens"}, {"provider", "model"}, "kind=llm"},
       {"Which version of the agent, with which prompt?", {"traces"}, {"agent_version", "prompt", "prompt_version"}},
       {"Stop it: disable the tool or the agent. Turn on masking of the kind of secret (Settings, Masking)."},
       {"Change what leaked: keys and passwords are worthless only when they are changed."},
       {"Take the traces out of the store where they must not stay, and note which; tell who has to be told."}}};
}

Runbook runaway_cost() {
  return {"runaway_cost",
          "Runaway cost",
          "Money goes faster than the work that it buys: loops, longer contexts, a dearer model, or one user.",
          {{"Which agent and version spends it?", {"cost", "traces", "cost_per_trace"}, {"agent", "agent_version"}},
           {"Which model, and how many tokens a call? More tokens is a longer context, more calls is a loop.",
            {"cost", "llm_calls", "tokens.all_input", "tokens.output"},
            {"model"}},
           {"What do rules call wasted: loops, retries, calls for nothing?",
            {"wasted_cost", "findings"},
            {"agent", "task"},
            "is:wasted"},
           {"Is the cache still hit? A prompt that begins differently each time pays in full.",
            {"cache_hit_rate", "tokens.cache_read", "tokens.input"},
            {"model"}},
           {"Is it one user or one customer?", {"cost", "sessions"}, {"customer", "user"}},
           {"Which tasks became dearer?", {"cost_per_task", "cost"}, {"task"}},
           {"Stop it: cap the agent's budget, or go back to the version before; note what you did."},
           {"Replay the dearest run, link it here, and make a case with a limit on its cost."}}};
}

Runbook tool_outage() {
  return {
      "tool_outage",
      "Tool outage",
      "A tool or a service behind it fails, and the agent tries again, gives up, or makes something up.",
      {{"Which tools fail, and how often?", {"tool_error_rate", "tool_errors", "tool_calls"}, {"tool"}, "kind=tool"},
       {"With which errors?", {"errors"}, {"tool", "error_type"}, "kind=tool is:error"},
       {"Are they slower too? A time-out upstream looks like that.",
        {"latency.p95", "latency.p50", "tool_calls"},
        {"tool"},
        "kind=tool"},
       {"Which agents are hit, and how many of their runs fail?", {"error_rate", "traces"}, {"agent"}, "", "trace"},
       {"Did runs that lost the tool answer all the same? Read some: they may have made it up.",
        {"traces"},
        {"status"},
        "kind=tool is:error",
        "trace"},
       {"Do retries make it worse?", {"findings", "tool_calls"}, {"tool"}, "is:failure_streak or is:retry_storm"},
       {"Stop it: take the tool away or answer for it; tell who runs the service, and note when they knew."}}};
}

Runbook model_degradation() {
  return {"model_degradation",
          "Model degradation",
          "The same agent answers worse or slower, and nobody released anything: a model was changed behind its name, "
          "or its provider is in trouble.",
          {{"How do models answer: how fast, and how often not at all?",
            {"latency.p95", "ttft.p95", "error_rate", "llm_calls"},
            {"provider", "model"},
            "kind=llm"},
           {"What do the scores say?", {"score.pass_rate", "score.count"}, {"agent", "agent_version"}},
           {"Are answers cut off, or longer than they were?", {"tokens.output", "llm_calls"}, {"model"}, "kind=llm"},
           {"Which errors do providers give?", {"errors"}, {"provider", "error_type"}, "kind=llm is:error"},
           {"Which tasks and which versions of the prompt got worse?",
            {"error_rate", "traces"},
            {"task", "prompt_version"},
            "",
            "trace"},
           {"Is it the agent after all? A version that was first seen shortly before says so.",
            {"traces", "error_rate"},
            {"agent_version"},
            "",
            "trace"},
           {"Stop it: pin the model's dated name or take another provider; run the gate before you do."}}};
}

Runbook bad_release() {
  return {
      "bad_release",
      "Bad release",
      "It began with a new version of the agent: its prompt, its tools, its model or its code.",
      {{"Old against new: how do the versions compare?",
        {"error_rate", "traces", "latency.p95"},
        {"agent_version"},
        "",
        "trace"},
       {"What does each version cost by run?", {"cost_per_trace", "cost"}, {"agent_version"}},
       {"What changed: prompts and models by version.",
        {"llm_calls"},
        {"agent_version", "model", "prompt", "prompt_version"},
        "kind=llm"},
       {"Which tools does each version use, and which fail?",
        {"tool_calls", "tool_error_rate"},
        {"agent_version", "tool"},
        "kind=tool"},
       {"What do the scores say of the versions?", {"score.pass_rate", "score.count"}, {"agent_version"}},
       {"Stop it: go back to the version before, and note when."},
       {"Link a run of the old and one of the new version, compare them, and make the new one a case of the gate."}}};
}

}  // namespace

const std::vector<Runbook>& runbooks() {
  static const std::vector<Runbook> all = {prompt_injection(), data_leak(),         runaway_cost(),
                                           tool_outage(),      model_degradation(), bad_release()};
  return all;
}

const Runbook* runbook_called(std::string_view name) {
  const auto found = std::ranges::find(runbooks(), name, &Runbook::name);
  return found == runbooks().end() ? nullptr : &*found;
}

}  // namespace pawl::incidents
