// Where to send and what to say of this program: arguments, then PAWL_…, then OTEL_…, then the local default.

export interface Options {
  /** PAWL_URL, OTEL_EXPORTER_OTLP_ENDPOINT, else the Pawl on this machine. */
  url?: string;
  /** PAWL_API_KEY, OTEL_EXPORTER_OTLP_HEADERS. */
  key?: string;
  service?: string;
  environment?: string;
  agent?: string;
  agentVersion?: string;
  team?: string;
  customer?: string;
  task?: string;
  /** false: no prompts, answers, arguments or results leave the program. */
  content?: boolean;
  /** Only these frameworks, by name or package. */
  frameworks?: readonly string[];
  /** Not these. */
  without?: readonly string[];
  /** false: every helper does nothing. */
  enabled?: boolean;
  /** What may wait on disk while the server is away; 0: nothing does. */
  bufferBytes?: number;
  bufferDir?: string;
  /** What may wait in memory. */
  queueBytes?: number;
  timeoutMs?: number;
  exitTimeoutMs?: number;
}

export interface Settings extends Required<Omit<Options, "frameworks">> {
  frameworks: readonly string[] | undefined;
  headers: Readonly<Record<string, string>>;
  /** One input or output that a helper writes down. */
  valueBytes: number;
}

type Environment = Readonly<Record<string, string | undefined>>;
const MB = 1 << 20;

function truth(text: string | undefined): boolean | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  return ["1", "true", "yes", "on"].includes(text.trim().toLowerCase());
}

function otelHeaders(env: Environment): Record<string, string> {
  const found: Record<string, string> = {};
  for (const pair of (env.OTEL_EXPORTER_OTLP_TRACES_HEADERS || env.OTEL_EXPORTER_OTLP_HEADERS || "").split(",")) {
    const at = pair.indexOf("=");
    const name = pair.slice(0, Math.max(at, 0)).trim().toLowerCase();
    const value = pair.slice(at + 1).trim();
    try {
      if (name) found[name] = decodeURIComponent(value);
    } catch {
      found[name] = value;
    }
  }
  return found;
}

function otelUrl(env: Environment): string {
  const traces = (env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? "").replace(/\/$/, "").replace(/\/v1\/traces$/, "");
  // 4317 is gRPC's port and this package speaks HTTP, which Pawl takes on 4318 beside it.
  return traces || (env.OTEL_EXPORTER_OTLP_ENDPOINT ?? "").replace(/\/$/, "").replace(":4317", ":4318");
}

/** The address without its slash at the end; an Error says what is wrong with it. */
export function checkedUrl(text: string): string {
  let url = text.trim();
  if (!url.includes("://")) url = (/^(localhost|127\.|\[::1\])/.test(url) ? "http://" : "https://") + url;
  let parts: URL;
  try {
    parts = new URL(url);
  } catch {
    throw new Error(`"${text}" is no address: it must look like https://pawl.example.com`);
  }
  if (!["http:", "https:"].includes(parts.protocol) || !parts.hostname)
    throw new Error(`"${text}" is no address: it must look like https://pawl.example.com`);
  return url.replace(/\/+$/, "");
}

const words = (text: string | undefined): string[] | undefined =>
  text === undefined ? undefined : text.split(",").map((word) => word.trim()).filter(Boolean);

/** Settings of what init() was given and of the environment; an Error names what cannot be. */
export function settingsOf(given: Options = {}, env: Environment = process.env): Settings {
  const headers = given.url || env.PAWL_URL ? {} : otelHeaders(env);
  const word = headers.authorization ?? "";
  const bearer = /^bearer /i.test(word) ? word.slice(7).trim() : "";
  const key = headers["x-api-key"] || bearer;
  delete headers["x-api-key"];
  if (bearer) delete headers.authorization;
  const megabytes = Number(env.PAWL_BUFFER_MB);
  return {
    url: checkedUrl(given.url || env.PAWL_URL || otelUrl(env) || "http://127.0.0.1:7295"),
    key: (given.key || env.PAWL_API_KEY || env.PAWL_KEY || key).trim(),
    headers,
    service: given.service || env.PAWL_SERVICE || "",
    environment: given.environment || env.PAWL_ENVIRONMENT || "",
    agent: given.agent || env.PAWL_AGENT || "",
    agentVersion: given.agentVersion || env.PAWL_AGENT_VERSION || "",
    team: given.team || env.PAWL_TEAM || "",
    customer: given.customer || env.PAWL_CUSTOMER || "",
    task: given.task || env.PAWL_TASK || "",
    content: given.content ?? truth(env.PAWL_CONTENT) ?? true,
    frameworks: given.frameworks ?? words(env.PAWL_FRAMEWORKS),
    without: given.without ?? words(env.PAWL_WITHOUT) ?? [],
    enabled: given.enabled ?? !(truth(env.PAWL_DISABLED) || truth(env.OTEL_SDK_DISABLED)),
    bufferBytes: given.bufferBytes ?? (env.PAWL_BUFFER_MB && megabytes >= 0 ? megabytes * MB : 64 * MB),
    bufferDir: given.bufferDir || env.PAWL_BUFFER_DIR || "",
    queueBytes: given.queueBytes ?? 32 * MB,
    timeoutMs: given.timeoutMs ?? 10_000,
    exitTimeoutMs: given.exitTimeoutMs ?? 5_000,
    valueBytes: MB,
  };
}
