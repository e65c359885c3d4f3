// Cuts a long text to its first lines without Markdown signs, and says how many lines are left.

export interface Clamped {
  head: string;
  /** Lines not shown, about; 0: all is shown. */
  more: number;
}

export interface Piece {
  text: string;
  form: 'plain' | 'bold' | 'code';
}

const linesOf = (line: string, perLine: number): number => Math.max(1, Math.ceil(line.length / perLine));

/** Has lists, heads, code or tables: what one paragraph cannot show. */
export const isBlocks = (text: string): boolean => /^(#{1,6} |\s*[-*+] |\s*\d+[.)] |```|\||> )/m.test(text);

export function clamp(text: string, most: number, perLine = 62): Clamped {
  const lines = text.split('\n').filter((line) => line.trim());
  const all = lines.reduce((sum, line) => sum + linesOf(line, perLine), 0);
  if (all <= most + 1) return { head: text, more: 0 };
  const room = (most - 1) * perLine + perLine * 0.7;
  const last = lines[lines.length - 1]!;
  const asks = lines.length > 1 && last.length <= perLine * 2 && last.trim().endsWith('?') && !isBlocks(last) ? last.trim() : '';
  let head = opening(lines, room - asks.length);
  if (asks && head.length + asks.length <= room) head += `${/[.:…]$/.test(head) ? '' : '…'} ${asks}`;
  return { head, more: Math.max(1, all - Math.max(1, Math.round(head.length / perLine))) };
}

/** The first lines in one paragraph; a list or a head ends it, unless it begins with one. */
function opening(lines: string[], room: number): string {
  let head = '';
  for (const line of lines) {
    const next = bare(line);
    if (!next) continue;
    if (head && (isBlocks(line) || head.length + next.length > room)) break;
    head += (head ? ' ' : '') + next;
    if (head.length >= room) break;
  }
  if (head.length <= room) return head;
  const at = head.lastIndexOf(' ', room);
  return head.slice(0, at > room * 0.6 ? at : room).trimEnd() + '…';
}

/** A line without the signs of its block. */
const bare = (line: string): string => line.replace(/^\s*(#{1,6}|[-*+]|\d+[.)]|>)\s+/, '').replace(/^\s*(```\w*|---+|\|[-| :]+\|)\s*$/, '').trim();

/** `**bold**` and `` `code` `` as pieces; everything else is plain text. */
export function pieces(text: string): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(/\*\*([^*\n]+)\*\*|`([^`\n]+)`/g)) {
    if (match.index > at) out.push({ text: text.slice(at, match.index), form: 'plain' });
    out.push(match[1] !== undefined ? { text: match[1], form: 'bold' } : { text: match[2]!, form: 'code' });
    at = match.index + match[0].length;
  }
  if (at < text.length) out.push({ text: text.slice(at), form: 'plain' });
  return out;
}
