// Datasets as the server has them, and the calls about them.
import type { Api } from '$api';
import { url } from '$kit';

export interface Dataset {
  name: string;
  id: string;
  description: string;
  version: number;
  cases: number;
  experiments: number;
  metadata: unknown;
  created: string;
  changed: string;
}
export interface ToolCall {
  name: string;
  arguments: unknown;
}
export interface Case {
  id: string;
  input: unknown;
  expected: unknown;
  expected_trajectory: ToolCall[] | null;
  criteria: unknown;
  tags: readonly string[];
  split: readonly string[];
  cluster: string;
  owner: string;
  metadata: unknown;
  source_trace: string;
  source_span: string;
  retired: boolean;
  version: number;
  created: string;
  changed: string;
  /** Experiments may say where it failed last. */
  last_failed?: { experiment: string; at: string } | null;
}
export interface Versioned {
  case: Case;
  versions: Case[];
}
export interface Imported {
  stored: boolean;
  format: string;
  read: number;
  version: number;
  added: number;
  changed: number;
  same: number;
  bad_rows: { line: number; column: string; reason: string }[];
  bad_rows_total: number;
  warnings: string[];
  /** What the file asserts of answers, as a TOML file; kept under the dataset’s name. */
  evaluators: string | null;
  near_duplicates: { a: string; b: string; a_line: number; b_line: number; likeness: number; across_splits: boolean }[];
  near_duplicates_total: number;
}
export interface Mark {
  field: 'input' | 'expected' | 'expected_trajectory' | 'metadata';
  kind: string;
  /** In bytes of the field's JSON. */
  start: number;
  length: number;
  text: string;
}
export interface FromTrace {
  stored: boolean;
  version: number;
  case: Case;
  marks: Mark[];
}
export interface CasesAsked {
  version?: number | null;
  split?: string;
  retired?: boolean;
  limit?: number;
  offset?: number;
}

/** What is read, and what is written. */
export const readFormats = ['auto', 'jsonl', 'csv', 'langfuse', 'langsmith', 'openai', 'adk', 'promptfoo', 'inspect'] as const;
export const writtenFormats = [['jsonl', 'JSON lines'], ['csv', 'CSV'], ['langfuse', 'Langfuse items'], ['langsmith', 'LangSmith examples'], ['openai', 'OpenAI eval data'], ['adk', 'Google ADK eval set'], ['promptfoo', 'promptfoo']] as const;

const at = (name: string, rest = ''): string => `/datasets/${encodeURIComponent(name)}${rest}`;
const asked = ({ version, split, retired, limit, offset }: CasesAsked) => ({ version, split, retired: retired ? 1 : null, limit, offset });

export const callsOf = (api: Api) => ({
  datasets: () => api.call<{ datasets: Dataset[]; total: number }>('GET', '/datasets?limit=10000').then((answer) => answer.datasets),
  dataset: (name: string) => api.call<Dataset>('GET', at(name)),
  /** Makes one, or says something else of it. */
  put: (name: string, about: { description?: string; metadata?: unknown }) => api.call<Dataset>('PUT', at(name), about),
  cases: (name: string, how: CasesAsked, signal?: AbortSignal) => api.call<{ version: number; cases: Case[]; total: number }>('GET', url.link(at(name, '/cases'), asked(how)), undefined, signal ? { signal } : {}),
  one: (name: string, id: string) => api.call<Versioned>('GET', at(name, `/cases/${encodeURIComponent(id)}`)),
  putCase: (name: string, id: string, body: object) => api.call<Versioned>('PUT', at(name, `/cases/${encodeURIComponent(id)}`), body),
  retire: (name: string, id: string) => api.call<void>('DELETE', at(name, `/cases/${encodeURIComponent(id)}`)),
  /** The file goes as it is: a Blob is not made JSON. */
  send: (name: string, file: Blob, how: { format: string; dry: boolean; skip: boolean }) =>
    api.call<Imported>('POST', url.link(at(name, '/import'), { format: how.format, dry_run: how.dry ? 1 : null, skip_bad: how.skip ? 1 : null }), file),
  fromTrace: (name: string, trace: string, how: { id?: string; split?: string; dry: boolean }) =>
    api.call<FromTrace>('POST', at(name, '/from-trace'), { trace_id: trace, ...(how.id ? { id: how.id } : {}), ...(how.split ? { split: how.split } : {}), dry_run: how.dry }),
});
export type Calls = ReturnType<typeof callsOf>;

/** The address of a file of the dataset, for a plain link. */
export const exportHref = (name: string, format: string, how: CasesAsked, project: string): string => url.link(`/api/v1${at(name, '/export')}`, { format, ...asked({ ...how }), ...(project ? { project } : {}) });
export const pageOf = (name: string, caseId = ''): string => url.link(at(name), { case: caseId });
