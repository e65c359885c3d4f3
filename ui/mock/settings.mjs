// The mock's settings: people, log-ins, masking, the audit table, what was set aside, what has no price.
const ago = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();

const members = [
  { id: 1, email: 'ines@example.com', name: 'ines', role: 'owner', by_rule: false, disabled: false, me: true, seen: ago(0) },
  { id: 2, email: 'tom@example.com', name: 'Tom', role: 'member', by_rule: false, disabled: false, me: false, seen: ago(30) },
  { id: 3, email: 'rita@example.com', name: 'Rita', role: 'viewer', by_rule: true, disabled: false, me: false, seen: null },
];
const invitations = [{ id: 'inv_1', email: 'new@example.com', role: 'member', by: 'ines@example.com', created: ago(20), expires: ago(-140) }];
const logins = [
  { id: 'l1', via: 'password', address: '10.0.4.17', agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/139.0 Safari/537.36', current: true, created: ago(3), seen: ago(0), expires: ago(-300) },
  { id: 'l2', via: 'Example ID', address: '10.0.4.80', agent: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Firefox/140.0', current: false, created: ago(50), seen: ago(9), expires: ago(-280) },
];
const kinds = [['model_key', 'a key of a model provider', true], ['token', 'a bearer token', true], ['private_key', 'a private key', true], ['password', 'a password in an address', true], ['card', 'a payment card', false], ['email', 'an e-mail address', false]].map(([name, about, on]) => ({ name, about, on, group: ['card', 'email'].includes(name) ? 'personal' : name === 'model_key' ? 'keys' : 'credentials', mode: on ? 'mask' : 'off', masked: name === 'token' ? 12 : 0, sealed: 0 }));
const masks = { patterns: [], reveal: 'admin' };
const maskingOf = () => ({ epoch: 0, changed: false, kinds, ...masks, may_reveal: true, since: ago(30), not_looked_into: ['what is inside base64', 'images'] });
const audit = [
  { number: 4, at: ago(1), project: 1, actor: 'user 1', actor_name: 'ines@example.com', action: 'key.create', detail: 'pk_7Qm2vT9xLr4b ci: ingest' },
  { number: 3, at: ago(20), project: 1, actor: 'user 1', actor_name: 'ines@example.com', action: 'invitation.create', detail: 'new@example.com as member' },
  { number: 2, at: ago(90), project: 1, actor: 'command line', actor_name: 'command line', action: 'user.create', detail: 'ines@example.com, owner' },
  { number: 1, at: ago(91), project: 0, actor: 'operator', actor_name: 'operator', action: 'settings', detail: 'pawl 0.1.0: listen=0.0.0.0:7295' },
];
const held = [{ id: '12', at: ago(5), received: ago(5), signal: 'traces', trace_id: '5b8aa5a2d2c872e8321cf37308d69df2', span_id: '051581bf3cb55c13', name: 'chat gpt-4.1', bytes: 2310, reason: 'Cannot parse DateTime: the year is 2300', tries: 1, batch: 7 }];
const unpriced = [{ provider: 'house', model: 'house-70b', calls: 1204, tokens: 2_310_000 }, { provider: '', model: 'ft:refunds-7', calls: 12, tokens: 9120 }];

export const settings = {
  'GET /login': () => ({ password: true, oidc: { name: 'Example ID', start: '/api/v1/oidc/start' } }),
  'POST /invitation': (w, c) => { if (c.body.token !== 'abc') throw Object.assign(new Error('This link is not known here, or was used. Ask for a new one.'), { status: 404 }); return { email: 'new@example.com', project: 'demo', role: 'member' }; },
  'POST /join': () => ({ user: {} }),
  'GET /members': () => ({ members, invitations }),
  'POST /invitations': (w, c) => { const made = { id: `inv_${invitations.length + 1}`, email: c.body.email, role: c.body.role, by: 'ines@example.com', created: ago(0), expires: ago(-168) }; invitations.push(made); return { ...made, link: `http://${c.host}/join#abc` }; },
  'GET /users': () => ({ users: members.map(({ role, by_rule, ...rest }) => ({ ...rest, owner: role === 'owner', via: by_rule ? 'single sign-on' : 'password', created: ago(900) })) }),
  'GET /logins': () => ({ logins, password: true, connected: false, oidc: 'Example ID' }),
  'POST /password': (w, c) => { if (c.body.old !== 'correct horse battery') throw Object.assign(new Error('The password now is another one.'), { status: 401 }); return {}; },
  'GET /masking': () => maskingOf(),
  'PUT /masking': (w, c) => {
    for (const [name, mode] of Object.entries(c.body.kinds ?? {})) Object.assign(kinds.find((kind) => kind.name === name), { mode, on: mode !== 'off' });
    for (const one of c.body.patterns ?? []) try { new RegExp(one.pattern); } catch { throw Object.assign(new Error(`The pattern of ${one.name} is no regular expression.`), { status: 400 }); }
    if (c.body.patterns) masks.patterns = c.body.patterns;
    if (c.body.reveal) masks.reveal = c.body.reveal;
    return maskingOf();
  },
  'POST /masking/test': (w, c) => {
    const found = [];
    let masked = c.body.text;
    for (const one of c.body.patterns ?? masks.patterns) masked = masked.replaceAll(new RegExp(one.pattern, 'g'), (hit, at) => { found.push({ kind: 'pattern', name: one.name, start: at, size: hit.length, mode: one.mode }); return '*'.repeat(hit.length); });
    masked = masked.replaceAll(/sk-[A-Za-z0-9]{8,}/g, (hit, at) => { found.push({ kind: 'model_key', name: 'model_key', start: at, size: hit.length, mode: 'mask' }); return '*'.repeat(hit.length); });
    return { masked, found };
  },
  'GET /audit': () => ({ entries: audit }),
  'GET /quarantine': () => ({ count: held.length, records: held, next_before: null }),
  'POST /quarantine/retry': () => { held.length = 0; return { sent: 1, held: 0 }; },
  'GET /prices/unknown': () => ({ models: unpriced }),
  'POST /reprice': () => ({ traces: 12 }),
};
