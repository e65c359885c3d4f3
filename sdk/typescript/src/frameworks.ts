// Switches on what tells of the installed frameworks, once each.
//
// A package may be loaded as CommonJS, as an ES module, or both: each has its own copies of its classes. What is loaded is
// patched where it stands; what is loaded later by require() is caught by the instrumentation's own hook; ES modules cannot be
// caught later, so those of the program's own dependencies are loaded here.
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { SpanStatusCode, trace, type TracerProvider } from "@opentelemetry/api";
import { addOwner, isCall } from "./once.js";
import { reason, safely, say, sayOnce, wentWrong } from "./safe.js";
import type { Settings } from "./settings.js";
import { contentEnv, frameworks, noContentEnv, type Framework, type Instrumentation } from "./table.js";

/** What became of a framework: on, missing (`by` is what to install), hint or failed. */
export interface Found {
  name: string;
  state: "on" | "missing" | "hint" | "failed";
  by: string;
  why: string;
}

interface Manual {
  manuallyInstrument?: (module: unknown) => void;
  setTracerProvider?: (provider: TracerProvider) => void;
}

/** Where the program's own packages are looked for: beside its main file, then where it was started. */
export function places(): string[] {
  const main = process.argv[1];
  const found = [process.cwd()];
  try {
    if (main && fs.existsSync(main)) found.unshift(path.dirname(fs.realpathSync(main)));
  } catch {
    // it is gone
  }
  return [...new Set(found)];
}

/** The folder of a package as the program would find it. */
export function folderOf(name: string, from = places()): string | undefined {
  for (const place of from) {
    for (let folder = place; ; folder = path.dirname(folder)) {
      const here = path.join(folder, "node_modules", name);
      if (fs.existsSync(path.join(here, "package.json"))) return fs.realpathSync(here);
      if (folder === path.dirname(folder)) break;
    }
  }
  return undefined;
}

type Exports = string | null | Exports[] | { [key: string]: Exports };

function chosen(exports: Exports | undefined, conditions: ReadonlySet<string>): string | undefined {
  if (typeof exports === "string") return exports;
  if (Array.isArray(exports)) return exports.map((one) => chosen(one, conditions)).find(Boolean);
  for (const [name, value] of Object.entries(exports ?? {})) {
    if (!conditions.has(name)) continue;
    const found = chosen(value, conditions);
    if (found) return found;
  }
  return undefined;
}

/** The file that `import` (or `require`) of a package's entry gives; undefined where it has none. */
export function entryOf(folder: string, entry: string, how: "import" | "require"): string | undefined {
  const said = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
  const conditions = new Set([how, "node", "default"]);
  const name = entry ? `./${entry}` : ".";
  let file: string | undefined;
  if (said.exports !== undefined) {
    const exports = typeof said.exports === "string" || !Object.keys(said.exports).some((key) => key.startsWith(".")) ? { ".": said.exports } : said.exports;
    file = chosen(exports[name] ?? exports[`${name}.js`], conditions);
    for (const [pattern, value] of Object.entries(exports)) {
      const [before = "", after] = pattern.split("*");
      if (file || after === undefined || !name.startsWith(before) || !name.endsWith(after)) continue;
      file = chosen(value as Exports, conditions)?.replaceAll("*", name.slice(before.length, name.length - after.length));
    }
  } else {
    file = entry || said.main || "index.js";
  }
  const whole = file && path.join(folder, file);
  return whole && [whole, `${whole}.js`, path.join(whole, "index.js")].find((one) => fs.existsSync(one) && fs.statSync(one).isFile());
}

const isModule = (file: string): boolean => {
  if (file.endsWith(".mjs")) return true;
  if (file.endsWith(".cjs")) return false;
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const said = path.join(folder, "package.json");
    if (fs.existsSync(said)) return JSON.parse(fs.readFileSync(said, "utf8")).type === "module";
    if (folder === path.dirname(folder)) return false;
  }
};

/** Whether the program is written in ES modules, which load what they import before any of their lines runs. */
function mainIsModule(): boolean {
  const main = process.argv[1];
  try {
    if (!main || !fs.existsSync(main)) return true;
    return /\.[mc]?tsx?$/.test(main) || isModule(fs.realpathSync(main));
  } catch {
    return true;
  }
}

const watched = new WeakSet<object>();

/** The span of a failed call, which is the running one where the failure leaves the client: told and ended. */
function endFailed(module: unknown, className: string, method: string): void {
  const found = (module as Record<string, { prototype?: Record<string, unknown> } | undefined>)[className]?.prototype;
  const plain = found?.[method];
  if (!found || typeof plain !== "function" || watched.has(found)) return;
  watched.add(found);
  found[method] = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    try {
      return await plain.apply(this, args);
    } catch (wrong) {
      safely("a failed call", undefined, () => {
        const span = trace.getActiveSpan();
        if (!isCall(span)) return;
        span!.recordException(wrong instanceof Error ? wrong : String(wrong));
        span!.setStatus({ code: SpanStatusCode.ERROR, message: reason(wrong) });
        span!.end();
      });
      throw wrong;
    }
  };
}

export class Frameworks {
  readonly found = new Map<string, Found>();

  constructor(private readonly settings: Settings, private readonly provider: TracerProvider) {}

  /** What is loaded is on when this returns, the rest when its promise is kept. */
  switchOn(): Promise<void> {
    this.setEnvironment();
    const works: Promise<void>[] = [];
    for (const framework of frameworks) {
      try {
        const folder = this.wanted(framework) ? folderOf(framework.package) : undefined;
        if (folder) works.push(this.arrange(framework, folder).catch((wrong) => this.failed(framework, wrong)));
      } catch (wrong) {
        this.failed(framework, wrong);
      }
    }
    return Promise.all(works).then(() => undefined);
  }

  private wanted(framework: Framework): boolean {
    const is = (word: string): boolean => [framework.name.toLowerCase(), framework.package.toLowerCase()].includes(word.toLowerCase());
    return !this.settings.without.some(is) && (this.settings.frameworks === undefined || this.settings.frameworks.some(is));
  }

  private setEnvironment(): void {
    if (!this.settings.content) Object.assign(process.env, noContentEnv);
    else for (const [name, value] of Object.entries(contentEnv)) process.env[name] ??= value;
  }

  private note(framework: Framework, state: Found["state"], by: string, why = ""): void {
    this.found.set(framework.name, { name: framework.name, state, by, why });
  }

  private failed(framework: Framework, wrong: unknown): void {
    this.note(framework, "failed", framework.by[0]?.package ?? framework.package, reason(wrong));
    wentWrong(`tracing ${framework.name}`, wrong);
  }

  private async arrange(framework: Framework, folder: string): Promise<void> {
    if (this.settings.content) for (const [name, value] of Object.entries(framework.env ?? {})) process.env[name] ??= value;
    if (framework.tellsItself !== undefined && fs.existsSync(path.join(folder, framework.tellsItself))) {
      addOwner(framework);
      if (framework.hint) sayOnce("info", framework.hint);
      this.note(framework, framework.hint ? "hint" : "on", framework.package, framework.hint ?? "");
      return;
    }
    const one = framework.by.map((by): [Instrumentation, string | undefined] => [by, folderOf(by.package) ?? folderOf(by.package, [__dirname])]).find(([, where]) => where);
    if (!one) {
      const wanted = framework.by[0]?.package ?? "";
      this.note(framework, "missing", wanted);
      // Said when it is used, as far as that can be seen from here.
      if (this.isLoaded(folder)) sayOnce("warn", `${framework.name} is used and its calls are not traced: npm install ${wanted}`);
      return;
    }
    if (framework.register) await this.register(framework, folder, one[0], one[1]!);
    else await this.instrument(framework, folder, one[0], one[1]!);
  }

  private isLoaded(folder: string): boolean {
    return mainIsModule() || Object.keys(require.cache).some((file) => file.startsWith(folder + path.sep));
  }

  private async instrument(framework: Framework, folder: string, by: Instrumentation, where: string): Promise<void> {
    const load = createRequire(path.join(where, "package.json"));
    const made: Manual = new (load(where)[by.class])();
    made.setTracerProvider?.(this.provider);
    addOwner(framework);
    this.note(framework, "on", by.package);
    const common = entryOf(folder, framework.entry ?? "", "require");
    const cached = common ? require.cache[common] : undefined;
    if (cached?.loaded) this.patch(framework, by, made, cached.exports); // before any await: the next line of the program may call it
    const module = entryOf(folder, framework.entry ?? "", "import");
    if (!module || module === common || !mainIsModule()) return;
    // The flag by which an instrumentation knows that it has patched is one for both kinds: each kind has an instance of its own.
    const again: Manual = cached ? new (load(where)[by.class])() : made;
    again.setTracerProvider?.(this.provider);
    this.patch(framework, by, again, await import(pathToFileURL(module).href));
  }

  private patch(framework: Framework, by: Instrumentation, made: Manual, module: unknown): void {
    try {
      made.manuallyInstrument?.(module);
      if (framework.failsBy) endFailed(module, ...framework.failsBy);
      say("debug", `${framework.name} is traced by ${by.package}`);
    } catch (wrong) {
      this.failed(framework, wrong);
    }
  }

  /** Vercel AI: it is handed what tells. */
  private async register(framework: Framework, folder: string, by: Instrumentation, where: string): Promise<void> {
    const module = entryOf(folder, "", "import") ?? entryOf(folder, "", "require");
    const telling = entryOf(where, "", "import") ?? entryOf(where, "", "require");
    if (!module || !telling) return;
    const [theirs, ours] = await Promise.all([import(pathToFileURL(module).href), import(pathToFileURL(telling).href)]);
    const register = theirs[framework.register!];
    if (typeof register !== "function") {
      this.note(framework, "hint", framework.package, framework.hint);
      sayOnce("warn", framework.hint ?? "");
      return;
    }
    register(new ours[by.class]({ runtimeContext: true }));
    addOwner(framework);
    this.note(framework, "on", by.package);
  }
}
