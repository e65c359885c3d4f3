// From memory to the server: a bounded queue, one request at a time, and the disk buffer while nobody answers.
//
// `put` never waits and never throws. What has come for a second (or 512 records, or 4 MB) is encoded and sent. An answer that
// says "come again" (none at all, 408, 429, 5xx; Retry-After is honoured) puts the request on disk and everything behind it too,
// until one gets through; then the disk is emptied, the oldest first. A final refusal is counted and said. Timers keep no
// program alive: at its end `beforeExit` flushes, and what `exit` finds goes to disk.
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { encodeSpans, type Ended } from "./encode.js";
import type { Answer, Http } from "./http.js";
import { say, sayOnce, wentWrong } from "./safe.js";
import type { Settings } from "./settings.js";
import type { Spool } from "./spool.js";

const batchRecords = 512;
const batchBytes = 4 << 20;
const waitMs = 1000;
const longestPauseMs = 30_000;
const queueRecords = 20_000;
const gzip = promisify(zlib.gzip);

interface Kind {
  path: string;
  encode: (records: readonly unknown[]) => string;
  oneByOne?: boolean;
}

const kinds: Record<string, Kind> = {
  "traces-json": { path: "/v1/traces", encode: (spans) => encodeSpans(spans as Ended[]) },
  scores: { path: "/api/public/scores", encode: (scores) => JSON.stringify(scores) },
  "run-items": { path: "/api/public/dataset-run-items", encode: (items) => JSON.stringify(items[0]), oneByOne: true },
};
export type KindName = "traces-json" | "scores" | "run-items";

/** What became of everything: `delivered` reached the server, `buffered` is on disk, the rest is lost and said why. */
export interface Status {
  delivered: number;
  /** In memory. */
  waiting: number;
  /** Requests on disk. */
  buffered: number;
  /** By the server, for good. */
  refused: number;
  /** There was no room in memory. */
  overflowed: number;
  /** Could not be encoded. */
  unreadable: number;
  /** Requests that left the full disk buffer. */
  madeRoom: number;
  /** Milliseconds since 1970, 0 while the server answers. */
  awaySince: number;
  lastError: string;
}

export const nothing = (): Status => ({
  delivered: 0, waiting: 0, buffered: 0, refused: 0, overflowed: 0, unreadable: 0, madeRoom: 0, awaySince: 0, lastError: "",
});

interface Waiting {
  kind: KindName;
  record: unknown;
  size: number;
}

export class Delivery {
  private queue: Waiting[] = [];
  private bytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private inHand: [KindName, unknown[]] | undefined; // taken from the queue, and not yet at the server or on disk
  private pauseUntil = 0;
  private failures = 0;
  private maybeOnDisk: boolean;
  private stopping = false;
  private readonly now = nothing();

  constructor(private readonly settings: Settings, private readonly http: Http, readonly spool: Spool) {
    this.maybeOnDisk = spool.usable && spool.waiting() > 0;
    if (this.maybeOnDisk) this.wake(20);
  }

  put(kind: KindName, record: unknown, size: number): void {
    if (this.stopping) return;
    if (this.bytes + size > this.settings.queueBytes || this.queue.length >= queueRecords) {
      if (this.now.overflowed++ === 0) say("warn", `no room for more telemetry in memory (${this.settings.queueBytes} bytes): what comes now is counted and lost`);
      return;
    }
    this.queue.push({ kind, record, size });
    this.bytes += size;
    this.wake(this.queue.length >= batchRecords || this.bytes >= batchBytes ? 0 : waitMs);
  }

  private wake(ms: number): void {
    if (this.working) return;
    if (this.timer && ms >= waitMs) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.work(), ms);
    this.timer.unref();
  }

  /** One at a time; whoever asks meanwhile waits for the one that runs. */
  private work(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.working ??= this.workNow()
      .catch((wrong) => wentWrong("delivery", wrong))
      .then(() => {
        this.working = undefined;
        if (this.queue.length) this.wake(this.queue.length >= batchRecords ? 0 : waitMs);
        else if (this.maybeOnDisk && !this.stopping) this.wake(Math.max(this.pauseUntil - Date.now(), 20));
      });
    return this.working;
  }

  private async workNow(): Promise<void> {
    // All that is here now, not what comes meanwhile: a busy program must not keep this going for ever.
    for (let left = this.queue.length; left > 0 && this.queue.length > 0; ) {
      const [kind, records] = this.take();
      left -= records.length;
      this.inHand = [kind, records];
      const goOn = await this.send(kind, records);
      this.inHand = undefined;
      if (!goOn) break;
    }
    if (this.maybeOnDisk && Date.now() >= this.pauseUntil && !this.stopping) await this.emptyDisk(20);
  }

  private take(): [KindName, unknown[]] {
    const kind = this.queue[0]!.kind;
    const most = kinds[kind]!.oneByOne ? 1 : batchRecords;
    let size = 0;
    let count = 0;
    for (const one of this.queue) {
      if (one.kind !== kind || count >= most || (count > 0 && size + one.size > batchBytes)) break;
      size += one.size;
      count += 1;
    }
    this.bytes -= size;
    return [kind, this.queue.splice(0, count).map((one) => one.record)];
  }

  private encoded(kind: KindName, records: readonly unknown[]): string | undefined {
    const how = kinds[kind]!;
    try {
      return how.encode(records);
    } catch (wrong) {
      if (records.length === 1) {
        this.now.unreadable += 1;
        wentWrong(`encoding ${kind}`, wrong);
        return undefined;
      }
    }
    const good = records.filter((one) => this.encoded(kind, [one]) !== undefined); // the bad one stops nobody
    return good.length ? how.encode(good) : undefined;
  }

  /** false: there is no sense in going on now. */
  private async send(kind: KindName, records: unknown[]): Promise<boolean> {
    const body = this.encoded(kind, records);
    if (body === undefined) return true;
    const packed = await gzip(body, { level: 3 });
    if (Date.now() < this.pauseUntil && this.spool.put(kind, packed)) {
      this.maybeOnDisk = true;
      return true;
    }
    const answer = await this.post(kind, packed);
    if (answer.good) {
      this.cameThrough(kind, answer, records.length);
    } else if (answer.status === 413 && records.length > 1) {
      const half = records.length >> 1;
      await this.send(kind, records.slice(0, half));
      await this.send(kind, records.slice(half));
    } else if (!answer.passing) {
      this.refused(kind, answer, records.length);
    } else {
      this.wentAway(answer);
      if (this.spool.put(kind, packed)) this.maybeOnDisk = true;
      else return this.keep(kind, records, body.length);
    }
    return true;
  }

  /** Back to the front of the queue: there is no disk to put it on. */
  private keep(kind: KindName, records: unknown[], size: number): boolean {
    if (this.stopping) {
      this.now.overflowed += records.length;
      say("warn", `${records.length} records of telemetry are lost: ${this.now.lastError}, and there is no disk buffer`);
      return true;
    }
    const each = Math.ceil(size / records.length);
    this.queue.unshift(...records.map((record) => ({ kind, record, size: each })));
    this.bytes += each * records.length;
    return false;
  }

  private post(kind: string, packed: Uint8Array): Promise<Answer> {
    const how = kinds[kind]!;
    const timeoutMs = this.stopping ? Math.min(this.settings.timeoutMs, this.settings.exitTimeoutMs) : this.settings.timeoutMs;
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (kind !== "traces-json") return this.http.ask("POST", how.path, zlib.gunzipSync(packed), headers, timeoutMs); // taken as they are
    return this.http.ask("POST", how.path, packed, { ...headers, "content-encoding": "gzip" }, timeoutMs);
  }

  private async emptyDisk(most: number): Promise<void> {
    for (let i = 0; i < most; ++i) {
      const taken = this.spool.take((kind) => kind in kinds);
      if (!taken) {
        this.maybeOnDisk = this.spool.waiting() > 0; // others may hold theirs
        if (this.maybeOnDisk) this.pauseUntil = Date.now() + longestPauseMs;
        return;
      }
      const answer = await this.post(taken.kind, taken.body);
      if (answer.passing) {
        this.spool.giveBack(taken);
        this.wentAway(answer);
        return;
      }
      this.spool.done(taken);
      if (answer.good) this.cameThrough(taken.kind, answer, 0);
      else this.refused(taken.kind, answer, 0);
    }
  }

  private cameThrough(kind: string, answer: Answer, records: number): void {
    if (this.now.awaySince) say("info", `the server answers again after ${Math.round((Date.now() - this.now.awaySince) / 1000)} s`);
    this.failures = this.pauseUntil = this.now.awaySince = 0;
    const [refused, why] = refusedIn(kind, answer);
    this.now.delivered += Math.max(records - refused, 0);
    this.now.refused += refused;
    if (!refused) return;
    this.now.lastError = why;
    sayOnce("warn", `the server refused ${refused} of ${records} ${kind}: ${why}`, `${kind} ${why}`);
  }

  private refused(kind: string, answer: Answer, records: number): void {
    this.now.refused += Math.max(records, 1);
    this.now.lastError = answer.message();
    let hint = "";
    if (answer.status === 401 || answer.status === 403) hint = " (is PAWL_API_KEY right, and has it the scope ingest?)";
    else if (answer.status < 400 || answer.status === 404 || answer.status === 405) hint = " (is PAWL_URL the address of a Pawl?)";
    sayOnce("warn", `the server at ${this.settings.url} refused ${kind}${hint}: ${answer.message()}`, `refused ${kind} ${answer.status}`);
  }

  private wentAway(answer: Answer): void {
    this.failures += 1;
    const pause = answer.retryAfterMs() ?? Math.min(1000 * 2 ** (this.failures - 1), longestPauseMs) * (0.7 + 0.6 * Math.random());
    this.pauseUntil = Date.now() + pause;
    this.now.lastError = answer.message();
    if (this.now.awaySince) return;
    this.now.awaySince = Date.now();
    say("warn", `${answer.message()}; telemetry waits ${this.spool.usable ? `in ${this.spool.folder}` : "in memory"}`);
  }

  private lost(): number {
    return this.now.refused + this.now.overflowed + this.now.unreadable + this.spool.lost;
  }

  /** Sends everything now. true: all of it is at the server; false: some is on disk, or lost, or still here. */
  async flush(timeoutMs: number): Promise<boolean> {
    const lost = this.lost();
    const end = Date.now() + timeoutMs;
    while ((this.queue.length || this.working) && Date.now() < end) {
      const before = this.now.awaySince && this.queue.length ? this.pauseUntil : 0;
      if (before > Date.now() && !this.spool.usable) await within(Math.min(before, end) - Date.now());
      await within(end - Date.now(), this.work());
    }
    return !this.queue.length && !this.working && this.lost() === lost && this.spool.waiting() === 0;
  }

  /** The last flush; what nobody takes goes to disk. After it nothing is accepted. */
  async stop(timeoutMs: number): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    clearTimeout(this.timer);
    await this.flush(timeoutMs);
    this.saveRest();
    const now = this.status();
    const lost = this.lost();
    if (lost) say("warn", `${lost} records of telemetry did not reach the server: ${JSON.stringify(now)}`);
  }

  /** At once and without waiting: what is in memory, and the request that hangs (it may come twice, counted once), go to disk. */
  saveRest(): void {
    const save = (kind: KindName, records: unknown[]): void => {
      const body = this.encoded(kind, records);
      if (body !== undefined && !this.spool.put(kind, zlib.gzipSync(body, { level: 3 }))) this.now.overflowed += records.length;
    };
    if (this.inHand) save(...this.inHand);
    this.inHand = undefined;
    while (this.queue.length) save(...this.take());
  }

  get idle(): boolean {
    return !this.queue.length && !this.working;
  }

  status(): Status {
    return { ...this.now, waiting: this.queue.length, buffered: this.spool.waiting(), madeRoom: this.spool.lost };
  }
}

/** Until it is done, and no longer than this; the timer does not outlive it. */
async function within(ms: number, work?: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<void>((done) => (timer = setTimeout(done, Math.max(ms, 0))));
  await (work ? Promise.race([work, end]) : end);
  clearTimeout(timer);
}

/** Of an answer that is good as a whole: how many records were not taken, and why. */
function refusedIn(kind: string, answer: Answer): [number, string] {
  try {
    if (kind === "traces-json" && answer.body.trim()) {
      const partial = answer.json().partialSuccess ?? {};
      return [Number(partial.rejectedSpans ?? 0), String(partial.errorMessage ?? "")];
    }
    if (answer.status === 207) {
      const errors: { message?: string }[] = answer.json().errors ?? [];
      return [errors.length, errors.slice(0, 3).map((one) => one.message).join("; ")];
    }
  } catch (wrong) {
    wentWrong(`reading the answer to ${kind}`, wrong);
  }
  return [0, ""];
}
