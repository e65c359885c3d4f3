// The state of one replay: what was loaded, what is selected, folded, searched and zoomed. The address holds all of it that matters.
import { ApiError, type Api } from '$api';
import { QueryState, url, type Router } from '$kit';
import { Bodies } from './bodies.svelte';
import { load, recallRun } from './load';
import {
  ancestors, below, build, findings, flatten, foldedByRule, linesOf, msOf, nextOf, outline, pathTo, ranked, search, sketch, terms, timeline, transcribe, runLabel, EARLY, calmTurns,
  type Call, type Finding, type Line, type Node, type Run, type Tree, type TreeRow, type Turn,
} from './model';

export const tabs = ['call', 'context', 'attributes', 'events', 'state', 'logs', 'scores'] as const;
export type Tab = (typeof tabs)[number];
export const forms = ['read', 'json', 'raw'] as const;
export type Form = (typeof forms)[number];

export const panes = ['tree', 'graph', 'flame', 'both'] as const;
export type Pane = (typeof panes)[number];
export const speeds = ['1', '2', '4', '10', '25', '100'] as const;

const schema = {
  span: url.text(),
  tab: url.choice(tabs, 'call'),
  form: url.choice(forms, 'read'),
  q: url.text(),
  zoom: url.text(),
  fold: url.list(),
  pauses: url.choice(['', 'shown', 'hidden'], ''),
  plumbing: url.flag(),
  critical: url.flag(),
  /** Which pane shows where one does; '' the one that the rest of the address asks for. */
  view: url.choice(['', 'transcript', 'timeline', 'details'], ''),
  list: url.text(),
  /** What stands beside the details: the tree, the graph, the flame, or graph over flame. */
  pane: url.choice(panes, 'tree'),
  every: url.flag(),
  /** Whether the graph draws tools; '' where there is room. */
  tools: url.choice(['', 'shown', 'hidden'], ''),
  unit: url.choice(['cost', 'tokens'], 'cost'),
  by: url.choice(['', 'cost', 'time', 'tokens'], ''),
  frame: url.text(),
  /** The playhead, in milliseconds since the start. */
  at: url.number(),
  speed: url.choice(speeds, '4'),
};
type Values = url.State<typeof schema>;

interface View {
  tree: Tree;
  turns: Turn[];
  itemOf: Map<string, string>;
  calls: Map<string, Call>;
  roots: Node[];
  findings: Finding[];
}

const nothing: View = { tree: { roots: [], byId: new Map(), all: [], steps: [], errors: [], noise: 0 }, turns: [], itemOf: new Map(), calls: new Map(), roots: [], findings: [] };

/** What lies in one trace of a run: built again when spans change, so ids are what is kept, never nodes. */
function viewOf(run: Run): View {
  const tree = build(run.spans);
  const { turns, itemOf, calls } = run.big ? sketch(run, tree) : transcribe(run, tree);
  const roots = outline(run, tree, turns);
  return { tree, turns, itemOf, calls, roots, findings: findings(run, tree) };
}

export class Replay {
  run = $state.raw<Run | null>(null);
  failure = $state.raw<ApiError | null>(null);
  /** Texts opened by hand; not worth an address. */
  opened = $state.raw<ReadonlySet<string>>(new Set());
  follow = $state(false);
  /** Its last span is so young that more may come: many SDKs send a span only when it has ended, so nothing says "running". */
  recent = $state(false);
  connected = $state(false);
  readonly bodies: Bodies;
  readonly #url: QueryState<typeof schema>;
  /** Written to the address a moment later: it may change with every key. */
  #pending = $state.raw<Partial<Values>>({});
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly api: Api,
    router: Router,
    readonly kind: 'session' | 'trace',
    readonly id: string,
    /** Read by a share link: nothing arrives live, no figure leads to a list. */
    readonly shared = false,
  ) {
    this.bodies = new Bodies(api);
    this.#url = new QueryState(router, schema);
    if (!shared) this.run = recallRun(kind, id);
  }

  readonly values = $derived.by<Values>(() => ({ ...this.#url.values, ...this.#pending }));
  // Each part apart: what only a moved selection changes must not make ten thousand rows anew.
  readonly #span = $derived(this.values.span);
  readonly #query = $derived(this.values.q);
  readonly #zoom = $derived(this.values.zoom);
  readonly #pauses = $derived(this.values.pauses);
  readonly #plumbing = $derived(this.values.plumbing);
  readonly #critical = $derived(this.values.critical);
  readonly #foldList = $derived(this.values.fold.join(','));
  readonly view = $derived.by<View>(() => {
    if (!this.run) return nothing;
    return viewOf(this.run);
  });
  readonly tree = $derived(this.view.tree);
  readonly turns = $derived(this.view.turns);
  /** Some step told what it changed of the session's state. */
  readonly hasState = $derived.by(() => this.run?.spans.some((span) => span.state && Object.keys(span.state).length > 0) ?? false);
  /** Stretches in which neither a model nor a tool was at work, in wall time. */
  readonly overhead = $derived.by<{ from: number; to: number }[]>(() => (this.run?.traces ?? []).flatMap((trace) => (trace.overhead ?? []).map(([from, length]) => ({ from: msOf(trace.start) + from, to: msOf(trace.start) + from + length }))));
  readonly running = $derived(!!this.run && (this.run.session?.status === 'running' || this.run.traces.some((trace) => trace.status === 'running')));

  readonly listening = $derived.by(() => !this.shared && (this.running || this.recent));

  // Folding: what the rules say, changed by hand. The address lists the changes: `id` opened, `-id` folded.
  readonly #folds = $derived.by(() => {
    const map = new Map<string, boolean>();
    for (const entry of this.#foldList.split(',').filter(Boolean)) map.set(decode(entry.replace(/^-/, '')), entry.startsWith('-'));
    return map;
  });
  readonly rows = $derived<TreeRow[]>(flatten(this.view.roots, (node) => this.#folds.get(`tree.${node.id}`) ?? foldedByRule(node, this.turns), this.#plumbing));
  readonly rowOf = $derived(new Map(this.rows.map((row, at) => [row.node.id, at])));
  readonly lines = $derived<Line[]>(linesOf(this.turns, this.#folds));
  readonly lineOf = $derived(new Map(this.lines.map((line, at) => [line.id, at])));

  // Selection: one for all views. Without one in the address, the first thing that went wrong, else the run itself.
  readonly selected = $derived.by<Node | undefined>(() => this.tree.byId.get(this.#span) ?? this.#suggested);
  readonly chosen = $derived(this.tree.byId.has(this.#span));
  /** The row of the tree that stands for the selected step: its own, else that of what holds it (plumbing is hidden). */
  readonly selectedRow = $derived.by<string | undefined>(() => [this.selected, ...ancestors(this.selected)].find((node) => node && this.rowOf.has(node.id))?.id);
  /** What shows the selected step; where nothing does, what shows that which holds it. */
  readonly selectedItem = $derived.by(() => {
    if (!this.selected) return undefined;
    const holder = [this.selected, ...ancestors(this.selected)].find((node) => this.view.itemOf.has(node.id));
    return holder && this.view.itemOf.get(holder.id);
  });
  readonly #suggested = $derived.by<Node | undefined>(() => {
    const found = this.view.findings.find((finding) => finding.tone === 'bad') ?? this.view.findings[0];
    return found?.nodes[0] ?? this.tree.errors[0] ?? this.view.roots[0];
  });

  // Search.
  readonly words = $derived(terms(this.#query));
  readonly hits = $derived<Node[]>(this.words.length ? search(this.tree, this.#query) : []);
  readonly hitIds = $derived(new Set(this.hits.map((node) => node.id)));
  readonly hitItems = $derived(new Set(this.hits.map((node) => this.view.itemOf.get(node.id)).filter((id): id is string => !!id)));

  // Time.
  readonly scale = $derived(timeline.scaleOf(this.tree, this.#pauses === '' ? null : this.#pauses === 'hidden'));
  readonly window = $derived.by<timeline.Window>(() => {
    const [from, to] = this.#zoom.split('-').map(Number);
    if (!this.#zoom || from === undefined || to === undefined || !(to > from)) return timeline.whole(this.scale);
    return { from: Math.max(0, from), to: Math.min(this.scale.length, to) };
  });
  readonly #turnWindow = $derived.by<timeline.Window | undefined>(() => {
    const turn = this.turns[(this.selected?.turn ?? 0) - 1];
    return turn && timeline.fit(this.scale, turn.start, turn.end);
  });
  /** The timeline shows the turn of the selected step alone. */
  readonly onTurn = $derived.by(() => this.zoomed && !!this.#turnWindow && Math.abs(this.#turnWindow.from - this.window.from) < 1 && Math.abs(this.#turnWindow.to - this.window.to) < 1);
  readonly zoomed = $derived(this.#zoom !== '');
  /** Lazily: only the graph, the flame and the player ask. */
  readonly runName = $derived(this.run ? runLabel(this.run) : '');
  readonly criticalPath = $derived(this.#critical ? timeline.criticalPath(this.tree.roots) : null);

  set(patch: Partial<Values>, how: { now?: boolean; push?: boolean } = {}): void {
    this.#pending = { ...this.#pending, ...patch };
    clearTimeout(this.#timer);
    if (how.now || how.push) this.#flush(!how.push);
    else this.#timer = setTimeout(() => this.#flush(true), 200);
  }

  #flush(replace: boolean): void {
    const patch = this.#pending;
    this.#pending = {};
    this.#url.set(patch, { replace });
  }

  href(patch: Partial<Values>): string {
    return this.#url.href({ ...this.#pending, ...patch });
  }

  leave(): void {
    clearTimeout(this.#timer);
  }

  async load(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    try {
      this.run = await load(this.api, this.kind, this.id, signal, (run) => {
        if (!this.run) this.run = run;
      });
      this.failure = null;
      this.recent = latestOf(this.run) > Date.now() - RECENT_MS;
    } catch (error) {
      if (signal.aborted) return;
      this.failure = error instanceof ApiError ? error : new ApiError(0, 'failed', String(error));
      // Not to be reached, or starting: asked again by itself.
      if (this.failure.status === 0 || this.failure.status === 503) setTimeout(() => void this.load(signal), 2000);
    }
  }

  /** Shows or puts away the graph or the flame; both can stand together. */
  togglePane(which: 'graph' | 'flame'): void {
    const other = which === 'graph' ? 'flame' : 'graph';
    const now = this.values.pane;
    const next: Pane = now === which ? 'tree' : now === 'both' ? other : now === other ? 'both' : which;
    const view = this.values.view === 'transcript' ? '' : this.values.view; // else it would not be seen on a phone
    this.set({ pane: next, view }, { push: true });
  }

  /** Which pane shows where only one has room: a link to a graph shows the graph. */
  get front(): 'transcript' | 'timeline' | 'details' {
    return this.values.view || (this.values.pane === 'tree' ? 'transcript' : 'timeline');
  }

  /** Goes through the places of a node of the graph or a frame of the flame, one at each press. */
  selectNext(places: readonly Node[], how: { details?: boolean } = {}): void {
    const at = this.chosen ? places.findIndex((node) => node.id === this.selected?.id) : -1;
    this.select(places[(at + 1) % Math.max(places.length, 1)]?.id, how);
  }

  /** Selects a span and opens what hides it. */
  select(id: string | undefined, how: { details?: boolean } = {}): void {
    const node = id === undefined ? undefined : this.tree.byId.get(id);
    if (!node) return;
    const fold = new Map(this.#folds);
    for (const above of ancestors(node)) if (foldedByRule(above, this.turns) || fold.get(`tree.${above.id}`)) fold.set(`tree.${above.id}`, false);
    this.#reveal(node, fold);
    this.set({ span: node.id, fold: print(fold), ...(how.details ? { view: 'details' as const } : {}) }, { push: how.details === true && this.values.view !== 'details' });
  }

  #reveal(node: Node, fold: Map<string, boolean>): void {
    const item = this.view.itemOf.get(node.id);
    const path = item ? pathTo(this.turns, item) : null;
    if (!path) return;
    if (path.turn.n <= calmTurns(this.turns) && (fold.get(EARLY) ?? true)) fold.set(EARLY, false);
    if (fold.get(path.turn.id)) fold.set(path.turn.id, false);
    for (const card of path.cards) if (!this.lineOf.has(item!)) fold.set(card, false);
  }

  /** Folds or opens; `id` is a transcript id, or `tree.` and a span id. */
  fold(id: string, folded: boolean): void {
    const fold = new Map(this.#folds);
    fold.set(id, folded);
    this.set({ fold: print(fold) });
  }

  open(id: string, open: boolean): void {
    const next = new Set(this.opened);
    if (open) next.add(id);
    else next.delete(id);
    this.opened = next;
  }

  /** ↑ and ↓: the row above or below. */
  step(by: 1 | -1): void {
    const at = this.selectedRow === undefined ? -1 : this.rowOf.get(this.selectedRow)!;
    const row = this.rows[Math.min(Math.max(at + by, 0), this.rows.length - 1)];
    this.select(row?.node.id);
  }

  /** ← folds or goes to the parent, → opens or goes to the first child. */
  sideways(open: boolean): void {
    const at = this.selectedRow === undefined ? undefined : this.rowOf.get(this.selectedRow);
    const row = at === undefined ? undefined : this.rows[at];
    if (!row) return;
    if (row.foldable && row.folded === open) this.fold(`tree.${row.node.id}`, !open);
    else if (open && row.foldable) this.step(1);
    else if (!open) this.select(this.#shownParent(row)?.id);
  }

  #shownParent(row: TreeRow): Node | undefined {
    return ancestors(row.node).find((node) => this.rowOf.has(node.id));
  }

  belowOf(node: Node): Node[] {
    return below(node);
  }

  nextError(back = false): void {
    this.select(nextOf(this.tree.errors, this.chosen ? this.selected : undefined, back)?.id);
  }

  /** The dearest, the slowest; pressed again on it, the one after. */
  nextRanked(by: 'cost' | 'time'): void {
    const list = ranked(this.tree, by);
    const at = this.chosen ? list.findIndex((node) => node.id === this.selected?.id) : -1;
    this.select(list[(at + 1) % Math.max(list.length, 1)]?.id);
  }

  nextHit(back = false): void {
    this.select(nextOf(this.hits, this.selected, back)?.id);
  }

  /** The timeline of the selected step's turn alone; again: all of it. */
  zoomToTurn(): void {
    const next = this.#turnWindow;
    if (next) this.zoomTo(this.onTurn ? timeline.whole(this.scale) : next);
  }

  zoomTo(window: timeline.Window): void {
    const full = window.from <= 0.5 && window.to >= this.scale.length - 0.5;
    this.set({ zoom: full ? '' : `${round(window.from)}-${round(window.to)}` });
  }
}

const RECENT_MS = 15 * 60_000;
function latestOf(run: Run): number {
  let latest = 0;
  for (const span of run.spans) latest = Math.max(latest, (span.at ?? msOf(span.start)) + (span.duration_ms ?? 0));
  return latest;
}

const round = (value: number): number => Math.round(value * 10) / 10;
const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
const print = (fold: Map<string, boolean>): string[] => [...fold].slice(-60).map(([id, folded]) => (folded ? '-' : '') + encodeURIComponent(id));
