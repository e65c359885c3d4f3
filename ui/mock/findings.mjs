// The mock's findings: the server's rules (docs/reference/findings.md), told shorter and over spans in start order.
const words = {
  retry_storm: 'a model call failed three times in a row, each within a minute of the one before', loop: 'the same two to four tool calls, or the same answers, came three times over',
  repeated_call: 'one tool was called three times with the same arguments', failure_streak: 'one tool failed three times and did not succeed in between',
  ping_pong: 'two agents handed over to each other three times and brought nothing new', invalid_arguments: 'a tool refused the arguments that the model gave it',
  truncated: 'an answer ended at the limit of tokens', abandoned: 'the run never ended', context_growth: 'the input of an agent\'s calls grew eightfold, to 8,000 tokens or more',
};
const key = (span) => (span.tool?.arguments ? `${span.tool.name} ${JSON.stringify(span.tool.arguments)}` : '');
function groups(list, name) {
  const map = new Map();
  for (const one of list) map.set(name(one), map.get(name(one)) ?? []).get(name(one)).push(one);
  return [...map.values()];
}

class Rules {
  constructor(spans) {
    this.spans = spans;
    this.tools = spans.filter((span) => span.kind === 'tool' && span.tool?.name !== 'think');
    this.calls = spans.filter((span) => span.kind === 'llm');
    this.out = [];
  }
  add(rule, times, list, wasted) {
    const paid = wasted.filter((span) => span.counted);
    this.out.push({ rule, times, why: words[rule], trace_id: list[0].trace_id, span_ids: list.map((span) => span.span_id), wasted_span_ids: paid.map((span) => span.span_id), wasted_usd: paid.length ? paid.reduce((n, span) => n + Number(span.cost_usd ?? 0), 0).toFixed(12) : null });
  }
  between = (from, to) => this.calls.filter((call) => call.start > from && call.start <= to);
  asker = (span) => this.calls.findLast((call) => call.start < span.start);

  storms() {
    let row = [];
    const close = () => { if (row.length >= 3) this.add('retry_storm', row.length, row, row); row = []; };
    for (const call of this.calls) { if (call.status !== 'error') close(); else row.push(call); }
    close();
  }
  loops() {
    const keys = this.tools.map(key);
    for (let at = 0; at < keys.length; at++) for (let period = 2; period <= 4 && keys[at]; period++) {
      let length = period;
      while (keys[at + length] && keys[at + length] === keys[at + length - period]) length++;
      const rounds = Math.floor(length / period);
      if (rounds < 3 || new Set(keys.slice(at, at + period)).size < 2) continue;
      const list = this.tools.slice(at, at + rounds * period);
      this.add('loop', rounds, list, this.between(list[period - 1].start, list.at(-1).start));
      at += list.length - 1;
      break;
    }
  }
  tool() {
    const looped = new Set(this.out.filter((one) => one.rule === 'loop').flatMap((one) => one.span_ids));
    for (const list of groups(this.tools.filter(key), key)) if (list.length >= 3 && !list.every((span) => looped.has(span.span_id))) this.add('repeated_call', list.length, list, [...new Set(list.slice(1).map(this.asker))].filter(Boolean));
    for (const list of groups(this.tools, (span) => span.tool.name)) {
      let row = [];
      const close = () => { if (row.length >= 3) this.add('failure_streak', row.length, row, this.between(row[0].start, row.at(-1).start)); row = []; };
      for (const span of list) { if (span.status === 'error') row.push(span); else close(); }
      close();
    }
    for (const span of this.tools) if (/validation/i.test(span.error?.type ?? '')) this.add('invalid_arguments', 1, [span], [this.asker(span)].filter(Boolean));
  }
  agents() {
    const turns = this.spans.filter((span) => span.kind === 'handoff' && span.handoff);
    const shown = turns.length ? turns : this.spans.filter((span) => span.kind === 'agent' && span.parent_id);
    const name = (span) => span.handoff?.to ?? span.agent;
    for (let at = 0; at < shown.length; at++) {
      let length = 2;
      while (shown[at + length] && name(shown[at + length]) === name(shown[at + length - 2])) length++;
      const rounds = Math.floor(length / 2);
      if (rounds < 3) continue;
      const list = shown.slice(at, at + rounds * 2);
      this.add('ping_pong', rounds, list, this.between(list[2].start, list.at(-1).start));
      at += list.length - 1;
    }
  }
  single() {
    for (const call of this.calls) if (call.finish_reasons?.includes('length')) this.add('truncated', 1, [call], [call]);
    for (const span of this.spans) if (span.status === 'unfinished' && !span.parent_id) this.add('abandoned', 1, [span], this.calls);
    for (const list of groups(this.calls.filter((call) => call.tokens?.input), (call) => call.agent)) {
      const size = (call) => call.tokens.input + (call.tokens.cache_read ?? 0);
      const largest = list.reduce((a, b) => (size(b) > size(a) ? b : a));
      const times = Math.floor(size(largest) / Math.max(1, size(list[0])));
      if (list.length >= 5 && times >= 8 && size(largest) >= 8000) this.add('context_growth', times, [list[0], largest], []);
    }
  }
}

export function findingsOf(spans) {
  return groups(spans.filter((span) => !span.noise), (span) => span.trace_id).flatMap((list) => {
    const rules = new Rules(list);
    rules.storms();
    rules.loops();
    rules.tool();
    rules.agents();
    rules.single();
    return rules.out;
  });
}
