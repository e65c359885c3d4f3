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

/** Arguments of calls side by side: what all share is said once, what differs stands with each; a shared beginning of addresses is cut. */
export function differing(lists: Word[][]): { same: Word[]; own: Word[][] } {
  const [first = []] = lists;
  const has = (list: Word[], word: Word): boolean => list.some((other) => other.key === word.key && other.value === word.value);
  const same = first.filter((word) => lists.every((list) => has(list, word)));
  const own = lists.map((list) => list.filter((word) => !has(same, word)));
  if (own.some((list) => !list.length)) return { same: [], own: lists };
  return { same, own: own.map((list) => list.map((word, at) => ({ ...word, value: shortened(word.value, own.map((other) => other[at]?.value ?? '')) }))) };
}

function shortened(value: string, all: string[]): string {
  let length = 0;
  while (length < value.length && all.every((other) => other[length] === value[length])) length++;
  const slash = value.lastIndexOf('/', length - 1) + 1;
  return slash >= 12 && slash < value.length ? `…/${value.slice(slash)}` : value;
}
