// One request to the server. No redirects: they would carry the key elsewhere.
import { version } from "./version.js";
import type { Settings } from "./settings.js";

/** "Come again": everything that a repeat can mend. The rest of 4xx is final. */
const passing = new Set([408, 425, 429]);

export class Answer {
  constructor(
    /** 0: nobody answered. */
    readonly status: number,
    readonly body = "",
    readonly why = "",
    private readonly retryAfter = "",
  ) {}

  get good(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get passing(): boolean {
    return this.status === 0 || passing.has(this.status) || this.status >= 500;
  }

  json(): any {
    return JSON.parse(this.body);
  }

  /** As seconds or as a date; never beyond five minutes. */
  retryAfterMs(): number | undefined {
    const text = this.retryAfter.trim();
    if (!text) return undefined;
    const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
    return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 300_000) : undefined;
  }

  /** What the server said was wrong, in its own words. */
  message(): string {
    if (this.status === 0) return this.why;
    let text = this.body.slice(0, 2000).trim();
    try {
      const said = JSON.parse(this.body);
      if (typeof said?.error?.message === "string") text = said.error.message;
      else if (typeof said?.message === "string") text = said.message;
    } catch {
      text = text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "");
    }
    return `${this.status} ${text}`.trim();
  }
}

export class Http {
  private readonly headers: Record<string, string>;

  constructor(private readonly settings: Settings) {
    this.headers = { "user-agent": `pawl-node/${version}`, ...settings.headers };
    if (settings.key) this.headers.authorization = `Bearer ${settings.key}`;
  }

  /** Never rejects. */
  async ask(method: string, path: string, body?: Uint8Array | string, headers?: Record<string, string>, timeoutMs = this.settings.timeoutMs): Promise<Answer> {
    try {
      const answer = await fetch(this.settings.url + path, {
        method,
        body: (body ?? null) as string | null, // a Uint8Array too
        headers: { ...this.headers, ...headers },
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      });
      return new Answer(answer.status, await answer.text(), "", answer.headers.get("retry-after") ?? "");
    } catch (wrong) {
      const cause = (wrong as { cause?: { code?: string; message?: string } })?.cause;
      const why = cause?.code || cause?.message || (wrong instanceof Error ? wrong.message : String(wrong));
      return new Answer(0, "", `${this.settings.url} does not answer: ${why}`);
    }
  }

  askJson(method: string, path: string, value?: unknown, timeoutMs?: number): Promise<Answer> {
    const body = value === undefined ? undefined : JSON.stringify(value);
    return this.ask(method, path, body, body === undefined ? {} : { "content-type": "application/json" }, timeoutMs);
  }
}
