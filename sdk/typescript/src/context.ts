// Whose work a span is: session, user, task … of the asynchronous context, written on every span that starts in it.
import { AsyncLocalStorage } from "node:async_hooks";
import { propagation, trace, type Attributes, type Context, type Span } from "@opentelemetry/api";

export interface Words {
  session?: string | undefined;
  user?: string | undefined;
  task?: string | undefined;
  customer?: string | undefined;
  team?: string | undefined;
  tags?: readonly string[] | undefined;
}

const names: Record<keyof Words, string> = {
  session: "pawl.session",
  user: "pawl.user",
  task: "pawl.task",
  customer: "pawl.customer",
  team: "pawl.team",
  tags: "tags",
};
/** A child has these from its parent span, where only the span was handed on. */
const inherited = Object.values(names);
const inBaggage = inherited.filter((name) => name !== "tags");

// One for the process, whichever copy of this package runs.
const shared = globalThis as { [key: symbol]: unknown };
const storeKey = Symbol.for("pawl.context");
const rootsKey = Symbol.for("pawl.roots");
const store = (shared[storeKey] ??= new AsyncLocalStorage<Attributes>()) as AsyncLocalStorage<Attributes>;
const roots = (shared[rootsKey] ??= new Map<string, WeakRef<Span>>()) as Map<string, WeakRef<Span>>;

/** {session: 7} → {"pawl.session": "7"}; what is undefined is left out. */
export function attributesOf(words: Words): Attributes {
  const found: Attributes = {};
  for (const [word, value] of Object.entries(words)) {
    if (value === undefined || value === null || value === "") continue;
    found[names[word as keyof Words] ?? word] = Array.isArray(value) ? value.map(String) : String(value);
  }
  return found;
}

export function current(): Attributes {
  return store.getStore() ?? {};
}

export function applied<T>(attributes: Attributes, work: () => T): T {
  onCurrent(attributes);
  return store.run({ ...current(), ...attributes }, work);
}

export function fromNowOn(attributes: Attributes): void {
  onCurrent(attributes);
  store.enterWith({ ...current(), ...attributes });
}

/** As in a place of its own: no session, no user. */
export function alone<T>(work: () => T): T {
  return store.run({}, work);
}

/** Also on the span that is running, where one is: it began before this was known. */
function onCurrent(attributes: Attributes): void {
  trace.getActiveSpan()?.setAttributes(attributes);
}

/** The outermost span of this process in the trace of this one, else itself. */
export function rootOf(span: Span): Span {
  return roots.get(span.spanContext().traceId)?.deref() ?? span;
}

export function onStart(span: Span & { attributes?: Attributes }, parentContext: Context, constant: Attributes): void {
  const around = trace.getSpan(parentContext) as (Span & { attributes?: Attributes }) | undefined;
  // Where a framework hands on no span but its ids, the outermost one stands in for the parent.
  const known = around && !around.isRecording() ? roots.get(around.spanContext().traceId)?.deref() : around;
  const parent = known as (Span & { attributes?: Attributes }) | undefined;
  const local = parent?.isRecording() ?? false;
  if (!local) roots.set(span.spanContext().traceId, new WeakRef(span));
  const found: Attributes = local ? {} : { ...constant };
  for (const name of inherited) {
    const value = local ? parent?.attributes?.[name] : undefined;
    if (value !== undefined) found[name] = value;
  }
  const baggage = propagation.getBaggage(parentContext);
  for (const name of inBaggage) {
    const carried = baggage?.getEntry(name)?.value;
    if (carried && found[name] === undefined) found[name] = carried;
  }
  Object.assign(found, current());
  for (const [name, value] of Object.entries(found)) {
    if (span.attributes?.[name] === undefined && value !== undefined) span.setAttribute(name, value);
  }
}

export function onEnd(span: { spanContext(): { traceId: string; spanId: string } }): void {
  const { traceId, spanId } = span.spanContext();
  const root = roots.get(traceId);
  if (root && (root.deref()?.spanContext().spanId ?? spanId) === spanId) roots.delete(traceId);
}
