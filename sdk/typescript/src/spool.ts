// The disk buffer: what could not be delivered waits here, over restarts too, and never beyond its size.
//
// A folder for each pair of address and key, readable by this user alone. A file is one request: `TIME-PID-N.KIND`, its body
// gzipped, made under another name and then renamed, so that what stands here is whole. Who sends a file first renames it to
// `NAME@PID`; what a dead process had claimed is free again. The server knows a span by its id: twice sent is once counted.
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Settings } from "./settings.js";

const claimMs = 300_000; // older claims are free even where a process of that number lives

/** Where this user's programs keep state; the account's own part of the temporary folder where there is no home. */
function homeOf(settings: Settings): string {
  if (settings.bufferDir) return settings.bufferDir;
  const state = process.env.XDG_STATE_HOME || (process.platform === "win32" ? process.env.LOCALAPPDATA : "");
  if (state) return path.join(state, "pawl");
  try {
    const home = os.homedir();
    fs.accessSync(home, fs.constants.W_OK);
    if (path.isAbsolute(home)) return path.join(home, ".local", "state", "pawl");
  } catch {
    // no home of one's own
  }
  return path.join(os.tmpdir(), `pawl-${process.getuid?.() ?? "user"}`);
}

export function folderOf(settings: Settings): string {
  const whose = createHash("sha256").update(`${settings.url}\0${settings.key}`).digest("hex").slice(0, 24);
  return path.join(homeOf(settings), whose);
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (wrong) {
    return (wrong as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** With its parents. (Node's own `recursive` never returns where a parent takes none, as in /proc.) */
export function makeFolder(folder: string): void {
  if (fs.existsSync(folder)) return;
  if (path.dirname(folder) !== folder) makeFolder(path.dirname(folder));
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (wrong) {
    if ((wrong as NodeJS.ErrnoException).code !== "EEXIST") throw wrong;
  }
}

const quietly = (work: () => void): void => {
  try {
    work();
  } catch {
    // another process was faster, or the disk is gone: nothing here may fail
  }
};

export interface Taken {
  place: string;
  kind: string;
  body: Buffer;
}

export class Spool {
  readonly folder: string;
  readonly usable: boolean = false;
  /** Files that had to make room. */
  lost = 0;
  private number = 0;

  constructor(folder: string, private readonly mostBytes: number) {
    this.folder = path.join(folder, "buffer-node");
    if (mostBytes <= 0) return;
    try {
      makeFolder(this.folder);
      // A folder that another account could have laid here in advance is none of ours.
      this.usable = process.getuid === undefined || fs.statSync(this.folder).uid === process.getuid();
    } catch {
      this.usable = false;
    }
  }

  private files(): string[] {
    try {
      return fs.readdirSync(this.folder).sort();
    } catch {
      return [];
    }
  }

  /** Keeps a request; the oldest make room. false: it could not be kept. */
  put(kind: string, body: Uint8Array): boolean {
    if (!this.usable || body.length > this.mostBytes) return false;
    const time = (BigInt(Date.now()) * 1_000_000n).toString().padStart(20, "0");
    const place = path.join(this.folder, `${time}-${process.pid}-${String(this.number++).padStart(6, "0")}.${kind}`);
    try {
      this.makeRoom(body.length);
      fs.writeFileSync(`${place}~`, body, { mode: 0o600, flag: "wx" });
      fs.renameSync(`${place}~`, place);
      return true;
    } catch {
      quietly(() => fs.unlinkSync(`${place}~`));
      return false;
    }
  }

  private makeRoom(size: number): void {
    const sizes = this.files().map((name): [string, number] => {
      try {
        return [name, fs.statSync(path.join(this.folder, name)).size];
      } catch {
        return [name, 0];
      }
    });
    let used = sizes.reduce((sum, [, each]) => sum + each, 0);
    for (const [name, each] of sizes) {
      if (used + size <= this.mostBytes) return;
      quietly(() => {
        fs.unlinkSync(path.join(this.folder, name));
        used -= each;
        this.lost += 1;
      });
    }
  }

  /** The oldest one of these kinds that nobody else has. Others are for a newer version. */
  take(kinds: (kind: string) => boolean): Taken | undefined {
    for (const name of this.files()) {
      const [plain = "", claim] = name.split("@");
      if (name.endsWith("~")) {
        this.sweep(name);
        continue;
      }
      const kind = plain.slice(plain.lastIndexOf(".") + 1);
      if (!kinds(kind) || (claim !== undefined && !this.abandoned(name, claim))) continue;
      const place = path.join(this.folder, `${plain}@${process.pid}`);
      try {
        fs.renameSync(path.join(this.folder, name), place);
        const now = new Date();
        fs.utimesSync(place, now, now); // the claim is as old as this
        return { place, kind, body: fs.readFileSync(place) };
      } catch {
        continue; // another process was faster
      }
    }
    return undefined;
  }

  private age(name: string): number {
    try {
      return Date.now() - fs.statSync(path.join(this.folder, name)).mtimeMs;
    } catch {
      return 0;
    }
  }

  private abandoned(name: string, claim: string): boolean {
    const pid = Number(claim);
    if (!Number.isInteger(pid) || pid <= 0) return false;
    return this.age(name) > claimMs || (pid !== process.pid && !alive(pid));
  }

  /** A file whose writer ended in the middle of it. */
  private sweep(name: string): void {
    if (this.age(name) > 3_600_000) quietly(() => fs.unlinkSync(path.join(this.folder, name)));
  }

  done(taken: Taken): void {
    quietly(() => fs.unlinkSync(taken.place));
  }

  giveBack(taken: Taken): void {
    quietly(() => fs.renameSync(taken.place, taken.place.slice(0, taken.place.lastIndexOf("@"))));
  }

  waiting(): number {
    return this.usable ? this.files().filter((name) => !name.endsWith("~")).length : 0;
  }
}
