// Places for the nodes of a graph and ways for its edges: dagre, from left to right; a pair that calls back and forth is one double line.
import dagre from '@dagrejs/dagre';
import { put, type Graph, type GraphEdge, type GraphNode } from '../model';

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
}
export interface Laid {
  boxes: Box[];
  ways: Way[];
  width: number;
  height: number;
}

const MARGIN = 24;
const LOOP = 40;
/** Beyond so many agents height is dear: the loops of their model calls are told on hover only. */
const MANY_AGENTS = 8;
type Size = Pick<Box, 'width' | 'height' | 'loop'>;
function sizeOf(node: GraphNode, loops: boolean): Size {
  const text = Math.min(node.label.length, 24);
  if (node.kind === 'agent') return { width: Math.max(172, 44 + text * 8), height: 48, loop: loops && node.models.length ? LOOP : 0 };
  if (node.kind === 'user') return { width: 112, height: 48, loop: 0 };
  return { width: Math.max(128, 76 + text * 7.4), height: 30, loop: 0 };
}
export const edgeLabel = (edge: GraphEdge): string => (edge.back ? `${edge.count} ⇄ ${edge.back}` : String(edge.count));

export function layOut(graph: Graph): Laid {
  const plan = new dagre.graphlib.Graph({ multigraph: false });
  const agents = graph.nodes.filter((node) => node.kind === 'agent').length;
  const sizes = new Map(graph.nodes.map((node) => [node.id, sizeOf(node, agents <= MANY_AGENTS)]));
  plan.setGraph({ rankdir: 'LR', nodesep: 14, edgesep: 10, ranksep: Math.min(120, 44 + agents * 6), marginx: MARGIN, marginy: MARGIN, acyclicer: 'greedy' });
  plan.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) {
    const { width, height, loop } = sizes.get(node.id)!;
    plan.setNode(node.id, { width, height: height + loop });
  }
  for (const edge of graph.edges) plan.setEdge(edge.from, edge.to, { width: 16 + edgeLabel(edge).length * 8, height: 16, labelpos: 'c', weight: edge.what === 'uses' ? 1 : 3, minlen: 1 });
  dagre.layout(plan);
  const boxes = graph.nodes.map((node) => {
    const { width, height, loop } = sizes.get(node.id)!;
    const at = plan.node(node.id) as { x: number; y: number };
    return { node, x: at.x - width / 2, y: at.y - (height + loop) / 2 + loop, width, height, loop };
  });
  const boxOf = new Map(boxes.map((box) => [box.node.id, box]));
  const ports = portsOf(graph.edges, boxOf);
  const ways = graph.edges.map((edge) => wayOf(edge, plan.edge(edge.from, edge.to) as Points, ports));
  const size = plan.graph() as { width?: number; height?: number };
  return { boxes, ways, width: size.width ?? 0, height: size.height ?? 0 };
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
  return { edge, paths, label, x: laid.x, y: laid.y, labelWidth: 12 + label.length * 7 };
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
