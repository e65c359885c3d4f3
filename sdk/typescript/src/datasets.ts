// Datasets of cases, and experiments: a function over every case, its traces and scores linked to it.
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { alone } from "./context.js";
import { Answer } from "./http.js";
import { reason, say, wentWrong } from "./safe.js";
import { checked, score, type ScoreValue } from "./scores.js";
import { plain, span } from "./spans.js";
import { flush, running, type Running } from "./start.js";

const page = 100;

/** What check() throws, and nothing else of this package does. */
export class PawlError extends Error {
  override readonly name = "PawlError";
}

export interface Case<I = any, E = any> {
  id: string;
  input: I;
  expected?: E;
  metadata?: unknown;
}

export interface NewCase {
  input: unknown;
  expected?: unknown;
  metadata?: unknown;
  id?: string;
  fromTrace?: string;
  fromSpan?: string;
}

/** The cases of a dataset. Where they could not be had, `error` says why; check() throws it. */
export class Dataset {
  cases: Case[] = [];
  id = "";
  error = "";

  constructor(readonly name: string) {}

  check(): this {
    if (this.error) throw new PawlError(this.error);
    return this;
  }

  /** A new case, or a new version of the one with this id; undefined where it could not be made (`error` says why). */
  async add(one: NewCase): Promise<Case | undefined> {
    const said = await this.ask("POST", "/api/public/dataset-items", {
      datasetName: this.name, id: one.id, input: plain(one.input), expectedOutput: plain(one.expected), metadata: plain(one.metadata),
      sourceTraceId: one.fromTrace, sourceObservationId: one.fromSpan,
    });
    if (!said) return undefined;
    const made = caseOf(said);
    this.cases = [...this.cases.filter((other) => other.id !== made.id), made];
    return made;
  }

  /** undefined where there is no answer; then `error` says why. */
  async ask(method: string, path: string, value?: unknown): Promise<any> {
    const now = running();
    const answer = now ? await now.http.askJson(method, path, value) : new Answer(0, "", "init() was not called");
    try {
      if (answer.good) return answer.json();
      this.error = `dataset ${this.name}: ${answer.message()}`;
    } catch (wrong) {
      this.error = `dataset ${this.name}: the server's answer cannot be read: ${reason(wrong)}`;
    }
    say("warn", this.error);
    return undefined;
  }
}

const caseOf = (said: any): Case => ({ id: String(said.id), input: said.input, expected: said.expectedOutput, metadata: said.metadata });

/** The dataset of this name with its cases; `create: true` makes it where it is missing. Never rejects (see check()). */
export async function dataset(name: string, options: { create?: boolean; description?: string } = {}): Promise<Dataset> {
  const found = new Dataset(name);
  try {
    const said = options.create
      ? await found.ask("POST", "/api/public/v2/datasets", { name, description: options.description })
      : await found.ask("GET", `/api/public/v2/datasets/${encodeURIComponent(name)}`);
    if (!said) return found;
    found.id = String(said.id);
    for (let number = 1; ; ++number) {
      const some = await found.ask("GET", `/api/public/dataset-items?datasetName=${encodeURIComponent(name)}&limit=${page}&page=${number}`);
      if (!some) {
        found.cases = []; // half a dataset is none
        return found;
      }
      found.cases.push(...some.data.map(caseOf));
      if (number >= Number(some.meta.totalPages) || some.data.length === 0) return found;
    }
  } catch (wrong) {
    found.cases = [];
    found.error = `dataset ${name}: ${reason(wrong)}`;
    wentWrong("dataset", wrong);
  }
  return found;
}

/** One case of an experiment: what came out, how it was judged, in which trace. */
export interface Tried {
  case: Case;
  output?: unknown;
  error: string;
  scores: Record<string, ScoreValue>;
  traceId: string;
  durationMs: number;
}

/** What became of an experiment. `ok`: every case ran and everything is at the server; check() throws what is not so. */
export class Experiment {
  tried: Tried[] = [];
  error = "";

  constructor(readonly name: string, readonly dataset: string) {}

  get ok(): boolean {
    return !this.error && this.tried.every((one) => !one.error);
  }

  /** Of each score that is a number or true and false, over the cases that have it. */
  get means(): Record<string, number> {
    const sums: Record<string, [number, number]> = {};
    for (const one of this.tried) {
      for (const [name, value] of Object.entries(one.scores)) {
        if (typeof value === "string") continue;
        const [sum, count] = sums[name] ?? [0, 0];
        sums[name] = [sum + Number(value), count + 1];
      }
    }
    return Object.fromEntries(Object.entries(sums).map(([name, [sum, count]]) => [name, sum / count]));
  }

  check(): this {
    const failed = this.tried.filter((one) => one.error).map((one) => `case ${one.case.id}: ${one.error}`);
    const more = failed.length > 5 ? [`and ${failed.length - 5} more`] : [];
    if (this.error || failed.length) throw new PawlError([...(this.error ? [this.error] : []), ...failed.slice(0, 5), ...more].join("; "));
    return this;
  }

  toString(): string {
    const means = Object.entries(this.means).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`).sort().join(", ");
    const failed = this.tried.filter((one) => one.error).length;
    return `${this.name} on ${this.dataset}: ${this.tried.length} cases, ${failed} failed${means ? `; ${means}` : ""}${this.error ? `; ${this.error}` : ""}`;
  }
}

export interface Judged<I = any, E = any> {
  output: any;
  input: I;
  expected: E | undefined;
  case: Case<I, E>;
}
/** Gives a score, {name: score}, or undefined for none; a plain score is called after the function. */
export type Scorer = (judged: Judged) => ScoreValue | undefined | Record<string, ScoreValue | undefined> | Promise<ScoreValue | undefined | Record<string, ScoreValue | undefined>>;

export interface ExperimentOptions {
  dataset: string | Dataset | readonly (Case | { input: unknown; expected?: unknown })[];
  run: (input: any, one: Case) => unknown;
  scorers?: readonly Scorer[];
  runName?: string;
  description?: string;
  metadata?: Readonly<Record<string, unknown>>;
  concurrency?: number;
}

/**
 * Runs a function over every case of a dataset, each in a trace of its own, and judges what came out. A case that fails is told
 * in `error` of its `tried`, and stops no other. Never rejects (see check()).
 */
export async function experiment(name: string, options: ExperimentOptions): Promise<Experiment> {
  const given = options.dataset;
  const of = typeof given === "string" ? given : given instanceof Dataset ? given.name : "local cases";
  const result = new Experiment(options.runName ?? `${name} ${new Date().toISOString().replace("T", " ").slice(0, 23)}`, of);
  try {
    await runAll(result, name, options);
  } catch (wrong) {
    result.error ||= reason(wrong);
    wentWrong("experiment", wrong);
  }
  return result;
}

async function runAll(result: Experiment, name: string, options: ExperimentOptions): Promise<void> {
  const given = typeof options.dataset === "string" ? await dataset(options.dataset) : options.dataset;
  const known = given instanceof Dataset;
  if (known) result.error = given.error;
  const cases: Case[] = known ? given.cases : given.map((one, number) => ({ id: String(number), ...one }));
  if (!cases.length) result.error ||= `the dataset ${result.dataset} has no cases`;
  result.tried = cases.map((one) => ({ case: one, error: "", scores: {}, traceId: "", durationMs: 0 }));
  const now = running();
  const left = [...result.tried];
  const worker = async (): Promise<void> => {
    for (let one = left.shift(); one; one = left.shift()) {
      const tried = one;
      // A trace of its own, whatever is running around.
      await context.with(ROOT_CONTEXT, () => alone(() => tryOne(tried, name, options)));
      if (now && known && tried.traceId) link(now, result.name, tried, options);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(options.concurrency ?? 4, 64)) }, worker));
  if (!now) result.error ||= "init() was not called: nothing was recorded";
  else if (!(await flush(30_000))) result.error ||= `not everything is at the server: ${now.delivery.status().lastError}`;
}

function link(now: Running, runName: string, tried: Tried, options: ExperimentOptions): void {
  const body = {
    runName, datasetItemId: tried.case.id, traceId: tried.traceId, runDescription: options.description, metadata: options.metadata && plain(options.metadata),
  };
  now.delivery.put("run-items", body, JSON.stringify(body).length);
}

async function tryOne(tried: Tried, name: string, options: ExperimentOptions): Promise<void> {
  const one = tried.case;
  const began = Date.now();
  try {
    await span(name, { attributes: { "pawl.experiment.case": one.id } }, async (made) => {
      tried.traceId = made.traceId;
      made.input(one.input);
      tried.output = await options.run(one.input, one);
      made.output(tried.output);
    });
  } catch (wrong) {
    tried.error = reason(wrong);
  }
  tried.durationMs = Date.now() - began;
  if (tried.error) return;
  for (const scorer of options.scorers ?? []) await judge(tried, scorer);
}

async function judge(tried: Tried, scorer: Scorer): Promise<void> {
  const title = scorer.name || "score";
  try {
    const said = await scorer({ output: tried.output, input: tried.case.input, expected: tried.case.expected, case: tried.case });
    const all = typeof said === "object" && said !== null ? said : { [title]: said };
    for (const [name, value] of Object.entries(all)) {
      if (value === undefined || value === null) continue;
      checked(name, value);
      tried.scores[name] = value;
      score(name, value, { traceId: tried.traceId });
    }
  } catch (wrong) {
    tried.error = `scorer ${title}: ${reason(wrong)}`;
  }
}
