// Addresses of files that the server makes of a list.
import type { Grain } from '$api';
import { iso } from './range';

export const formats = [['csv', 'CSV', 'for a spreadsheet'], ['jsonl', 'JSONL', 'a row a line'], ['parquet', 'Parquet', 'for analysis']] as const;
export type ExportFormat = (typeof formats)[number][0];

export function exportHref(grain: Grain, format: ExportFormat, what: { filter: string; from: number; to: number; order: string; limit: string; redact: boolean }): string {
  const query = new URLSearchParams({ format, from: iso(what.from), to: iso(what.to), order: what.order, limit: what.limit });
  if (what.filter) query.set('filter', what.filter);
  if (what.redact) query.set('redact', '1');
  return `/api/v1/export/${grain}?${query}`;
}
