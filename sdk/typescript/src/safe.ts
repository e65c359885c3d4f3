// What keeps Pawl out of the way: one log, warnings that are said once, and a net under every public call.

export type Level = "debug" | "info" | "warn" | "error";
export type Log = (level: Level, text: string) => void;

const mostSaid = 1000;
const said = new Set<string>();
const levels: Record<Level, number> = { debug: 0, info: 1, warn: 2, error: 3 };
let sink: Log = (level, text) => {
  const least = levels[(process.env.PAWL_LOG_LEVEL as Level) ?? "warn"] ?? levels.warn;
  if (levels[level] >= least) process.stderr.write(`pawl: ${text}\n`);
};

/** Where this package's own warnings go; stderr unless it is set. */
export function setLog(log: Log): void {
  sink = log;
}

export function say(level: Level, text: string): void {
  try {
    sink(level, text);
  } catch {
    // a log that fails is no reason to fail
  }
}

/** Logs it unless the same thing (`about`, else the text itself) was logged before. */
export function sayOnce(level: Level, text: string, about = text): void {
  if (said.has(about) || said.size >= mostSaid) return;
  said.add(about);
  say(level, text);
}

export function forgetSaid(): void {
  said.clear();
}

export function reason(wrong: unknown): string {
  try {
    if (wrong instanceof Error) return `${wrong.name}: ${wrong.message}`;
    return String(wrong);
  } catch {
    return "an error that cannot be told";
  }
}

export function wentWrong(where: string, wrong: unknown): void {
  const why = reason(wrong);
  sayOnce("warn", `${where}: ${why}`, `${where} ${why.slice(0, 80)}`);
}

/** The answer of `work`, or `otherwise` where it fails: the program goes on. */
export function safely<T>(where: string, otherwise: T, work: () => T): T {
  try {
    return work();
  } catch (wrong) {
    wentWrong(where, wrong);
    return otherwise;
  }
}
