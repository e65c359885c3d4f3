// Calls everything that the TypeScript SDK has, against a server that is wrong, slow or absent: prints the end only if nothing threw.
import * as pawl from "pawl-sdk";

const began = Date.now();
const holds = (what) => {
  if (!what) throw new Error("it does not hold");
};
await pawl.init({ timeoutMs: 1000, exitTimeoutMs: 1000 });
const tool = pawl.trace({ kind: "tool" }, (x) => x);
await pawl.session("s", { user: "u", task: "t" }, () =>
  pawl.span("a", { kind: "agent" }, async () => {
    tool(1);
    pawl.score("m", "word");
    pawl.outcome(true);
    pawl.guardrail("g", (guard) => void guard.block());
    holds((await pawl.prompt("p", { default: "d", timeoutMs: 500 })).text === "d");
    const dataset = await pawl.dataset("d");
    holds(dataset.error && !dataset.cases.length);
    holds(!(await pawl.experiment("e", { dataset: "d", run: tool })).ok);
    holds((await pawl.experiment("e", { dataset: [{ input: 1 }], run: tool })).tried[0].output === 1);
  }));
await pawl.flush(1000);
pawl.status();
pawl.frameworks();
await pawl.shutdown();
console.log(`the end after ${((Date.now() - began) / 1000).toFixed(1)} s`);
