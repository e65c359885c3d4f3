// Prompts by name: from the server, from memory for a minute, else the last that is known, else what was given.
import * as fs from "node:fs";
import * as path from "node:path";
import { applied } from "./context.js";
import { safely, say, sayOnce, wentWrong } from "./safe.js";
import { makeFolder } from "./spool.js";
import { running, type Running } from "./start.js";

const freshMs = 60_000;
const retryMs = 5_000;
const mostKept = 1000;

export type Message = Readonly<Record<string, unknown>>;
export interface PromptOptions {
  /** production, where neither it nor a version is named. */
  label?: string;
  version?: number;
  default?: string | readonly Message[];
  freshMs?: number;
  timeoutMs?: number;
}

/** One version of a prompt. */
export class Prompt {
  constructor(
    readonly name: string,
    readonly source: "server" | "memory" | "disk" | "default" | "none",
    readonly text = "",
    readonly messages: readonly Message[] = [],
    readonly version: number | undefined = undefined,
    readonly config: Readonly<Record<string, unknown>> = {},
    readonly labels: readonly string[] = [],
  ) {}

  /** The text with its {{holes}} filled; a hole without a value stays as it is. */
  format(values: Readonly<Record<string, unknown>> = {}): string {
    return filled(this.text, values);
  }

  /** The messages with their {{holes}} filled; a placeholder becomes the messages of that name. */
  formatMessages(values: Readonly<Record<string, unknown>> = {}): Record<string, unknown>[] {
    const all: readonly Message[] = this.messages.length ? this.messages : [{ role: "user", content: this.text }];
    return all.flatMap((one) => {
      if (one.type === "placeholder") {
        const inserted = values[String(one.name)];
        return Array.isArray(inserted) ? (inserted as Record<string, unknown>[]) : [];
      }
      const { type: _, ...message } = one;
      return [{ ...message, content: typeof one.content === "string" ? filled(one.content, values) : one.content }];
    });
  }

  /** Steps inside say that they used this version: cost and scores can be split by it. */
  used<T>(work: () => T): T {
    return applied({ "gen_ai.prompt.name": this.name, ...(this.version === undefined ? {} : { "gen_ai.prompt.version": String(this.version) }) }, work);
  }

  from(source: Prompt["source"]): Prompt {
    return new Prompt(this.name, source, this.text, this.messages, this.version, this.config, this.labels);
  }
}

function filled(text: string, values: Readonly<Record<string, unknown>>): string {
  return text.replace(/\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}/g, (hole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : hole));
}

interface Known {
  until: number;
  prompt: Prompt;
}
const known = new Map<string, Known>();
const asking = new Map<string, Promise<[Prompt | undefined, boolean]>>();

export function forgetPrompts(): void {
  known.clear();
  asking.clear();
}

/**
 * The prompt of this name. Asked of the server once, then read from memory; later it is asked again in the background while the
 * known one goes on. Where the server does not answer in two seconds: the last that any run of this account knew, else the
 * default. Never rejects.
 */
export async function prompt(name: string, options: PromptOptions = {}): Promise<Prompt> {
  try {
    return await find(name, options);
  } catch (wrong) {
    wentWrong("prompt", wrong);
    return ofDefault(name, options.default);
  }
}

async function find(name: string, options: PromptOptions): Promise<Prompt> {
  const now = running();
  if (!now) return ofDefault(name, options.default);
  const which = options.version !== undefined ? `version=${options.version}` : `label=${encodeURIComponent(options.label ?? "production")}`;
  const key = `${name} ${which}`;
  const here = known.get(key);
  const fresh = options.freshMs ?? freshMs;
  if (here) {
    if (Date.now() >= here.until) void again(now, key, name, which, fresh, here.prompt);
    return here.prompt.source === "server" ? here.prompt.from("memory") : here.prompt;
  }
  const [asked, final] = await ask(now, key, name, which, options.timeoutMs ?? 2_000);
  if (asked) return remember(key, asked, fresh);
  const kept = final ? undefined : fromDisk(now, key, name);
  if (!kept && options.default === undefined) say("error", `there is no prompt ${name} (${which}) to be had, and no default was given: it is empty`);
  const stands = kept ?? ofDefault(name, options.default);
  if (!final) remember(key, stands, retryMs); // asked again soon, and not by every call meanwhile
  return stands;
}

function remember(key: string, found: Prompt, forMs: number): Prompt {
  if (known.size >= mostKept) known.delete(known.keys().next().value!);
  known.set(key, { until: Date.now() + forMs, prompt: found });
  return found;
}

async function again(now: Running, key: string, name: string, which: string, forMs: number, last: Prompt): Promise<void> {
  if (asking.has(key)) return;
  try {
    const [found] = await ask(now, key, name, which, now.settings.timeoutMs);
    remember(key, found ?? last, found ? forMs : retryMs);
  } catch (wrong) {
    wentWrong("prompt", wrong);
  }
}

/** What the server has; and whether its answer is final, so that nothing older may stand in for it. One request for all who ask at once. */
function ask(now: Running, key: string, name: string, which: string, timeoutMs: number): Promise<[Prompt | undefined, boolean]> {
  const there = asking.get(key);
  if (there) return there;
  const work = (async (): Promise<[Prompt | undefined, boolean]> => {
    const answer = await now.http.ask("GET", `/api/public/v2/prompts/${encodeURIComponent(name)}?${which}`, undefined, {}, timeoutMs);
    if (!answer.good) {
      sayOnce("warn", `prompt ${name}: ${answer.message()}`, `prompt ${key} ${answer.status}`);
      return [undefined, answer.status === 404];
    }
    const found = ofJson(answer.json(), "server");
    toDisk(now, key, answer.body);
    return [found, true];
  })().finally(() => asking.delete(key));
  asking.set(key, work);
  return work;
}

function ofJson(said: any, source: Prompt["source"]): Prompt {
  const body: unknown = said.prompt;
  if (typeof said.name !== "string" || !Number.isInteger(said.version) || (typeof body !== "string" && !Array.isArray(body))) throw new Error("the answer is no prompt");
  return new Prompt(said.name, source, typeof body === "string" ? body : "", Array.isArray(body) ? body : [], said.version, said.config ?? {}, said.labels ?? []);
}

function ofDefault(name: string, given: PromptOptions["default"]): Prompt {
  if (given === undefined) return new Prompt(name, "none");
  return typeof given === "string" ? new Prompt(name, "default", given) : new Prompt(name, "default", "", given);
}

const placeOf = (now: Running, key: string): string => path.join(now.folder, "prompts", `${encodeURIComponent(key).slice(0, 200)}.json`);

function toDisk(now: Running, key: string, body: string): void {
  if (!now.delivery.spool.usable) return;
  safely("keeping a prompt", undefined, () => {
    const place = placeOf(now, key);
    makeFolder(path.dirname(place));
    fs.writeFileSync(`${place}.${process.pid}~`, body, { mode: 0o600 });
    fs.renameSync(`${place}.${process.pid}~`, place);
  });
}

function fromDisk(now: Running, key: string, name: string): Prompt | undefined {
  if (!now.delivery.spool.usable) return undefined;
  try {
    const found = ofJson(JSON.parse(fs.readFileSync(placeOf(now, key), "utf8")), "disk");
    return found.name === name ? found : undefined;
  } catch {
    return undefined;
  }
}
