// One model call, one span: a client's span is left out where the framework that called it makes one.
//
// Told at the moment a client's span would start. Either the span around it already is a model call, or the call came from a
// framework that tells its calls: the first package on the stack that is neither the client nor plumbing decides. So a call
// that the user's own tool makes below a framework's agent is told, and the framework's own is not told twice.
import { context, INVALID_SPAN_CONTEXT, trace, type Attributes, type Context, type Span, type SpanOptions, type Tracer } from "@opentelemetry/api";
import { between, frameworks, type Framework } from "./table.js";

const callOperations = new Set(["chat", "generate_content", "text_completion", "embeddings"]);
const mostFrames = 40;
const key = Symbol.for("pawl.owners");
/** Packages of frameworks that tell their calls in this process; filled as they are switched on. */
export const owners = ((globalThis as { [key: symbol]: unknown })[key] ??= new Set<string>()) as Set<string>;

export function addOwner(framework: Framework): void {
  for (const one of framework.callsFrom ?? []) owners.add(one);
}

/** The client whose calls spans of this scope tell. */
export function clientOf(scope: string): Framework | undefined {
  return frameworks.find((one) => one.clientScopes?.some((prefix) => scope === prefix || scope.startsWith(`${prefix}.`)));
}

export function isCall(span: Span | undefined): boolean {
  // OpenInference hands out a span around the span.
  const inner = span as { attributes?: Attributes; span?: { attributes?: Attributes } } | undefined;
  const said = inner?.attributes ?? inner?.span?.attributes;
  if (!span?.isRecording() || !said) return false;
  const kind = String(said["openinference.span.kind"] ?? said["pawl.kind"] ?? "").toLowerCase();
  return kind === "llm" || kind === "embedding" || callOperations.has(String(said["gen_ai.operation.name"] ?? "")) || "llm.request.type" in said;
}

/** The package that a frame's file belongs to; "" for the program's own, undefined for what stands in no file. */
export function packageOf(frame: string): string | undefined {
  const file = /\(?((?:file:\/\/|\/|[A-Za-z]:[\\/]|node:)[^)]*?):\d+:\d+\)?$/.exec(frame)?.[1];
  if (file === undefined || file.startsWith("node:")) return undefined;
  const at = file.replaceAll("\\", "/").lastIndexOf("/node_modules/");
  if (at < 0) return "";
  const [first = "", second = ""] = file.replaceAll("\\", "/").slice(at + 14).split("/");
  return first.startsWith("@") ? `${first}/${second}` : first;
}

/** Whether the package that called this client is one of the owners'. */
export function calledBy(stack: string, names: ReadonlySet<string>, client: Framework): boolean {
  for (const frame of stack.split("\n").slice(1)) {
    if (frame.includes(__dirname)) continue; // ours
    const name = packageOf(frame.trim());
    if (name === undefined || name === client.package || between.some((one) => (one.endsWith("/") ? name.startsWith(one) : name === one))) continue;
    return names.has(name);
  }
  return false;
}

function stackHere(): string {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = mostFrames;
  const stack = new Error("where").stack ?? "";
  Error.stackTraceLimit = before;
  return stack;
}

/** A client's tracer; what was told already gets a span that records nothing and hands its parent on. */
export class OnceTracer implements Tracer {
  constructor(private readonly tracer: Tracer, private readonly client: Framework) {}

  private told(around: Context): Span | undefined {
    const parent = trace.getSpan(around);
    if (!isCall(parent) && !(owners.size > 0 && calledBy(stackHere(), owners, this.client))) return undefined;
    return trace.wrapSpanContext(parent?.spanContext() ?? INVALID_SPAN_CONTEXT);
  }

  startSpan(name: string, options?: SpanOptions, around: Context = context.active()): Span {
    return this.told(around) ?? this.tracer.startSpan(name, options, around);
  }

  // The four forms of OpenTelemetry's own.
  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: unknown[]): ReturnType<F> {
    const work = rest.pop() as F;
    const [options, around = context.active()] = rest as [SpanOptions?, Context?];
    const told = this.told(around);
    if (told) return context.with(trace.setSpan(around, told), () => work(told)) as ReturnType<F>;
    return this.tracer.startActiveSpan(name, options ?? {}, around, work as never) as ReturnType<F>;
  }
}

interface Provider {
  getTracer(name: string, version?: string, options?: object): Tracer;
  pawlOnce?: boolean;
}

/** From now on this provider's tracers for clients tell no call twice. */
export function tellOnce(provider: Provider): void {
  if (provider.pawlOnce) return;
  const plain = provider.getTracer.bind(provider);
  provider.getTracer = (name, version, options) => {
    const client = clientOf(name);
    const tracer = plain(name, version, options);
    return client ? new OnceTracer(tracer, client) : tracer;
  };
  provider.pawlOnce = true;
}
