// Which model call asked for a tool call: by the call id in its answer, else the last one before it under the same roof.
import { callIdOf, callsIn, type Node } from '../model';
import type { Replay } from '../replay.svelte';

export function callOf(replay: Replay, node: Node): Node | undefined {
  const calls = replay.tree.steps.filter((other) => other.kind === 'llm' && other.start <= node.start && other.span.trace_id === node.span.trace_id);
  const id = node.span.tool?.call_id;
  const byId = id ? calls.findLast((call) => (call.span.output ?? []).some((message) => callsIn(message).some((part) => callIdOf(part) === id))) : undefined;
  return byId ?? calls.findLast((call) => call.parent === node.parent) ?? calls.at(-1);
}
