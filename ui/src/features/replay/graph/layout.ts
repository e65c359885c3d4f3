// Places for the nodes of a graph and ways for its edges: dagre, from left to right; a pair that calls back and forth is one double line.
import dagre from '@dagrejs/dagre';
import { FEW_AGENTS, put, type Graph, type GraphEdge, type GraphNode } from '../model';

export interface Box {
  node: GraphNode;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Room above it for the loop of its model calls. */
  loop: number;
}
export interface Way {
  edge: GraphEdge;
  paths: string[];
  label: string;
  x: number;
  y: number;
  labelWidth: number;
  /** Beside the first ways to each agent of many: told where it touches what is chosen. */
  aside: boolean;
}
export interface Laid {
  boxes: Box[];
  ways: Way[];
  width: number;
  height: number;
}

const MARGIN = 24;
const LOOP = 40;
/** Beyond so many agents height is dear: each is one line. */
const MANY_AGENTS = 14;
/** So many columns of those stand beside one another in letters that can be read. */
const MOST_COLUMNS = 6;
type Size = Pick<Box, 'width' | 'height' | 'loop'>;
function sizeOf(node: GraphNode, agents: number): Size {
  const text = Math.min(node.label.length, 24);
  const failed = node.failed ? 60 : 0;
  if (agents > MANY_AGENTS && node.kind === 'agent') return { width: Math.max(188, 116 + text * 8 + failed), height: 30, loop: 0 };
  // Beyond a few, the loops of their model calls are told on hover only.
  const loops = agents <= FEW_AGENTS;
  if (node.kind === 'agent') return { width: Math.max(node.uses.length ? 196 + failed : 172, 44 + text * 8), height: 48, loop: loops && node.models.length ? LOOP : 0 };
  if (node.kind === 'user') return { width: 112, height: 48, loop: 0 };
  return { width: Math.max(128, 76 + text * 7.4), height: 30, loop: 0 };
}
export const edgeLabel = (edge: GraphEdge): string => (edge.back ? `${edge.count} ⇄ ${edge.back}` : String(edge.count));

export function layOut(graph: Graph): Laid {
  const plan = new dagre.graphlib.Graph({ multigraph: false });
  const agents = graph.nodes.filter((node) => node.kind === 'agent').length;
  const sizes = new Map(graph.nodes.map((node) => [node.id, sizeOf(node, agents)]));
  const many = agents > MANY_AGENTS;
  plan.setGraph({ rankdir: 'LR', nodesep: many ? 8 : 14, edgesep: many ? 4 : 10, ranksep: many ? 72 : Math.min(120, 44 + agents * 6), marginx: MARGIN, marginy: MARGIN, acyclicer: 'greedy' });
  plan.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) {
    const { width, height, loop } = sizes.get(node.id)!;
    plan.setNode(node.id, { width, height: height + loop });
  }
  const tree = many ? firstWays(graph) : null;
  // A long chain: all in one column, each way an arc beside it.
  const first = !tree ? new Set(graph.edges) : tree.columns > MOST_COLUMNS ? new Set<GraphEdge>() : tree.ways;
  for (const edge of first) plan.setEdge(edge.from, edge.to, { width: 16 + edgeLabel(edge).length * 8, height: 16, labelpos: 'c', weight: edge.what === 'uses' ? 1 : 3, minlen: 1 });
  dagre.layout(plan);
  const boxes = graph.nodes.map((node) => {
    const { width, height, loop } = sizes.get(node.id)!;
    const at = plan.node(node.id) as { x: number; y: number };
    return { node, x: at.x - width / 2, y: at.y - (height + loop) / 2 + loop, width, height, loop };
  });
  const boxOf = new Map(boxes.map((box) => [box.node.id, box]));
  const ports = portsOf(graph.edges, boxOf);
  const ways = graph.edges.map((edge) => (first.has(edge) ? wayOf(edge, plan.edge(edge.from, edge.to) as Points, ports) : wayAside(edge, boxOf, first.size > 0)));
  const size = plan.graph() as { width?: number; height?: number };
  return { boxes, ways, width: size.width ?? 0, height: size.height ?? 0 };
}

/** One way to each node, from as near the user as can be: many agents stand in few columns, however they called each other later. */
function firstWays(graph: Graph): { ways: Set<GraphEdge>; columns: number } {
  const from = new Map<string, GraphEdge[]>();
  for (const edge of graph.edges) put(from, edge.from, edge);
  const out = new Set<GraphEdge>();
  const seen = new Map<string, number>();
  for (const root of graph.nodes.toSorted((a, b) => Number(b.kind === 'user') - Number(a.kind === 'user'))) {
    if (seen.has(root.id)) continue;
    seen.set(root.id, 1);
    for (const queue = [root.id]; queue.length; ) {
      for (const edge of from.get(queue.shift()!) ?? []) {
        if (seen.has(edge.to)) continue;
        seen.set(edge.to, seen.get(edge.from)! + 1);
        out.add(edge);
        queue.push(edge.to);
      }
    }
  }
  return { ways: out, columns: Math.max(0, ...seen.values()) };
}

/** Past the columns: between two of one column out to the right and back, else straight from one to the other. */
function wayAside(edge: GraphEdge, boxOf: Map<string, Box>, aside: boolean): Way {
  const [from, to] = [boxOf.get(edge.from)!, boxOf.get(edge.to)!];
  const middle = (box: Box): number => box.y + box.height / 2;
  const near = Math.abs(from.x + from.width / 2 - to.x - to.width / 2) < 100;
  const forward = near || from.x < to.x;
  const a = { x: forward ? from.x + from.width : from.x, y: middle(from) };
  const b = { x: forward && !near ? to.x : to.x + to.width, y: middle(to) };
  const out = Math.max(a.x, b.x) + Math.min(64, 16 + Math.abs(b.y - a.y) / 8);
  const path = near ? `M${f(a.x)} ${f(a.y)} C${f(out)} ${f(a.y)} ${f(out)} ${f(b.y)} ${f(b.x)} ${f(b.y)}` : curve([a, b], 0);
  const label = edgeLabel(edge);
  return { edge, paths: [path], label, x: near ? (a.x + b.x) / 8 + (out * 3) / 4 : (a.x + b.x) / 2, y: (a.y + b.y) / 2, labelWidth: 12 + label.length * 7, aside };
}

/** Where each edge leaves and arrives: side by side on the edge of its box, in the order of what lies at its other end. */
function portsOf(edges: GraphEdge[], boxOf: Map<string, Box>): Map<string, Point> {
  const sides = new Map<string, { key: string; toY: number; wide: number }[]>();
  for (const edge of edges) {
    const [from, to] = [boxOf.get(edge.from)!, boxOf.get(edge.to)!];
    const forward = from.x < to.x;
    const wide = edge.back ? 2 : 1;
    put(sides, `${from.node.id}\n${forward ? 'right' : 'left'}`, { key: `${edge.id} from`, toY: to.y + to.height / 2, wide });
    put(sides, `${to.node.id}\n${forward ? 'left' : 'right'}`, { key: `${edge.id} to`, toY: from.y + from.height / 2, wide });
  }
  const out = new Map<string, Point>();
  for (const [name, list] of sides) {
    const [id, where] = name.split('\n') as [string, string];
    const box = boxOf.get(id)!;
    const slots = list.reduce((sum, each) => sum + each.wide, 0);
    const gap = Math.min(9, (box.height - 10) / Math.max(slots, 1));
    let at = box.y + box.height / 2 - (slots * gap) / 2;
    for (const each of list.sort((a, b) => a.toY - b.toY)) {
      out.set(each.key, { x: where === 'right' ? box.x + box.width : box.x, y: at + (each.wide * gap) / 2 });
      at += each.wide * gap;
    }
  }
  return out;
}

interface Points {
  points: { x: number; y: number }[];
  x: number;
  y: number;
}
interface Point {
  x: number;
  y: number;
}

function wayOf(edge: GraphEdge, laid: Points, ports: Map<string, Point>): Way {
  const line = [ports.get(`${edge.id} from`)!, ...laid.points.slice(1, -1), ports.get(`${edge.id} to`)!];
  const label = edgeLabel(edge);
  const paths = edge.back ? [curve(line, -3), curve([...line].reverse(), -3)] : [curve(line, 0)];
  return { edge, paths, label, x: laid.x, y: laid.y, labelWidth: 12 + label.length * 7, aside: false };
}

/** A smooth line through the points, leaving and arriving level; `aside` pixels to the right of its direction. */
function curve(points: Point[], aside: number): string {
  const list = aside ? points.map((point, i) => shifted(points, i, aside)) : points;
  let path = `M${f(list[0]!.x)} ${f(list[0]!.y)}`;
  for (let i = 1; i < list.length; i++) {
    const [a, b] = [list[i - 1]!, list[i]!];
    const pull = (b.x - a.x) / 2;
    path += ` C${f(a.x + pull)} ${f(a.y)} ${f(b.x - pull)} ${f(b.y)} ${f(b.x)} ${f(b.y)}`;
  }
  return path;
}

function shifted(points: Point[], at: number, aside: number): Point {
  const before = points[Math.max(0, at - 1)]!;
  const after = points[Math.min(points.length - 1, at + 1)]!;
  const way = Math.sign(after.x - before.x) || 1;
  return { x: points[at]!.x, y: points[at]!.y + aside * way };
}

const f = (value: number): string => value.toFixed(1);
