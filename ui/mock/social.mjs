// The mock's shares and comments, runs that are alike, and files to take along.
import { iso, tracesOf } from './fleet.mjs';

const refuse = (status, message) => Object.assign(new Error(message), { status });
const people = [{ id: '1', handle: 'ines', name: 'ines' }, { id: '2', handle: 'tom', name: 'Tom' }, { id: '3', handle: 'rita', name: 'Rita' }];
const stateOf = (world) => (world.social ??= { shares: [], comments: [{ id: 'c1', session_id: 's01856', trace_id: null, span_id: null, author: { id: '1', name: 'ines' }, text: '3 passengers × $1,625 = **$4,875**. It priced one seat, and cancelled before it could book.', mentions: [], parent: null, created: '2026-11-13T08:12:00Z', edited: null, deleted: false, mine: true, source: '' }] });

function shares(world, method, id, body, q, host) {
  const { shares: list } = stateOf(world);
  if (method === 'POST') {
    const n = list.length + 1;
    const share = { id: `sh${n}`, kind: body.objects.length > 1 ? 'compare' : body.objects[0].kind, objects: body.objects, redaction: body.redaction, note: body.note ?? '', author: 'local', created: iso(Date.now()), expires: iso(Date.now() + 7 * 86_400_000), revoked: null, openings: 0, last_opened: null };
    list.push({ ...share, token: `tok${n}` });
    return { share, link: `http://${host}/share#tok${n}`, token: `tok${n}` };
  }
  if (method === 'DELETE') { const one = list.find((share) => share.id === id); one.revoked = iso(Date.now()); return {}; }
  return { shares: list.filter((share) => share.objects.some((object) => object.id === (q.session_id ?? q.trace_id))).map(({ token, ...rest }) => rest).reverse() };
}

/** What a link opens; `run` answers a session or trace as the API does. */
function share(world, method, [id, , n, , trace, , span], body, q, run) {
  const { shares: list } = stateOf(world);
  const open = (one) => { if (!one || one.revoked) throw refuse(404, 'This link opens nothing: it may have ended or been taken back.'); return one; };
  if (id === 'open') { const one = open(list.find((share) => share.token === body.token)); one.openings += 1; one.last_opened = iso(Date.now()); const { token, ...told } = one; return { share: told }; }
  const one = open(list.find((share) => share.id === id));
  if (n === undefined) { const { token, ...told } = one; return { share: told }; }
  const object = one.objects[Number(n)] ?? (() => { throw refuse(404, 'No such thing here.'); })();
  return trace ? run(['traces', trace, 'spans', span], q) : run([`${object.kind}s`, object.id], q);
}

function comments(world, method, id, body, q) {
  const state = stateOf(world);
  if (id === 'people') return { people };
  if (method === 'GET') return { comments: state.comments.filter((one) => (q.session_id && one.session_id === q.session_id) || (q.trace_id && one.trace_id === q.trace_id)) };
  if (method === 'POST') { const one = { session_id: null, trace_id: null, span_id: null, parent: null, ...body, id: `c${state.comments.length + 1}`, author: { id: '1', name: 'ines' }, mentions: people.filter((person) => body.text.includes(`@${person.handle}`)), created: iso(Date.now()), edited: null, deleted: false, mine: true, source: '' }; state.comments.push(one); return one; }
  const at = state.comments.findIndex((one) => one.id === id);
  if (method === 'DELETE') { state.comments.splice(at, 1); return {}; }
  return Object.assign(state.comments[at], { text: body.text, edited: iso(Date.now()) });
}

function mentions(world, method, body) {
  const state = stateOf(world);
  state.mentions ??= [
    { comment: { ...state.comments[0], id: 'c9', author: { id: '3', name: 'Rita' }, text: '@ines is this the **same** error as on Monday?', span_id: null, session_id: 's01856' }, seen: false, at: '2026-11-13T08:12:00Z' },
    { comment: { ...state.comments[0], id: 'c8', author: { id: '2', name: 'Tom' }, text: 'Looked at it with @ines.', session_id: null, trace_id: 'crew-t1', span_id: 'crew-t1-00004' }, seen: true, at: '2026-11-12T15:00:00Z' },
  ];
  if (method === 'POST') for (const one of state.mentions) one.seen ||= !body.ids?.length || body.ids.includes(one.comment.id);
  return { unseen: state.mentions.filter((one) => !one.seen).length, mentions: method === 'POST' ? undefined : state.mentions };
}

function similar(world, id) {
  const me = world.sessions.find((s) => s.session_id === id);
  const like = world.sessions.filter((s) => s !== me && s.agent === me?.agent && s._.tools.length).map((s) => { const same = [...new Set(s._.tools)].filter((tool) => me._.tools.includes(tool)); return { s, same, likeness: same.length / new Set([...s._.tools, ...me._.tools]).size }; }).sort((a, b) => b.likeness - a.likeness).slice(0, 10);
  return { similar: like.map(({ s, same, likeness }) => ({ session: { session_id: s.session_id, trace_id: tracesOf(s)[0].trace_id, title: s.title, agent: s.agent, start: s.start, status: s.status, cost_usd: s.cost_usd }, similarity: likeness, same_tools: same, same_words: [] })), looked_at: world.sessions.length, stats: {} };
}

/** The body for an address of theirs, or null. */
export function social(world, method, path, body, q, host, run) {
  const [first, id, sub] = path;
  if (first === 'shares') return shares(world, method, id, body, q, host);
  if (first === 'share') return share(world, method, path.slice(1), body, q, run);
  if (first === 'comments') return comments(world, method, id, body, q);
  if (first === 'mentions') return mentions(world, method, body);
  if (sub === 'reveal') return { values: [{ ref: 'k3Zr9Qw2', kind: 'email', masked: '*k3Zr9Qw2*****', value: 'mo@example.com' }], missing: [] };
  if (sub === 'similar') return similar(world, id);
  return null;
}
