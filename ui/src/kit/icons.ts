// Drawn icons: name → shapes in a 16 px box, stroked 1.4. One shape a string: a path, or "cx cy r" for a circle.

export const icons = {
  home: ['M2.5 7 8 2.5 13.5 7v6.5h-4v-4h-3v4h-4z'],
  lines: ['M2.5 4h11M2.5 8h11M2.5 12h7'],
  issue: ['8 8 5.5', 'M8 5v3.5M8 10.8v.2'],
  bars: ['M2.5 13.5h11M4.5 13V8M8 13V3.5M11.5 13V6'],
  money: ['M8 2v12M11 4.8C10.4 3.9 9.3 3.5 8 3.5c-1.8 0-3 .8-3 2.2 0 3 6.2 1.5 6.2 4.6 0 1.4-1.3 2.2-3.2 2.2-1.5 0-2.700-.5-3.300-1.500'],
  comment: ['M2.500 3.500h11v7.500H7.500L4.500 13.500V11h-2z'],
  bell: ['M4 11V7a4 4 0 0 1 8 0v4l1 1H3zM6.5 14h3'],
  target: ['8 8 5.5', '8 8 2.2'],
  flask: ['M6 2.5v4L2.800 12.500a.7.7 0 0 0 .6 1h9.200a.7.7 0 0 0 .6-1L10 6.500v-4M5 2.500h6M4.500 10h7'],
  up: ['M8 13.5v-11M4 6.5l4-4 4 4'],
  down: ['M8 2.5v11M4 9.5l4 4 4-4'],
  agent: ['8 5.2 2.7', 'M2.800 13.500c.6-2.700 2.600-4.200 5.200-4.200s4.600 1.500 5.200 4.200'],
  shield: ['M8 2 3 4v4c0 3 2 5 5 6 3-1 5-3 5-6V4z'],
  file: ['M4 2.500h6L12.500 5v8.500H4zM6.500 7h4M6.500 10h4'],
  settings: ['8 8 2', 'M8 2v2M8 12v2M2 8h2M12 8h2M3.800 3.800l1.400 1.400M10.800 10.800l1.400 1.400M3.800 12.200l1.400-1.400M10.800 5.200l1.400-1.400'],
  star: ['M8 2.300l1.750 3.600 3.950.550-2.850 2.750.7 3.950L8 11.250l-3.550 1.900.7-3.950L2.300 6.450l3.950-.550z'],
  cases: ['M3 4.500c0-1.100 2.200-2 5-2s5 .9 5 2v7c0 1.100-2.200 2-5 2s-5-.9-5-2zM3 4.500c0 1.100 2.200 2 5 2s5-.9 5-2M3 8c0 1.100 2.200 2 5 2s5-.9 5-2'],
  user: ['8 5.5 2.5', 'M3 13.500c.5-3 2.500-4 5-4s4.500 1 5 4'],
  clock: ['8 8 5.5', 'M8 5v3l2 1.500'],
  search: ['7 7 4', 'm10 10 3.500 3.500'],
  plus: ['M8 3v10M3 8h10'],
  minus: ['M3 8h10'],
  close: ['m4 4 8 8M12 4l-8 8'],
  check: ['m3.500 8.500 3 3 6-7'],
  'chevron-down': ['m4 6 4 4 4-4'],
  'chevron-up': ['m4 10 4-4 4 4'],
  'chevron-right': ['m6 4 4 4-4 4'],
  'chevron-left': ['m10 4-4 4 4 4'],
  more: ['M3.500 8h.01M8 8h.01M12.500 8h.01'],
  copy: ['M5.500 5.500v-3h8v8h-3M2.500 5.500h8v8h-8z'],
  compare: ['M4 2.500v11M4 9c5 0 8-1 8-6.500'],
  play: ['M5 3v10l8-5z'],
  pause: ['M5 3.500v9M11 3.500v9'],
  back: ['m12 4-5 4 5 4zM4 4v8'],
  forward: ['m4 4 5 4-5 4zM12 4v8'],
  moon: ['M13 9.500A5.500 5.500 0 0 1 6.500 3a5.500 5.500 0 1 0 6.500 6.500z'],
  sun: ['8 8 2.500', 'M8 1.500v1.500M8 13v1.500M1.500 8H3M13 8h1.500M3.400 3.400l1 1M11.600 11.600l1 1M3.400 12.600l1-1M11.600 4.400l1-1'],
  screen: ['M2 3h12v8H2zM6 13.500h4M8 11v2.500'],
  trace: ['M2.500 4h7M5.500 8h8M5.500 12h4'],
  span: ['M2.500 8h11M2.500 5.500v5M13.500 5.500v5'],
  key: ['5 11 2.500', 'm7 9 6-6M10.500 5.500l2 2'],
  pin: ['M6 2.500h4l-.500 4 2 2.500h-7l2-2.500zM8 9v4.500'],
  columns: ['M2.500 3h11v10h-11zM6.200 3v10M9.800 3v10'],
  filter: ['M2.500 4h11M4.500 8h7M6.500 12h3'],
  download: ['M8 2.500v8M4.500 7.500 8 11l3.500-3.500M3 13.500h10'],
  link: ['M6.500 9.500l3-3M7 5l1.500-1.500a2.800 2.800 0 0 1 4 4L11 9M9 11l-1.500 1.500a2.800 2.800 0 0 1-4-4L5 7'],
  out: ['M6.500 3.500h-4v10h10v-4M9 2.500h4.500V7M13.500 2.500 7.500 8.500'],
  trash: ['M3 4.500h10M6.500 4.500v-2h3v2M4.500 4.500l.5 9h6l.5-9'],
  tool: ['M10 2.800a3.300 3.300 0 0 0-3 4.600l-4.300 4.300 1.600 1.600L8.600 9a3.300 3.300 0 0 0 4.500-3.900L11 7.200 8.800 5 10.900 2.900z'],
} as const satisfies Record<string, readonly string[]>;

export type IconName = keyof typeof icons;

export type Kind = 'agent' | 'llm' | 'tool' | 'retriever' | 'embedding' | 'reranker' | 'guardrail' | 'evaluator' | 'handoff' | 'workflow' | 'other';

/** Kinds of span: shapes in a 14 px box; `stroke` where the shape is an outline (then a filled dot may follow). */
export const kindShapes: Record<Kind, { fill?: readonly string[]; outline?: readonly string[]; width?: number }> = {
  agent: { outline: ['7 7 4.75'], fill: ['7 7 1.8'], width: 1.5 },
  workflow: { outline: ['M2.500 3.500h4v4h-4zM7.500 6.500h4v4h-4z'], width: 1.3 },
  llm: { fill: ['M7 1.800 12.200 7 7 12.200 1.800 7z'] },
  tool: { fill: ['M4.300 2.500h5.400a1.800 1.800 0 0 1 1.800 1.800v5.400a1.800 1.800 0 0 1-1.800 1.800H4.300a1.800 1.800 0 0 1-1.800-1.800V4.300a1.800 1.800 0 0 1 1.800-1.800z'] },
  retriever: { fill: ['M2.500 3h9v2h-9zM2.500 6.200h9v2h-9zM2.500 9.400h6v2h-6z'] },
  embedding: { fill: ['4 4 1.4', '10 4 1.4', '4 10 1.4', '10 10 1.4', '7 7 1.4'] },
  reranker: { fill: ['M4.500 2 7 5H2zM4.500 12 7 9H2zM9 3.500h4v1.600H9zM9 6.300h3v1.600H9zM9 9h2v1.600H9z'] },
  guardrail: { fill: ['M7 1.500 2.500 3.200V7c0 2.600 1.800 4.500 4.500 5.500 2.700-1 4.500-2.900 4.500-5.500V3.200z'] },
  evaluator: { fill: ['m7 1.500 1.600 3.600 3.900.4-2.900 2.600.8 3.900L7 10l-3.400 2 .8-3.900-2.900-2.600 3.900-.4z'] },
  handoff: { fill: ['M1.500 6h6.200V3l4.800 4-4.800 4V8H1.500z'] },
  other: { outline: ['7 7 4'], width: 1.5 },
};

export const kinds = Object.keys(kindShapes) as Kind[];

/** A word of the API as a kind; what is unknown is "other". */
export const kindOf = (word: string): Kind => (word in kindShapes ? (word as Kind) : 'other');

/** "cx cy r" as numbers, null for a path. */
export function circle(shape: string): [number, number, number] | null {
  if (!/^[\d.]/.test(shape)) return null;
  const [x = 0, y = 0, r = 0] = shape.split(' ').map(Number);
  return [x, y, r];
}
