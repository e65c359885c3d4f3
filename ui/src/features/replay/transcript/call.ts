// How a call is written in a line: its arguments, its result, whether it wrote something.
import { duration, scalars, unwrap, unwrapResult, words, type Call, type Word } from '../model';

const WRITES = /^(add|assign|book|buy|cancel|charge|close|commit|create|delete|disable|edit|enable|exchange|insert|issue|modify|move|open|pay|place|post|put|refund|remove|reply|reset|return|save|schedule|send|set|share|submit|transfer|update|upload|write)(?=[_\W A-Z]|$)/i;

export interface CallWords {
  args: Word[];
  result: Word[];
  /** It changed something: its result has a line of its own. */
  writes: boolean;
  time: string;
}

export function callWords(call: Call): CallWords {
  const args = unwrap(call.args);
  const writes = WRITES.test(call.name);
  const said = words(args);
  const key = said.length === 1 && writes && typeof args === 'object' && args !== null && !Array.isArray(args) ? Object.keys(args)[0] : undefined;
  if (key !== undefined && said[0] && !said[0].key) said[0] = { key: key.replace(/_id$/, '').replace(/_/g, ' '), value: said[0].value };
  return {
    args: said,
    result: call.failed ? [] : words(unwrapResult(call.result), scalars(args)),
    writes,
    time: call.running ? 'running' : call.node ? duration(call.node.end - call.node.start) : '',
  };
}
