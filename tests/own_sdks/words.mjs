// Prompts, datasets, experiments, scores and outcomes of the TypeScript SDK, against the server; tells what it saw as JSON.
import * as pawl from "pawl-sdk";

await pawl.init();
const missing = await pawl.prompt("greeting", { default: "Hello {{who}}" });
const prompt = await pawl.prompt("refund");
const questions = await pawl.dataset("capitals", { create: true, description: "of countries" });
for (const [country, city] of [["France", "Paris"], ["Italy", "Rome"], ["Spain", "Madrid"]]) {
  if (!(await questions.add({ input: { country }, expected: city, id: `case-${country}` }))) throw new Error(questions.error);
}
const ran = await pawl.experiment("capitals", {
  dataset: "capitals",
  run: ({ country }) => {
    prompt.used(() => pawl.span("ask", { kind: "llm" }, (call) => void call.model("gpt-4.1", { provider: "openai" }).usage({ input: 1000, output: 100 })));
    const city = { France: "Paris", Italy: "Milan" }[country];
    if (!city) throw new Error(`KeyError: ${country}`);
    return city;
  },
  scorers: [function exact({ output, expected }) { return output === expected; }],
  runName: "run-1",
  metadata: { prompt: prompt.version },
});
const trace = pawl.session("shop-1", { user: "u-9", task: "claim", customer: "acme", team: "support" }, () =>
  pawl.span("shop agent", { kind: "agent" }, (agent) => {
    pawl.guardrail("pii", (guard) => void guard.block("a card number"));
    pawl.score("polite", true);
    pawl.outcome(false);
    return agent.traceId;
  }));
let stopped = "";
try {
  pawl.span("stopped agent", { kind: "agent" }, (agent) => {
    stopped = agent.traceId;
    pawl.guardrail("injection", (guard) => {
      guard.block("ignore all previous instructions");
      throw new Error("blocked");
    });
  });
} catch {
  // as it must be
}
const flushed = await pawl.flush();
console.log(JSON.stringify({
  missing: [missing.format({ who: "you" }), missing.source], prompt: [prompt.version, prompt.format({ tone: "kind" }), prompt.source],
  cases: (await pawl.dataset("capitals")).cases.map((one) => one.id).sort(), means: ran.means, errors: ran.tried.map((one) => one.error),
  traces: Object.fromEntries(ran.tried.map((one) => [one.case.id, one.traceId])), trace, stopped, flushed,
}));
