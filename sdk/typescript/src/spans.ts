// Spans by hand: `span`, `trace`, `guardrail`; and whose they are: `session`, `user`, `task`, `outcome`.
import { context, SpanStatusCode, trace as otel, type Span } from "@opentelemetry/api";
import * as words from "./context.js";
import { reason, safely, sayOnce, wentWrong } from "./safe.js";
import { running } from "./start.js";
import { version } from "./version.js";

export const kinds = ["agent", "llm", "tool", "retriever", "embedding", "reranker", "guardrail", "evaluator", "handoff", "workflow", "other"] as const;
export type Kind = (typeof kinds)[number];

/** Something that JSON can say; what is none of that by its name. Never throws, never endless. */
export function plain(value: unknown, depth = 0): unknown {
  if (value === undefined || value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return `<${typeof value}>`;
  if (depth > 12) return "…";
  try {
    if (value instanceof Uint8Array) return `<${value.length} bytes>`;
    if (value instanceof Error) return reason(value);
    const dump = (value as { toJSON?: () => unknown }).toJSON;
    if (typeof dump === "function") return plain(dump.call(value), depth + 1);
    if (Array.isArray(value)) return value.map((one) => plain(one, depth + 1));
    if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [String(k), plain(v, depth + 1)]));
    if (value instanceof Set) return [...value].map((one) => plain(one, depth + 1));
    return Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, plain(v, depth + 1)]));
  } catch {
    return "<unreadable>";
  }
}

/** A text as it is, else JSON; cut where it is too long. */
export function textOf(value: unknown, most: number): string {
  const text = typeof value === "string" ? value : (JSON.stringify(plain(value)) ?? "");
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} more characters were cut)`;
}

const isMessages = (value: unknown): boolean => Array.isArray(value) && typeof value[0] === "object" && value[0] !== null && "role" in value[0];

export interface Usage {
  /** All of them, the cached ones too, as providers count. */
  input?: number;
  /** All of them, reasoning too. */
  output?: number;
  cacheRead?: number;
  cacheWrite?: number;
  reasoning?: number;
  costUsd?: number;
}

/** A span that is running: what went in, what came out, which model, what it cost. Nothing here throws. */
export class Told {
  readonly traceId: string;
  readonly spanId: string;

  constructor(protected readonly made: Span | undefined, private readonly kind: Kind) {
    this.traceId = made?.spanContext().traceId ?? "";
    this.spanId = made?.spanContext().spanId ?? "";
  }

  private content(tool: string, messages: string, other: string, value: unknown): void {
    safely("a span's content", undefined, () => {
      const now = running();
      if (!now?.settings.content || !this.made?.isRecording()) return;
      const name = this.kind === "tool" ? tool : isMessages(value) ? messages : other;
      this.made.setAttribute(name, textOf(value, now.settings.valueBytes));
    });
  }

  input(value: unknown): this {
    this.content("gen_ai.tool.call.arguments", "gen_ai.input.messages", "gen_ai.input", value);
    return this;
  }

  output(value: unknown): this {
    this.content("gen_ai.tool.call.result", "gen_ai.output.messages", "gen_ai.output", value);
    return this;
  }

  /** An attribute: to be filtered by as attr.NAME. */
  set(name: string, value: unknown): this {
    safely("set", undefined, () => {
      const scalar = typeof value === "string" || typeof value === "boolean" || typeof value === "number";
      if (value !== undefined) this.made?.setAttribute(name, scalar ? value : textOf(value, 100_000));
    });
    return this;
  }

  model(name: string, more: { provider?: string; served?: string } = {}): this {
    return this.set("gen_ai.request.model", name).set("gen_ai.provider.name", more.provider).set("gen_ai.response.model", more.served);
  }

  /** Tokens of a model call. */
  usage(used: Usage): this {
    this.set("gen_ai.usage.input_tokens", used.input).set("gen_ai.usage.output_tokens", used.output);
    this.set("gen_ai.usage.cache_read.input_tokens", used.cacheRead).set("gen_ai.usage.cache_creation.input_tokens", used.cacheWrite);
    return this.set("gen_ai.usage.reasoning.output_tokens", used.reasoning).set("gen_ai.usage.cost", used.costUsd);
  }

  /** The step failed though nothing was thrown. */
  fail(message: string, type = "Error"): this {
    this.set("error.type", type);
    safely("fail", undefined, () => this.made?.setStatus({ code: SpanStatusCode.ERROR, message }));
    return this;
  }
}

const blocking = new WeakSet<object>(); // errors that left a guardrail that blocked

/** A guardrail that is being asked. */
export class Guard extends Told {
  blocked = false;

  /** It does not let this pass: this step is blocked, which is no error; and the run too where you throw inside. */
  block(why = ""): this {
    this.blocked = true;
    this.set("guardrail.triggered", true);
    return why ? this.set("gen_ai.output", why).set("error.message", why) : this;
  }
}

function begin(name: string, kind: Kind, attributes: Readonly<Record<string, unknown>>): Span | undefined {
  return safely("span", undefined, () => {
    const now = running();
    if (!now) return undefined;
    let known = kind;
    if (!kinds.includes(kind)) {
      sayOnce("warn", `there is no kind ${String(kind)} (of ${name}): it must be one of ${kinds.join(", ")}; taken as workflow`);
      known = "workflow";
    }
    const made = now.provider.getTracer("pawl", version).startSpan(String(name), {
      attributes: { "pawl.kind": known, ...(known === "agent" ? { "pawl.agent": name } : {}), ...(known === "tool" ? { "gen_ai.tool.name": name } : {}) },
    });
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== undefined) made.setAttribute(key, typeof value === "number" || typeof value === "boolean" ? value : textOf(value, 100_000));
    }
    return made;
  });
}

function end(made: Span | undefined, wrong?: { error: unknown }): void {
  safely("the end of a span", undefined, () => {
    if (wrong && typeof wrong.error === "object" && wrong.error !== null && blocking.has(wrong.error)) {
      made?.setAttribute("guardrail.triggered", true); // on its way out of a run that a guardrail ended: blocked, no error
    } else if (wrong) {
      const error = wrong.error instanceof Error ? wrong.error : new Error(String(wrong.error));
      made?.recordException(error);
      made?.setAttribute("error.type", error.name);
      made?.setStatus({ code: SpanStatusCode.ERROR, message: reason(error) });
    }
    made?.end();
  });
}

const isPromise = (value: unknown): value is Promise<unknown> => typeof (value as { then?: unknown } | null)?.then === "function";

/** Runs it with the span current; the span ends when it returns, throws, or its promise is settled. */
function around<T>(made: Span | undefined, told: Told, work: (told: never) => T): T {
  const failed = (error: unknown): void => {
    if (told instanceof Guard && told.blocked && typeof error === "object" && error !== null) blocking.add(error);
    end(made, { error });
  };
  const run = (): T => {
    let result: T;
    try {
      result = work(told as never);
    } catch (error) {
      failed(error);
      throw error;
    }
    if (!isPromise(result)) {
      end(made);
      return result;
    }
    const settled = [(value: unknown) => (end(made), value), (error: unknown) => { failed(error); throw error; }] as const;
    // A promise with methods of its own stays itself; of a plain one, who ignores its failure is told so as ever.
    if (result.constructor !== Promise) return void result.then(() => end(made), failed), result;
    return result.then(...settled) as T;
  };
  return made ? context.with(otel.setSpan(context.active(), made), run) : run();
}

export interface SpanOptions {
  kind?: Kind;
  attributes?: Readonly<Record<string, unknown>>;
}

/** A step: `await pawl.span("look up", { kind: "tool" }, async (step) => { step.input(…); … })`. Gives what the function gives. */
export function span<T>(name: string, work: (told: Told) => T): T;
export function span<T>(name: string, options: SpanOptions, work: (told: Told) => T): T;
export function span<T>(name: string, options: SpanOptions | ((told: Told) => T), work?: (told: Told) => T): T {
  const said = typeof options === "function" ? {} : options;
  const kind = said.kind ?? "workflow";
  const made = begin(name, kind, said.attributes ?? {});
  return around(made, kind === "guardrail" ? new Guard(made, kind) : new Told(made, kind), (work ?? options) as (told: Told) => T);
}

/** A check that may say no: `await pawl.guardrail("pii", async (guard) => { … guard.block("a card number") })`. */
export function guardrail<T>(name: string, work: (guard: Guard) => T): T {
  const made = begin(name, "guardrail", {});
  return around(made, new Guard(made, "guardrail"), work);
}

type Any = (...args: any[]) => any;
export interface TraceOptions extends SpanOptions {
  name?: string;
  /** false: arguments and result are not written down. */
  content?: boolean;
}

/** A function as a step, each time it is called: `const find = pawl.trace({ kind: "tool" }, async function find(order) { … })`, or `@pawl.trace({ kind: "tool" })` on a method. */
export function trace<F extends Any>(work: F): F;
export function trace<F extends Any>(options: TraceOptions, work: F): F;
export function trace(options: TraceOptions): <F extends Any>(work: F, place?: { name: string | symbol }) => F;
export function trace(options: TraceOptions | Any, work?: Any): unknown {
  if (typeof options === "function") return traced({}, options, options.name);
  if (work) return traced(options, work, work.name);
  return (method: Any, place?: { name: string | symbol }) => traced(options, method, String(place?.name ?? method.name));
}

function traced<F extends Any>(options: TraceOptions, work: F, ownName: string): F {
  const name = options.name ?? (ownName || "function");
  const content = options.content !== false;
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    const kind = options.kind ?? "workflow";
    const made = begin(name, kind, options.attributes ?? {});
    const told = new Told(made, kind);
    if (content) told.input(args.length === 1 ? args[0] : args);
    const inside = (): unknown => work.apply(this, args);
    const steps = safelyGenerator(work) ? inside() : undefined;
    if (steps !== undefined) return stepwise(steps as AsyncGenerator, made, told, content);
    return around(made, told, () => {
      const result: unknown = inside();
      if (!content) return result;
      if (isPromise(result)) {
        return result.then((value) => {
          told.output(value);
          return value;
        });
      }
      told.output(result);
      return result;
    });
  };
  Object.defineProperty(wrapped, "name", { value: work.name });
  Object.defineProperty(wrapped, "length", { value: work.length });
  return wrapped as F;
}

const safelyGenerator = (work: Any): boolean => ["GeneratorFunction", "AsyncGeneratorFunction"].includes(work.constructor?.name ?? "");

/** A generator, the span current while it runs and not between: the caller's own steps are not below it. */
function stepwise(steps: Generator | AsyncGenerator, made: Span | undefined, told: Told, content: boolean): unknown {
  const pieces: unknown[] = [];
  let over = false;
  const finish = (wrong?: { error: unknown }): void => {
    if (over) return;
    over = true;
    if (content && pieces.length) told.output(pieces.every((one) => typeof one === "string") ? pieces.join("") : pieces);
    end(made, wrong);
  };
  const seen = (step: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (step.done) finish();
    else if (content && pieces.length < 1000) pieces.push(step.value);
    return step;
  };
  const move = (how: "next" | "throw" | "return", args: unknown[]): unknown => {
    const go = (): unknown => {
      try {
        const step = (steps[how] as Any)(...args);
        if (!isPromise(step)) return seen(step as IteratorResult<unknown>);
        return step.then(
          (one) => seen(one as IteratorResult<unknown>),
          (error: unknown) => {
            finish({ error });
            throw error;
          },
        );
      } catch (error) {
        finish({ error });
        throw error;
      }
    };
    return made ? context.with(otel.setSpan(context.active(), made), go) : go();
  };
  const same = new Proxy(steps, {
    get(target, property) {
      if (property === "next" || property === "throw" || property === "return") return (...args: unknown[]) => move(property, args);
      if (property === Symbol.iterator || property === Symbol.asyncIterator) return property in target ? () => same : undefined;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? (value as Any).bind(target) : value;
    },
  });
  return same;
}

/** Everything inside belongs to this session: `await pawl.session("chat-17", { user: "u-5" }, () => agent(question))`. */
export function session<T>(id: string, work: () => T): T;
export function session<T>(id: string, more: Omit<words.Words, "session">, work: () => T): T;
export function session<T>(id: string, more: Omit<words.Words, "session"> | (() => T), work?: () => T): T {
  const said = typeof more === "function" ? {} : more;
  return inside({ ...said, session: id }, (work ?? more) as () => T);
}

/** Everything inside is done for this user. */
export function user<T>(id: string, work: () => T): T {
  return inside({ user: id }, work);
}

/** Everything inside serves this task: what a task costs is told by it. */
export function task<T>(name: string, work: () => T): T {
  return inside({ task: name }, work);
}

function inside<T>(said: words.Words, work: () => T): T {
  const attributes = safely("session", {}, () => words.attributesOf(said));
  return words.applied(attributes, work);
}

/** The same from now on in this asynchronous context, where a function does not fit. */
export function identify(said: words.Words): void {
  safely("identify", undefined, () => words.fromNowOn(words.attributesOf(said)));
}

/** Whether the task was done ("done", "not done", or your own word), of the trace that is running. */
export function outcome(value: string | boolean): void {
  try {
    const word = typeof value === "string" ? value : value ? "done" : "not done";
    const here = otel.getActiveSpan();
    if (here?.isRecording()) words.rootOf(here).setAttribute("pawl.outcome", word);
    else span("outcome", { kind: "other" }, (made) => void made.set("pawl.outcome", word));
  } catch (wrong) {
    wentWrong("outcome", wrong);
  }
}

/** Of the trace that is running, as 32 hexadecimal digits; "" where none is. */
export function currentTraceId(): string {
  return otel.getActiveSpan()?.spanContext().traceId ?? "";
}

/** Of the step that is running, as 16 hexadecimal digits; "" where none is. */
export function currentSpanId(): string {
  return otel.getActiveSpan()?.spanContext().spanId ?? "";
}
