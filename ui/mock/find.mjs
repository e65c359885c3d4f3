// The mock's saved views, passages, state of a run and files.
import { iso } from './fleet.mjs';
import { select } from './query.mjs';
import { spansOf } from './spans.mjs';

const refuse = (status, message) => Object.assign(new Error(message), { status });

function views(world, method, id, body) {
  const list = (world.views ??= []);
  const at = list.findIndex((view) => view.id === id);
  if (method === 'GET') return { views: list };
  if (method === 'POST') {
    if (list.some((view) => view.name === body.name && view.page === body.page)) throw refuse(409, `You have a view called ${body.name} already.`);
    const view = { ...body, id: `v${list.length + 1}`, own: true, author: 'local', created: iso(Date.now()), changed: iso(Date.now()) };
    list.push(view);
    return view;
  }
  if (at < 0) throw refuse(404, 'There is no such view.');
  if (method === 'DELETE') { list.splice(at, 1); return {}; }
  return Object.assign(list[at], body, { changed: iso(Date.now()) });
}

function search(world, q) {
  const words = [...(q.text ?? '').toLowerCase().matchAll(/"([^"]+)"|(\S+)/g)].map((m) => m[1] ?? m[2]);
  const hits = [];
  for (const s of select(world, q).toReversed()) {
    for (const span of spansOf(s, 'new')) {
      const text = [...(span.output ?? []), ...(span.input ?? [])].flatMap((m) => m.parts.map((p) => p.text ?? '')).join(' ');
      const low = text.toLowerCase();
      if (!text || !words.every((word) => low.includes(word))) continue;
      const from = Math.max(0, low.indexOf(words[0]) - 60), part = text.slice(from, from + 220);
      const marks = words.flatMap((word) => { const at = part.toLowerCase().indexOf(word); return at < 0 ? [] : [[at, word.length]]; });
      hits.push({ trace_id: span.trace_id, span_id: span.span_id, session_id: s.session_id, kind: span.kind, name: span.name, agent: s.agent, status: span.status, start: span.start, slot: span.output ? 'output' : 'input', role: '', snippet: { text: part, marks }, cut_before: from > 0, cut_after: from + 220 < text.length, more: 0 });
    }
    if (hits.length >= Number(q.limit ?? 20)) break;
  }
  return { hits: hits.slice(0, Number(q.limit ?? 20)), next_cursor: null, searched_to: null, stats: { rows_read: 1000, elapsed_ms: 5 } };
}

/** What a file would hold, in a word. */
const file = (of, q) => ({ file: `${q.format} of ${of}${q.redact ? ', redacted' : ''}` });

/** The body for an address of theirs, or null. */
export function find(world, method, [first, id, sub], body, q) {
  if (first === 'views') return views(world, method, id, body);
  if (first === 'search') return search(world, q);
  if (first === 'export') return file(id, q);
  if (sub === 'export') return file(id, q);
  return null;
}
