// Runs made up for the replay: one with everything that agents do (crew-1), one of twelve agents that hand over and go in circles (swarm-t1), one that is still going on (live-1), long traces (big-10000).
import { findingsOf } from './findings.mjs';

const base = Date.parse('2026-11-12T20:00:00Z');
const at = (ms) => new Date(base + ms).toISOString().replace(/\.(\d{3})Z$/, '.$1000000Z');
const text = (role, words, more = {}) => ({ role, parts: [{ type: 'text', text: words }], ...more });
const asks = (words, ...calls) => ({ role: 'assistant', parts: [...(words ? [{ type: 'text', text: words }] : []), ...calls.map(([id, name, args]) => ({ type: 'tool_call', id, name, arguments: args }))] });
const result = (id, value) => ({ role: 'tool', parts: [{ type: 'tool_result', id, result: value }] });
const none = { input: null, cache_read: null, cache_write: null, output: null, reasoning: null };
const blank = { session_id: '', agent: '', agent_version: 'v4', status: 'ok', error: null, model: null, tokens: none, counted: true, not_counted_because: null, cost_usd: null, cost_source: null, cost: null, ttft_ms: null, finish_reasons: [], tool: null, attributes: {}, links: [], events: [], noise: false, state: null, dialect: 'gen_ai', raw_available: true };

/** Builds a trace; `add` answers the id, so that children can name it. */
function trace(id, session, agent) {
  const spans = [];
  const add = (kind, name, parent, from, to, more = {}) => {
    const span_id = `${id}-${String(spans.length + 1).padStart(5, '0')}`;
    spans.push({ ...blank, span_id, parent_id: parent, trace_id: id, session_id: session, kind, name, agent, start: at(from), duration_ms: to - from, ...more });
    return span_id;
  };
  return { id, spans, add };
}

function usage(model, input, cached, output, reasoning = null) {
  const line = (type, tokens, price) => ({ type, tokens, price_usd_per_mtok: price, cost_usd: ((tokens * Number(price)) / 1e6).toFixed(8) });
  const formula = [line('input', input, '2.00'), line('cache_read', cached, '0.50'), line('output', output, '8.00')];
  return { model: { provider: 'openai', requested: model, served: model }, tokens: { input, cache_read: cached, cache_write: null, output, reasoning }, cost_usd: formula.reduce((sum, row) => sum + Number(row.cost_usd), 0).toFixed(8), cost_source: 'priced', cost: { formula, price_row: `openai/${model}`, price_date: '2025-04-14', reported_usd: null }, ttft_ms: 320 };
}

/** `other`: the same job on another day: another look-up, no embedding, another offer, another answer. */
function crew(other = false) {
  const t = trace(other ? 'crew-t2' : 'crew-t1', other ? 'crew-2' : 'crew-1', 'planner');
  const question = 'Which of our three suppliers can deliver 400 units before Friday, and at what price?\n\nKeep it to one table.';
  const root = t.add('agent', 'planner', null, 0, 42_000, { counted: false, not_counted_because: 'wrapper', tokens: { ...none, input: 9000, output: 700 }, input: [text('user', question)] });
  t.add('guardrail', 'prompt_injection', root, 20, 140, { output: [text('assistant', 'passed')] });
  const plan = [['c1', 'get_stock', { supplier: 'Nord', sku: 'A-77' }], ['c2', 'get_stock', { supplier: 'Vela', sku: other ? 'A-78' : 'A-77' }], ['c3', 'get_stock', { supplier: 'Kite', sku: 'A-77' }]];
  t.add('llm', 'chat gpt-4.1', root, 150, 2100, { ...usage('gpt-4.1', 1800, 0, 140, 60), input: [text('system', 'You plan deliveries. Never promise what stock does not cover.'), text('user', question)], output: [{ role: 'assistant', parts: [{ type: 'reasoning', text: 'Three suppliers, so three stock look-ups; they do not depend on one another and can run together.' }, ...asks('', ...plan).parts] }] });
  plan.forEach(([id, name, args], i) => {
    const failed = i === 2;
    const tool = t.add('tool', `execute_tool ${name}`, root, 2120, 2900 + i * 700, { tool: { name, call_id: id, arguments: args, result: failed ? null : { supplier: args.supplier, units: 450 - i * 300, unit_price: 12.4 + i } }, ...(failed ? { status: 'error', error: { type: 'TimeoutError', message: 'Kite did not answer within 2 s' } } : {}) });
    t.add('other', 'POST /stock', tool, 2130, 2850 + i * 700, { noise: true, status: failed ? 'error' : 'ok', attributes: { 'http.method': 'POST' } });
  });
  t.add('retriever', 'contracts', root, 4400, 4700, { input: [text('user', 'delivery terms Nord Vela Kite')], tool: null, output: [text('assistant', '4 documents: Nord 2026, Vela frame, Kite frame, Incoterms')] });
  if (!other) t.add('embedding', 'embed', root, 4410, 4440, { model: { provider: 'openai', requested: 'text-embedding-3-small', served: 'text-embedding-3-small' }, tokens: { ...none, input: 9 }, cost_usd: '0.00000018', cost_source: 'priced' });
  t.add('llm', 'chat gpt-4.1', root, 4750, 6400, { ...usage('gpt-4.1', 700, 1900, 90), input: [result('c1', '{"units":450}'), result('c2', '{"units":150}'), result('c3', 'timeout')], output: [asks('Nord covers it alone. I ask the negotiator for the price.', ['h1', 'transfer_to_negotiator', { reason: 'price for 400 units from Nord' }])] });
  t.add('handoff', 'handoff to negotiator', root, 6410, 6420, { state: { 'offer.status': 'asked', supplier: 'Nord' }, attributes: { from_agent: 'planner', to_agent: 'negotiator' } });
  const sub = t.add('agent', 'negotiator', root, 6450, 33_000, { agent: 'negotiator', input: [text('user', 'Get a price for 400 units of A-77 from Nord, delivery before Friday.')] });
  for (let i = 0; i < 3; i++) {
    t.add('llm', 'chat gpt-4.1-mini', sub, 6500 + i * 4000, 8300 + i * 4000, { agent: 'negotiator', model: { provider: 'openai', requested: 'gpt-4.1-mini', served: null }, tokens: none, status: 'error', error: { type: 'RateLimitError', message: 'Rate limit reached for gpt-4.1-mini: 30,000 tokens a minute. Try again in 4 s.' } });
  }
  t.add('llm', 'chat gpt-4.1-mini', sub, 18_500, 20_400, { agent: 'negotiator', model: { provider: 'openai', requested: 'gpt-4.1-mini', served: 'gpt-4.1-mini' }, tokens: { ...none, input: 620, output: 44 }, cost_usd: '0.00031800', cost_source: 'reported', output: [asks('', ['n1', 'send_offer', { supplier: 'Nord', units: 400, unit_price: 11.9 }])] });
  t.add('tool', 'execute_tool send_offer', sub, 20_420, 31_000, { agent: 'negotiator', state: { 'offer.price': 11.9, 'offer.status': 'accepted' }, tool: { name: 'send_offer', call_id: 'n1', arguments: { supplier: 'Nord', units: 400, unit_price: 11.9 }, result: "{'accepted': True, 'valid_until': '2026-11-13', 'note': None}" }, events: [{ name: 'offer.sent', time: at(20_500), attributes: { channel: 'edi' } }] });
  t.add('llm', 'chat gpt-4.1-mini', sub, 31_010, 32_900, { agent: 'negotiator', ...usage('gpt-4.1-mini', 700, 0, 30), output: [text('assistant', 'Nord accepts $11.90 a unit, valid until Friday.')] });
  t.add('llm', 'chat gpt-4.1', root, 33_050, 39_800, { ...usage('gpt-4.1', other ? 4800 : 800, 2600, 220), input: [text('assistant', 'Nord accepts $11.90 a unit, valid until Friday.')], output: [text('assistant', other ? 'I could not find a supplier for **400 units**. Please ask again on Monday.' : 'Nord can deliver all **400 units** before Friday at `$11.90` each.\n\n| Supplier | Units | Price |\n| --- | --- | --- |\n| Nord | 450 | $11.90 |\n| Vela | 150 | $13.40 |\n| Kite | unknown | – |\n\nKite did not answer in time, see [its status page](https://status.kite.example/). Shall I place the order? <img src=x onerror=alert(1)>')] });
  if (!other) t.add('tool', 'execute_tool notify', root, 39_810, 39_880, { tool: { name: 'notify', call_id: 'm1', arguments: { to: '*k3Zr9Qw2*****', text: 'Nord it is.' }, result: 'sent to *k3Zr9Qw2*****' } });
  t.add('guardrail', 'spending_limit', root, 39_900, 40_200, { status: 'blocked', error: { type: 'policy', message: 'An order over $4,000 needs a person: $4,760.00' } });
  t.add('evaluator', 'answer_quality', root, 40_300, 41_900, { output: [text('assistant', '0.91')] });
  return t;
}

function big(n) {
  const t = trace(`big-${n}`, '', 'crawler');
  const root = t.add('agent', 'crawler', null, 0, n * 60);
  for (let i = 0; t.spans.length < n; i++) {
    const from = i * 120;
    const asked = i % 40 === 0;
    t.add('llm', 'chat gpt-4.1', root, from, from + 70, { ...usage('gpt-4.1', 400 + (i % 40) * 20, 100, 20), input: asked ? [text('user', `Page ${i / 40 + 1}: collect its prices, please.`)] : [], output: [(i + 1) % 40 === 0 ? text('assistant', `Page done after ${i + 1} calls. ` + 'All prices are in the table. '.repeat(6)) : asks('', [`c${i}`, 'fetch_page', { url: `https://shop.example/p/${i}` }])] });
    const failed = i % 97 === 0;
    if (t.spans.length < n && (i + 1) % 40) t.add('tool', 'execute_tool fetch_page', root, from + 72, from + 110, { tool: { name: 'fetch_page', call_id: `c${i}`, arguments: { url: `https://shop.example/p/${i}` }, result: failed ? null : { title: `Product ${i}`, price: (i % 90) + 0.99 } }, ...(failed ? { status: 'error', error: { type: 'HTTPError', message: '502 from shop.example' } } : {}) });
  }
  return t;
}

/** A desk of twelve agents: a lead that asks each, two that hand over to one another again and again, tools that several share. */
function swarm() {
  const t = trace('swarm-t1', '', 'lead');
  const root = t.add('agent', 'lead', null, 0, 240_000, { input: [text('user', 'Write the market brief for Monday.')] });
  const desks = { lead: [], economist: ['get_rates', 'get_series', 'plot'], reporter: ['search_news', 'open_page', 'quote'], editor: ['diff'], checker: ['search_news', 'open_page'], analyst: ['sql', 'plot', 'get_series'], lawyer: ['search_filings'], translator: ['glossary'], designer: ['plot', 'layout'], archivist: ['search_archive', 'open_page'], risk: ['sql', 'simulate'], publisher: ['publish'] };
  let now = 100;
  const says = (parent, agent, ms, input) => { t.add('llm', 'chat gpt-4.1', parent, now, now + ms, { agent, ...usage('gpt-4.1', input, input / 2, 90) }); now += ms + 20; };
  const works = (parent, agent, tools, rounds) => {
    const began = now;
    const own = t.add('agent', agent, parent, began, began, { agent });
    for (let i = 0; i < rounds; i++) {
      says(own, agent, 700, 900 + i * 400);
      for (const name of tools) {
        const failed = name === 'open_page' && i === 1;
        t.add('tool', `execute_tool ${name}`, own, now, now + 300, { agent, tool: { name, call_id: `s${t.spans.length}`, arguments: { round: i, of: agent }, result: failed ? null : { ok: true } }, ...(failed ? { status: 'error', error: { type: 'HTTPError', message: '403 from the paper' } } : {}) });
        now += 320;
      }
    }
    const span = t.spans.find((each) => each.span_id === own);
    span.duration_ms = now - began;
    now += 40;
  };
  for (const [agent, tools] of Object.entries(desks)) {
    if (agent === 'lead' || agent === 'editor' || agent === 'checker' || agent === 'publisher') continue;
    says(root, 'lead', 900, 1500);
    works(root, agent, tools, 2);
  }
  for (let round = 0; round < 4; round++) {
    works(root, 'editor', desks.editor, 1);
    works(root, 'checker', desks.checker, 1);
  }
  says(root, 'lead', 900, 6000);
  works(root, 'publisher', desks.publisher, 1);
  t.spans[0].duration_ms = now + 100;
  return t;
}

/** 25 agents: one that calls all, who call each other as well; or a chain in which each hands on to the next. */
function fleet(chain = false) {
  const t = trace(chain ? 'fleet-t2' : 'fleet-t1', '', 'lead');
  const root = t.add('agent', 'lead', null, 0, 200_000, { input: [text('user', 'Plan the order of customer 118.')] });
  if (!chain) t.add('llm', 'chat gpt-4.1', root, 10, 900, usage('gpt-4.1', 700, 0, 300));
  for (let i = 1; i < 25; i++) {
    const from = i * 5000, agent = `desk-${i}`;
    const own = t.add('agent', agent, root, from, from + 4500, { agent });
    t.add('llm', 'chat gpt-4.1', own, from + 10, from + 900, { agent, ...usage('gpt-4.1', 500 * i, 0, 90) });
    t.add('tool', 'execute_tool sql', own, from + 910, from + 1400, { agent, tool: { name: 'sql', call_id: `f${i}`, arguments: { i }, result: 1 } });
    if (chain || i % 4) continue;
    const other = `desk-${(i * 7) % 24 + 1}`;
    const inner = t.add('agent', other, own, from + 1500, from + 3000, { agent: other });
    t.add('llm', 'chat gpt-4.1', inner, from + 1510, from + 2500, { agent: other, ...usage('gpt-4.1', 800, 0, 40) });
  }
  return t;
}

/** One of everything that rules find, in a run that never ended. */
function faults() {
  const t = trace('faults-t1', '', 'buyer');
  const root = t.add('agent', 'buyer', null, 0, 90_000, { status: 'unfinished', input: [text('user', 'Order the spare parts.')] });
  let now = 100;
  const says = (more = {}, input = 500) => { const id = t.add('llm', 'chat gpt-4.1', root, now, now + 400, { ...usage('gpt-4.1', input, 0, 60), output: [text('assistant', 'I look again.')], finish_reasons: ['stop'], ...more }); now += 420; return id; };
  const uses = (name, args, error) => { t.add('tool', `execute_tool ${name}`, root, now, now + 100, { tool: { name, call_id: `f${t.spans.length}`, arguments: args, result: error ? null : 'nothing' }, ...(error ? { status: 'error', error } : {}) }); now += 120; };
  for (let i = 0; i < 3; i++) { says(); uses('find_part', { sku: 'B-1' }); says(); uses('find_price', { sku: 'B-1' }); }
  for (let i = 0; i < 4; i++) { says(); uses('reserve', { sku: `B-${i}` }, { type: 'Conflict', message: 'taken' }); }
  says(); uses('pay', { amount: 'ten' }, { type: 'ValidationError', message: 'amount: field required' });
  for (let i = 0; i < 3; i++) says({ status: 'error', error: { type: 'RateLimitError', message: 'too many' } });
  says({ finish_reasons: ['length'] });
  says({ finish_reasons: ['length'] }, 9000);
  for (let i = 0; i < 6; i++) { t.add('handoff', 'handoff', root, now, now + 5, { agent: i % 2 ? 'clerk' : 'buyer', handoff: { from: i % 2 ? 'clerk' : 'buyer', to: i % 2 ? 'buyer' : 'clerk' } }); now += 10; says({ agent: i % 2 ? 'buyer' : 'clerk' }); }
  return t;
}

const growing = { trace: null, timer: null };
/** Grows by a step every 400 ms once somebody looks, and ends after twelve. */
function live(world) {
  if (growing.trace) return growing.trace;
  const t = (growing.trace = trace('live-t1', 'live-1', 'clerk'));
  const now = Date.now() - base;
  const root = t.add('agent', 'clerk', null, now, now, { status: 'running', duration_ms: null, input: [text('user', 'File the twelve invoices from this morning.')] });
  let n = 0;
  const push = (span) => { for (const send of world.listeners) send('span', { ...span, input: undefined, output: undefined, tool: span.tool ? { ...span.tool, arguments: null, result: null } : null }); };
  growing.timer = setInterval(() => {
    const from = Date.now() - base;
    n++;
    t.add('tool', 'file_invoice', root, from - 300, from, { tool: { name: 'file_invoice', call_id: `i${n}`, arguments: { invoice: `2026-${1000 + n}` }, result: { filed: true } } });
    push(t.spans.at(-1));
    if (n < 12) return;
    clearInterval(growing.timer);
    const done = t.spans[0];
    done.status = 'ok';
    done.duration_ms = Date.parse(t.spans.at(-1).start) + 300 - Date.parse(done.start);
    done.output = [text('assistant', 'All twelve invoices are filed.')];
    push(done);
    for (const send of world.listeners) send('trace', summary(t));
  }, 400);
  return t;
}

const made = new Map();
function traceOf(world, id) {
  const long = /^big-(\d{1,6})$/.exec(id);
  const lots = /^many-(\d{1,5})$/.exec(id);
  if (!long && !lots && id !== 'crew-t1' && id !== 'live-t1' && id !== 'swarm-t1' && id !== 'fleet-t1' && id !== 'fleet-t2' && id !== 'crew-t2' && id !== 'faults-t1' && id !== 'huge-t1') return null;
  if (id === 'live-t1') return live(world);
  if (!made.has(id)) made.set(id, long ? big(Number(long[1])) : lots ? many(Number(lots[1])) : id === 'swarm-t1' ? swarm() : id.startsWith('fleet-') ? fleet(id === 'fleet-t2') : id === 'faults-t1' ? faults() : id === 'huge-t1' ? huge() : crew(id === 'crew-t2'));
  return made.get(id);
}

/** Where no model call and no tool was at work, of short runs. */
function overheadOf(t) {
  const begins = Date.parse(t.spans[0].start), gaps = [];
  let reach = 0;
  for (const span of t.spans.filter((one) => one.kind === 'llm' || one.kind === 'tool').toSorted((a, b) => (a.start < b.start ? -1 : 1))) {
    const from = Date.parse(span.start) - begins;
    if (from > reach) gaps.push([reach, from - reach]);
    reach = Math.max(reach, from + (span.duration_ms ?? 0));
  }
  const end = t.spans[0].duration_ms ?? reach;
  if (end > reach) gaps.push([reach, end - reach]);
  return { overhead: gaps, overhead_ms: gaps.reduce((sum, [, length]) => sum + length, 0) };
}

function summary(t) {
  const root = t.spans[0];
  const sum = (pick) => t.spans.reduce((n, span) => n + (span.counted ? pick(span) : 0), 0);
  return {
    trace_id: t.id, name: root.name, session_id: root.session_id, user_id: 'u118', agent: root.agent, agent_version: 'v4', team: 'supply', environment: 'production', start: root.start, duration_ms: root.duration_ms, status: root.status,
    error_count: t.spans.filter((span) => span.status === 'error' && !span.noise).length, span_count: t.spans.length, llm_calls: t.spans.filter((span) => span.kind === 'llm').length, tool_calls: t.spans.filter((span) => span.kind === 'tool').length,
    tokens: sum((span) => (span.tokens?.input ?? 0) + (span.tokens?.output ?? 0) + (span.tokens?.cache_read ?? 0)), cost_usd: sum((span) => Number(span.cost_usd ?? 0)).toFixed(8), cost_unknown_calls: 0, tags: [], ...(t.spans.length < 2000 ? overheadOf(t) : {}),
  };
}

/** What services logged beside the crew's run: a warning of the failed stock look-up, and a line that names no span. */
function logsOf(t) {
  if (t.id !== 'crew-t1') return [];
  const failed = t.spans.find((span) => span.error?.type === 'TimeoutError');
  const log = (ms, more) => ({ time: at(ms), trace_id: t.id, span_id: null, severity: 'INFO', severity_number: 9, event: '', service: 'stock', body: '', attributes: {}, ...more });
  return [log(40, { service: 'planner', body: 'budget of the run: $2.00' }), log(4250, { span_id: failed.span_id, severity: 'ERROR', severity_number: 17, event: 'stock.timeout', body: 'no answer from Kite within 2 s; 3 of 3 tries', attributes: { 'http.url': 'https://kite.example/stock', tries: '3' } })];
}

/** A tool that answered with 50 MB. */
function huge() {
  const t = trace('huge-t1', '', 'reader');
  const root = t.add('agent', 'reader', null, 0, 9000, { input: [text('user', 'Read the whole log.')] });
  t.add('llm', 'chat gpt-4.1', root, 100, 900, { ...usage('gpt-4.1', 400, 0, 20), output: [asks('', ['r1', 'read_log', { day: 'today' }])] });
  t.add('tool', 'execute_tool read_log', root, 1000, 8000, { tool: { name: 'read_log', call_id: 'r1', arguments: { day: 'today' }, result: Array.from({ length: 500_000 }, (_, i) => `line ${String(i).padStart(7, '0')} ${'all is well here and there, they say. '.repeat(3).slice(0, 86)}\n`).join('') } });
  return t;
}

function contentOf(span, q) {
  const pieces = [['arguments', JSON.stringify(span.tool?.arguments ?? {})], ['result', String(span.tool?.result ?? '')]];
  if (q.piece === undefined) return { pieces: pieces.map(([slot, whole], piece) => ({ piece, slot, key: '', role: '', bytes: whole.length, missing: false })) };
  const [slot, whole] = pieces[Number(q.piece)];
  const from = Number(q.from ?? 0), part = whole.slice(from, from + Number(q.bytes ?? 65536));
  return { piece: Number(q.piece), slot, key: '', role: '', total: whole.length, from, bytes: part.length, text: part, next: from + part.length < whole.length ? from + part.length : null };
}

/** A session of many traces of three spans. */
function many(n) {
  const t = trace(`many-${n}-t0`, `many-${n}`, 'sorter');
  for (let i = 0; i < n; i++) {
    const own = { ...t, trace_id: `many-${n}-t${i}` };
    const from = i * 900;
    const failed = i % 211 === 0;
    const put = (kind, name, parent, a, b, more = {}) => { const id = t.add(kind, name, parent, from + a, from + b, more); t.spans.at(-1).trace_id = own.trace_id; return id; };
    const root = put('agent', 'sorter', null, 0, 600);
    put('llm', 'chat gpt-4.1', root, 5, 300, { ...usage('gpt-4.1', 300, 40, 12), output: [asks('', [`m${i}`, 'file_letter', { tray: i % 9 }])] });
    put('tool', 'execute_tool file_letter', root, 310, 590, { tool: { name: 'file_letter', call_id: `m${i}`, arguments: { tray: i % 9 }, result: failed ? null : 'filed' }, ...(failed ? { status: 'error', error: { type: 'TrayFull', message: 'tray is full' } } : {}) });
  }
  return t;
}

/** Big runs are listed where a filter names them. */
export function listed(world, filter) {
  const [, kind, id] = /(trace|session)="?((?:big|many)-\d+)"?/.exec(filter ?? '') ?? [];
  if (!kind) return null;
  const t = traceOf(world, id);
  t.head ??= { ...summary(t), session_id: kind === 'session' ? id : '', title: 'Many steps', active_ms: 1000, outcome: null, trace_count: 1, scores: {} };
  return [t.head];
}

/** What spans say they changed of the state, told as the server does. */
function stateOf(t) {
  const state = {}, steps = [];
  for (const span of t.spans) {
    if (!span.state) continue;
    const changes = Object.entries(span.state).map(([path, after]) => { const before = state[path]; state[path] = after; return { path, op: before === undefined ? 'added' : 'changed', before, after }; });
    steps.push({ trace_id: t.id, span_id: span.span_id, at: span.start, name: span.tool?.name ?? span.name, agent: span.agent, source: 'state_delta', changes });
  }
  return { steps, state, stats: {} };
}

/** A window of a run's skeleton, in columns; `head` answers the run as a list has it. */
export function skeletonOf(spans, q, head) {
  const offset = Number(q.offset ?? 0), limit = Number(q.limit ?? 5000);
  const sorted = (spans.inOrder ??= spans.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0)));
  const texts = [''], known = new Map([['', 0]]), traces = [], traceAt = new Map();
  const text = (value) => { if (!known.has(value ?? '')) { known.set(value, texts.length); texts.push(value); } return known.get(value ?? ''); };
  const traceIndex = (id) => { if (!traceAt.has(id)) { traceAt.set(id, traces.length); traces.push(id); } return traceAt.get(id); };
  const rows = sorted.slice(offset, offset + limit).map((s) => [s.span_id, s.parent_id ?? '', traceIndex(s.trace_id), microsOf(s.start), s.duration_ms === null ? null : Math.round(s.duration_ms * 1000), text(s.kind), text(s.name), text(s.status), text(s.agent), text(s.tool?.name ?? ''), text(s.model?.requested ?? ''), (s.noise ? 1 : 0) | (s.status === 'error' ? 2 : 0) | (s.counted ? 4 : 0) | (s.parent_id ? 0 : 8), s.tokens ? Object.values(s.tokens).reduce((n, v) => (v === null ? n : (n ?? 0) + v), null) : null, s.cost_usd ? Math.round(Number(s.cost_usd) * 1e12) : null, 0]);
  const columns = ['span_id', 'parent_id', 'trace', 'start_us', 'duration_us', 'kind', 'name', 'status', 'agent', 'tool', 'model', 'flags', 'tokens', 'cost', 'findings'];
  const answer = { offset, next_offset: offset + limit < sorted.length ? offset + limit : null, columns, texts, traces, rows, stats: { rows_read: rows.length, elapsed_ms: 3, newest_ms_ago: 200 } };
  return offset ? answer : { ...answer, summary: (spans.summary ??= head()), findings: spans.length > FEW ? [] : findingsOf(spans) };
}
/** The mock's rules compare step with step: too slow for more. */
const FEW = 5000;
/** As the server counts: µs since 1970. */
const microsOf = (time) => Date.parse(time) * 1000 + Number(/\.\d{3}(\d{3})/.exec(time)?.[1] ?? 0);

function sessionOf(id, t) {
  const head = summary(t);
  return { ...head, session_id: id, title: 'Suppliers', active_ms: head.duration_ms, outcome: id === 'crew-1' ? 'done' : id === 'crew-2' ? 'not done' : null, trace_count: new Set(t.spans.map((s) => s.trace_id)).size, scores: {} };
}

/** The body for a staged run's address, or null. */
export function staged(world, kind, id, sub, span, more, q) {
  const sessions = { 'crew-1': 'crew-t1', 'crew-2': 'crew-t2', 'live-1': 'live-t1' };
  const t = traceOf(world, kind === 'traces' && /^many-\d+-t\d+$/.test(id) ? id.replace(/-t\d+$/, '') : kind === 'sessions' ? sessions[id] ?? (/^many-/.test(id) ? id : '') : kind === 'traces' ? id : '');
  if (!t) return null;
  const stats = { rows_read: t.spans.length, elapsed_ms: 4, newest_ms_ago: 200 };
  if (sub === 'spans') {
    const one = t.spans.find((each) => each.span_id === span);
    if (one && more === 'content') return contentOf(one, q);
    if (one && t.id === 'huge-t1' && one.tool && !q.raw) return { ...one, tool: { ...one.tool, result: one.tool.result.slice(0, Number(q.budget ?? 1e9)), cut: true } };
    return one && q.raw ? { ...one, raw: [{ slot: 'attribute', key: 'gen_ai.tool.call.arguments', format: 'json', text: JSON.stringify(one.tool?.arguments ?? one.output ?? null) }] } : one ?? null;
  }
  if (sub === 'state') return stateOf(t);
  if (sub === 'skeleton') return skeletonOf(t.spans, q, () => (kind === 'traces' ? summary(t) : sessionOf(id, t)));
  if (kind === 'traces') return { trace: summary(t), spans: t.id === 'huge-t1' ? t.spans.map((one) => (one.tool ? { ...one, tool: { ...one.tool, result: one.tool.result.slice(0, 4000) } } : one)) : t.spans, findings: findingsOf(t.spans), scores: [], logs: logsOf(t), stats };
  const head = summary(t);
  const scores = id === 'crew-1' ? [{ name: 'goal', value: 0.91, kind: 'number', author: 'answer_quality', comment: 'Table is right; Kite is missing for a good reason.', span_id: null }] : [];
  return { session: sessionOf(id, t), traces: [head], spans: t.spans, findings: findingsOf(t.spans), scores, logs: logsOf(t), conversation: [], stats };
}
