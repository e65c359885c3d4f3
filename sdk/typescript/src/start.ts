// init(): one tracer provider, one delivery, every framework; and their end.
import { context, trace, type Attributes, type Context, type Span, type TracerProvider } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import * as words from "./context.js";
import { Delivery, nothing, type Status } from "./delivery.js";
import { sizeOf, type Ended } from "./encode.js";
import { Frameworks, type Found } from "./frameworks.js";
import { Http } from "./http.js";
import { tellOnce } from "./once.js";
import { safely, say, sayOnce, wentWrong } from "./safe.js";
import { settingsOf, type Options, type Settings } from "./settings.js";
import { folderOf, Spool } from "./spool.js";
import { version } from "./version.js";

export interface Running {
  settings: Settings;
  http: Http;
  delivery: Delivery;
  provider: TracerProvider;
  frameworks: Frameworks;
  ready: Promise<boolean>;
  folder: string;
}

// One for the process, whichever copy of this package runs.
const shared = globalThis as { [key: symbol]: unknown };
const key = Symbol.for("pawl.running");

/** undefined before init(), after shutdown() and where it is off; said once. */
export function running(): Running | undefined {
  const now = shared[key] as Running | undefined;
  if (!now) sayOnce("info", "init() was not called (or tracing is off): helpers do nothing");
  return now;
}

/** Writes on each span whose work it is, and hands what has ended to the delivery. For a provider of the program's own: {spanProcessors: [new PawlSpanProcessor()]} after init(). */
export class PawlSpanProcessor {
  /** Of what must stand on outermost spans for want of a resource. */
  constructor(private readonly constant: Attributes = {}, private readonly of?: Delivery) {}

  private delivery(): Delivery | undefined {
    const now = (shared[key] as Running | undefined)?.delivery;
    return this.of === undefined || this.of === now ? now : undefined;
  }

  onStart(span: Span, parentContext: Context): void {
    if (this.delivery()) safely("onStart", undefined, () => words.onStart(span, parentContext, this.constant));
  }

  onEnd(span: Ended): void {
    safely("onEnd", undefined, () => {
      words.onEnd(span);
      if ((span.spanContext().traceFlags & 1) === 1) this.delivery()?.put("traces-json", span, sizeOf(span));
    });
  }

  async forceFlush(): Promise<void> {
    await this.delivery()?.flush(30_000);
  }

  async shutdown(): Promise<void> {
    if (this.delivery()) await shutdown();
  }
}

function resourceWords(settings: Settings): Attributes {
  const said: Attributes = {
    "service.name": settings.service,
    "deployment.environment.name": settings.environment,
    "pawl.agent.version": settings.agentVersion,
    "pawl.team": settings.team,
    "pawl.customer": settings.customer,
    "pawl.task": settings.task,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value));
}

interface Theirs extends TracerProvider {
  addSpanProcessor?: (processor: unknown) => void;
  _activeSpanProcessor?: { _spanProcessors?: unknown[] };
}

/** The program's own provider where it has one, else a new one, with our processor in it. */
function provide(settings: Settings, delivery: Delivery): TracerProvider {
  const said = resourceWords(settings);
  const agent: Attributes = settings.agent ? { "pawl.agent": settings.agent } : {};
  const there = trace.getTracerProvider() as { getDelegate?: () => Theirs } & Theirs;
  const theirs = there.getDelegate?.() ?? there;
  const { "service.name": _, ...constant } = said;
  const processors = theirs._activeSpanProcessor?._spanProcessors;
  if (theirs.addSpanProcessor || processors) {
    const processor = new PawlSpanProcessor({ ...constant, ...agent }, delivery);
    if (theirs.addSpanProcessor) theirs.addSpanProcessor(processor);
    else processors!.push(processor);
    return theirs;
  }
  const name = settings.service || process.env.OTEL_SERVICE_NAME;
  const resource = defaultResource()
    .merge(resourceFromAttributes({ "telemetry.distro.name": "pawl", "telemetry.distro.version": version }))
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes({ ...said, ...(name ? { "service.name": name } : {}) }));
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new PawlSpanProcessor(agent, delivery)] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  if (!trace.setGlobalTracerProvider(provider)) {
    sayOnce("warn", "this program's OpenTelemetry takes no further processor: add new PawlSpanProcessor() to its own");
    return theirs;
  }
  return provider;
}

/**
 * Traces this program from now on: every framework that is installed, and what the helpers of this package say. What is loaded
 * already is on when this returns, the rest when its promise is kept. A second call changes nothing. false where it is off or
 * could not be done (the log says why); it never throws or rejects.
 */
export function init(options: Options = {}): Promise<boolean> {
  const before = shared[key] as Running | undefined;
  if (before) return before.ready;
  return safely("init", Promise.resolve(false), () => {
    const settings = settingsOf(options);
    if (!settings.enabled) {
      sayOnce("info", "tracing is off (enabled: false, PAWL_DISABLED or OTEL_SDK_DISABLED)");
      return Promise.resolve(false);
    }
    const folder = folderOf(settings);
    const http = new Http(settings);
    const delivery = new Delivery(settings, http, new Spool(folder, settings.bufferBytes));
    const provider = provide(settings, delivery);
    tellOnce(provider as Parameters<typeof tellOnce>[0]);
    const frameworks = new Frameworks(settings, provider);
    const now: Running = { settings, http, delivery, provider, frameworks, folder, ready: Promise.resolve(true) };
    shared[key] = now;
    atTheEnd();
    now.ready = frameworks.switchOn().then(
      () => true,
      (wrong) => (wentWrong("switching tracing on", wrong), true),
    );
    say("debug", `pawl ${version} sends to ${settings.url}`);
    return now.ready;
  });
}

let watching = false;

/** What waits in memory: sent while the program could go on, kept on disk where it cannot. */
function atTheEnd(): void {
  if (watching) return;
  watching = true;
  const now = (): Running | undefined => shared[key] as Running | undefined;
  let flushed = 0;
  process.on("beforeExit", () => {
    const delivery = now()?.delivery;
    if (!delivery || delivery.idle || flushed++ > 3) return; // comes again once the flush is done
    void delivery.flush(now()!.settings.exitTimeoutMs);
  });
  process.on("exit", () => safely("the end", undefined, () => now()?.delivery.saveRest()));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    const last = (): void => {
      safely("the end", undefined, () => now()?.delivery.saveRest());
      if (process.listenerCount(signal) > 1) return; // the program decides itself
      process.removeListener(signal, last);
      process.kill(process.pid, signal); // … else it ends as it would have without us
    };
    process.on(signal, last);
  }
}

/** Sends what waits in memory. true: everything so far is at the server; false: some waits on disk, or was lost (status()). */
export async function flush(timeoutMs = 10_000): Promise<boolean> {
  try {
    return (await (shared[key] as Running | undefined)?.delivery.flush(timeoutMs)) ?? true;
  } catch (wrong) {
    wentWrong("flush", wrong);
    return false;
  }
}

/** The last flush; what the server does not take now goes to the disk buffer. */
export async function shutdown(): Promise<void> {
  const was = shared[key] as Running | undefined;
  shared[key] = undefined;
  try {
    await was?.delivery.stop(was.settings.exitTimeoutMs);
  } catch (wrong) {
    wentWrong("shutdown", wrong);
  }
}

/** What became of all telemetry of this process. */
export function status(): Status {
  return safely("status", nothing(), () => (shared[key] as Running | undefined)?.delivery.status() ?? nothing());
}

/** Which frameworks were found, and what tells of them. */
export function frameworks(): Found[] {
  return [...((shared[key] as Running | undefined)?.frameworks.found.values() ?? [])];
}
