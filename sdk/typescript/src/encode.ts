// Spans as OTLP/JSON (opentelemetry-proto, trace.proto): of OpenTelemetry 1.x and 2.x, whichever the program has.
import type { Attributes, HrTime, Link, SpanContext, SpanStatus } from "@opentelemetry/api";

/** What is read of a ReadableSpan: it has `instrumentationLibrary` and `parentSpanId` in 1.x, `instrumentationScope` and `parentSpanContext` in 2.x. */
export interface Ended {
  name: string;
  kind: number;
  spanContext(): SpanContext;
  parentSpanContext?: SpanContext | undefined;
  parentSpanId?: string | undefined;
  startTime: HrTime;
  endTime: HrTime;
  status: SpanStatus;
  attributes: Attributes;
  links: readonly (Link & { droppedAttributesCount?: number })[];
  events: readonly { name: string; time: HrTime; attributes?: Attributes; droppedAttributesCount?: number }[];
  resource: { attributes: Attributes };
  instrumentationScope?: { name: string; version?: string; schemaUrl?: string };
  instrumentationLibrary?: { name: string; version?: string; schemaUrl?: string };
  droppedAttributesCount?: number;
  droppedEventsCount?: number;
  droppedLinksCount?: number;
}

type Json = Record<string, unknown>;

export const nanos = ([seconds, rest]: HrTime): string => (BigInt(seconds) * 1_000_000_000n + BigInt(Math.round(rest))).toString();

function anyValue(value: unknown): Json {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return { intValue: value };
    return { doubleValue: Number.isFinite(value) ? value : String(value) };
  }
  if (typeof value === "bigint") return { intValue: value.toString() };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  if (typeof value === "object" && value !== null) return { kvlistValue: { values: keyValues(value as Attributes) } };
  return {};
}

function keyValues(attributes: Attributes | undefined): Json[] {
  return Object.entries(attributes ?? {})
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => ({ key, value: anyValue(value) }));
}

function spanJson(span: Ended): Json {
  const context = span.spanContext();
  const parent = span.parentSpanContext?.spanId ?? span.parentSpanId;
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    ...(parent ? { parentSpanId: parent } : {}),
    ...(context.traceState ? { traceState: context.traceState.serialize() } : {}),
    flags: context.traceFlags,
    name: span.name,
    kind: span.kind + 1, // 0 is "unspecified" there
    startTimeUnixNano: nanos(span.startTime),
    endTimeUnixNano: nanos(span.endTime),
    attributes: keyValues(span.attributes),
    droppedAttributesCount: span.droppedAttributesCount ?? 0,
    events: span.events.map((event) => ({ name: event.name, timeUnixNano: nanos(event.time), attributes: keyValues(event.attributes) })),
    droppedEventsCount: span.droppedEventsCount ?? 0,
    links: span.links.map((link) => ({ traceId: link.context.traceId, spanId: link.context.spanId, attributes: keyValues(link.attributes) })),
    droppedLinksCount: span.droppedLinksCount ?? 0,
    status: { code: span.status.code, ...(span.status.message ? { message: span.status.message } : {}) },
  };
}

/** One ExportTraceServiceRequest; spans by resource and scope. */
export function encodeSpans(spans: readonly Ended[]): string {
  const resources = new Map<unknown, Map<string, { scope: Json; spans: Json[] }>>();
  for (const span of spans) {
    const scope = span.instrumentationScope ?? span.instrumentationLibrary ?? { name: "" };
    const scopes = resources.get(span.resource) ?? new Map();
    resources.set(span.resource, scopes);
    const key = `${scope.name}\0${scope.version ?? ""}`;
    const held = scopes.get(key) ?? { scope: { name: scope.name, ...(scope.version ? { version: scope.version } : {}) }, spans: [] };
    scopes.set(key, held);
    held.spans.push(spanJson(span));
  }
  return JSON.stringify({
    resourceSpans: [...resources].map(([resource, scopes]) => ({
      resource: { attributes: keyValues((resource as { attributes: Attributes }).attributes) },
      scopeSpans: [...scopes.values()],
    })),
  });
}

/** Bytes of a span in memory, roughly: its texts. */
export function sizeOf(span: Ended): number {
  let size = 500;
  const count = (attributes: Attributes | undefined): void => {
    for (const [name, value] of Object.entries(attributes ?? {})) {
      size += 50 + name.length;
      if (typeof value === "string") size += value.length;
      else if (Array.isArray(value)) for (const one of value) size += typeof one === "string" ? one.length : 8;
    }
  };
  count(span.attributes);
  for (const event of span.events) {
    size += 100;
    count(event.attributes);
  }
  return size;
}
