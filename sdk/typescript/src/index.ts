// Pawl: every step of an agent, its cost and its quality, in one line: `await pawl.init()`.
//
// Nothing here throws into the program, and nothing holds it up: what the server does not take now waits in bounded memory and on
// disk. The guide is docs/guides/connect/typescript.md.
export type { Words } from "./context.js";
export { dataset, Dataset, experiment, Experiment, PawlError, type Case, type ExperimentOptions, type Judged, type NewCase, type Scorer, type Tried } from "./datasets.js";
export type { Status } from "./delivery.js";
export type { Found } from "./frameworks.js";
export { prompt, Prompt, type Message, type PromptOptions } from "./prompts.js";
export { setLog, type Level, type Log } from "./safe.js";
export { score, type ScoreOptions, type ScoreValue } from "./scores.js";
export type { Options } from "./settings.js";
export { currentSpanId, currentTraceId, Guard, guardrail, identify, outcome, session, span, task, Told, trace, user, type Kind, type SpanOptions, type TraceOptions, type Usage } from "./spans.js";
export { flush, frameworks, init, PawlSpanProcessor, shutdown, status } from "./start.js";
export { version } from "./version.js";
