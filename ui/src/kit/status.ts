// Status and outcome: each with a shape, a colour and a word.

export type Tone = 'ok' | 'bad' | 'warn' | 'note' | 'run';
export interface Standing {
  tone: Tone;
  word: string;
}

const standings: Record<string, Standing> = {
  ok: { tone: 'ok', word: 'ok' },
  done: { tone: 'ok', word: 'done' },
  'not done': { tone: 'bad', word: 'not done' },
  error: { tone: 'bad', word: 'error' },
  blocked: { tone: 'warn', word: 'blocked' },
  unfinished: { tone: 'note', word: 'unfinished' },
  running: { tone: 'run', word: 'running' },
};

/** The outcome says more than the status, where somebody judged it; a run that still goes on is "running". */
export function standing(status: string, outcome?: string | null): Standing {
  if (status === 'running') return standings.running!;
  return standings[outcome ?? status] ?? { tone: 'note', word: outcome ?? status };
}
