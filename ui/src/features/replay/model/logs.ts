// Which log records belong to a step: its own; to a root also those of its trace that name no span; to a run or turn all of its traces.
import type { Log } from '../../../api/types';
import { below, type Node } from './tree';

export function logsOf(logs: readonly Log[], node: Node): Log[] {
  if (!logs.length) return [];
  if (node.synthetic) {
    const traces = new Set(below(node).map((each) => each.span.trace_id));
    return logs.filter((log) => log.trace_id !== null && traces.has(log.trace_id));
  }
  const { span } = node;
  return logs.filter((log) => log.trace_id === span.trace_id && (log.span_id === span.span_id || (!span.parent_id && !log.span_id)));
}
