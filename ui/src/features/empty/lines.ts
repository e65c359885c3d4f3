// What to paste for each SDK, with this Pawl's own address and key in it.
import type { Me } from '$api';

export interface Piece {
  text: string;
  /** Comment, or what is the person's own. */
  look?: 'cm' | 'str';
}
export interface Step {
  title: string;
  hint: string;
  lines: Piece[][];
}
export interface Guide {
  value: string;
  label: string;
  steps: Step[];
}

const plain = (text: string): Piece[] => [{ text }];
const comment = (text: string): Piece[] => [{ text, look: 'cm' }];
/** `name=` plain, the value marked. */
const set = (name: string, value: string, shell = 'export '): Piece[] => [{ text: `${shell}${name}=` }, { text: /[\s"]/.test(value) ? `"${value}"` : value, look: 'str' }];
const own = (before: string, name: string): Piece[] => [{ text: before }, { text: name, look: 'str' }];

/** `key` is null in local mode, where none is asked for. */
export function guidesOf(me: Me, key: string | null): Guide[] {
  const at = me.endpoints.http;
  const inShell = comment('# in the shell that starts your agent');
  const point = (hint: string, lines: Piece[][]): Step => ({ title: 'Point the exporter here', hint, lines: [inShell, ...lines] });
  const start = (lines: Piece[][], hint = 'as always, with one word before it'): Step => ({ title: 'Start the agent', hint, lines });
  const mine = key ? 'your own address and key are in it' : 'your own address is in it; no key is asked for on this machine';
  const otlp = [set('OTEL_EXPORTER_OTLP_ENDPOINT', at), set('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/protobuf'), ...(key ? [set('OTEL_EXPORTER_OTLP_HEADERS', `authorization=Bearer ${key}`).map((p, i) => (i ? { ...p, text: `"authorization=Bearer ${key}"` } : p))] : [])];
  const secret = key ?? 'pawl-local';
  return [
    { value: 'otel', label: 'OpenTelemetry', steps: [point(mine, otlp), start([plain('pip install opentelemetry-distro opentelemetry-exporter-otlp \\'), plain('    openinference-instrumentation-openai'), own('opentelemetry-instrument python ', 'your_agent.py')])] },
    { value: 'langfuse', label: 'Langfuse SDK', steps: [point(mine, [set('LANGFUSE_BASE_URL', at), set('LANGFUSE_HOST', at), set('LANGFUSE_PUBLIC_KEY', 'pawl'), set('LANGFUSE_SECRET_KEY', secret)]), start([own('python ', 'your_agent.py')], 'nothing in it changes')] },
    { value: 'langsmith', label: 'LangSmith SDK', steps: [point(mine, [set('LANGSMITH_TRACING', 'true'), set('LANGSMITH_ENDPOINT', `${at}/langsmith`), set('LANGSMITH_API_KEY', secret)]), start([own('python ', 'your_agent.py')], 'nothing in it changes')] },
    { value: 'agents', label: 'OpenAI Agents', steps: [point(mine, otlp), start([plain('pip install opentelemetry-distro opentelemetry-exporter-otlp \\'), plain('    openinference-instrumentation-openai-agents'), own('opentelemetry-instrument python ', 'your_agent.py')])] },
    { value: 'langgraph', label: 'LangGraph', steps: [point(mine, [set('LANGSMITH_TRACING', 'true'), set('LANGSMITH_ENDPOINT', `${at}/langsmith`), set('LANGSMITH_API_KEY', secret)]), start([own('python ', 'your_graph.py')], 'nothing in it changes')] },
    { value: 'claude', label: 'Claude Code', steps: [point(mine, [set('CLAUDE_CODE_ENABLE_TELEMETRY', '1'), set('CLAUDE_CODE_ENHANCED_TELEMETRY_BETA', '1'), set('OTEL_TRACES_EXPORTER', 'otlp'), set('OTEL_LOGS_EXPORTER', 'otlp'), ...otlp]), start([plain('claude')], 'as always')] },
    { value: 'curl', label: 'curl', steps: [{ title: 'Send one span', hint: mine, lines: curl(at, key) }] },
  ];
}

function curl(at: string, key: string | null): Piece[][] {
  const hex = (digits: number) => Array.from(crypto.getRandomValues(new Uint8Array(digits / 2)), (b) => b.toString(16).padStart(2, '0')).join('');
  const end = Date.now();
  const text = (name: string, value: string) => ({ key: name, value: { stringValue: value } });
  const whole = (name: string, value: number) => ({ key: name, value: { intValue: String(value) } });
  const said = (role: string, content: string) => JSON.stringify([{ role, parts: [{ type: 'text', content }] }]);
  const span = {
    traceId: hex(32), spanId: hex(16), name: 'chat gpt-4.1', kind: 3, startTimeUnixNano: `${end - 1200}000000`, endTimeUnixNano: `${end}000000`,
    attributes: [
      text('gen_ai.operation.name', 'chat'), text('gen_ai.provider.name', 'openai'), text('gen_ai.request.model', 'gpt-4.1'), text('gen_ai.agent.name', 'my-agent'), text('gen_ai.conversation.id', `hello-${hex(4)}`),
      whole('gen_ai.usage.input_tokens', 1200), whole('gen_ai.usage.output_tokens', 80), text('gen_ai.input.messages', said('user', 'Where is my order?')), text('gen_ai.output.messages', said('assistant', 'It arrives on Monday.')),
    ],
  };
  const body = JSON.stringify({ resourceSpans: [{ resource: { attributes: [text('service.name', 'my-agent')] }, scopeSpans: [{ scope: { name: 'curl' }, spans: [span] }] }] });
  return [
    [{ text: 'curl ' }, { text: `${at}/v1/traces`, look: 'str' }, { text: ' \\' }],
    ...(key ? [[{ text: '  -H ' }, { text: `'authorization: Bearer ${key}'`, look: 'str' as const }, { text: ' \\' }]] : []),
    plain("  -H 'content-type: application/json' \\"),
    plain(`  -d '${body}'`),
  ];
}

export const textOf = (step: Step): string => step.lines.filter((line) => line[0]?.look !== 'cm' || line.length > 1).map((line) => line.map((p) => p.text).join('')).join('\n');
