// A run too big to be loaded whole: its spans from the server's skeleton, without bodies; a line of the transcript a step, whose words come when it is seen.
import type { Item, Turn } from './items';
import type { Node, Tree } from './tree';
import type { Transcript } from './transcript';
import type { Run, Session, Span, Trace } from './types';

/** A window of the skeleton: rows in order of start over the whole run; times in µs since 1970. */
export interface Skeleton {
  offset: number;
  next_offset: number | null;
  columns: string[];
  texts: string[];
  traces: string[];
  rows: (string | number | null)[][];
  /** The run as a list has it, and what was found in it: in the first window. */
  summary?: Session | Trace;
  findings?: Run['findings'];
  stats?: Run['stats'];
}

const NOISE = 1;
const ERROR = 2;
const COUNTED = 4;

/** The spans of a window; what only bodies tell is not in them. */
export function spansOf(window: Skeleton): Span[] {
  const at = (name: string): number => window.columns.indexOf(name);
  const [id, parent, trace, start, duration, kind, name, status, agent, tool, model, flags, tokens, cost] = ['span_id', 'parent_id', 'trace', 'start_us', 'duration_us', 'kind', 'name', 'status', 'agent', 'tool', 'model', 'flags', 'tokens', 'cost'].map(at) as number[];
  const text = (row: Skeleton['rows'][number], column: number): string => window.texts[row[column] as number] ?? '';
  return window.rows.map((row) => {
    const bits = row[flags!] as number;
    const own = row[cost!];
    const begins = (row[start!] as number) / 1000;
    const toolName = text(row, tool!);
    const modelName = text(row, model!);
    return {
      span_id: row[id!] as string, parent_id: (row[parent!] as string) || null, trace_id: window.traces[row[trace!] as number] ?? '', kind: text(row, kind!), name: text(row, name!), agent: text(row, agent!), status: text(row, status!),
      start: '', at: begins, duration_ms: row[duration!] === null ? null : (row[duration!] as number) / 1000, noise: (bits & NOISE) !== 0, is_error: (bits & ERROR) !== 0, counted: (bits & COUNTED) !== 0,
      tool: toolName ? { name: toolName, arguments: null, result: null } : null, model: modelName ? { requested: modelName } : null, tokens: typeof row[tokens!] === 'number' ? ({ all: row[tokens!] } as Span['tokens']) : null,
      pico: typeof own === 'number' ? BigInt(Math.round(own)) : null, sketch: true,
    } satisfies Span;
  });
}

/** The transcript of such a run: a turn a trace, a line a step. */
export function sketch(run: Run, tree: Tree): Transcript {
  const turns: Turn[] = [];
  const byTrace = new Map<string, Turn>();
  const itemOf = new Map<string, string>();
  const name = run.kind === 'session' ? (node: Node) => node.span.trace_id : () => '';
  for (const node of tree.all) {
    let turn = byTrace.get(name(node));
    if (!turn) {
      turn = { n: turns.length + 1, id: `turn:${turns.length + 1}`, traceId: node.span.trace_id, title: '', start: node.start, end: node.end, away: null, cost: null, steps: 0, failed: false, running: false, items: [], node };
      turns.push(turn);
      byTrace.set(name(node), turn);
    }
    add(turn, node, itemOf);
  }
  return { turns, itemOf, calls: new Map() };
}

function add(turn: Turn, node: Node, itemOf: Map<string, string>): void {
  node.turn = turn.n;
  if (node.own !== null) turn.cost = (turn.cost ?? 0n) + node.own;
  if (node.failed) turn.failed = true;
  if (node.running) turn.running = true;
  turn.end = Math.max(turn.end, node.end);
  if (!node.step && node.kind !== 'handoff') return;
  if (node.step) turn.steps++;
  const item: Item = { type: 'sketch', id: `k:${node.id}`, node };
  itemOf.set(node.id, item.id);
  turn.items.push(item);
}
