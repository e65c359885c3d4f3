// Dashboards that users made: between what the server keeps and what the page draws, and what the form of a panel says.
import type { OwnDashboard } from '$api';
import type { Board, Chart, Figure, Panel } from './boards';

/** A layout as the server keeps it. */
interface Layout {
  title: string;
  about?: string;
  figures?: Figure[];
  panels?: Panel[];
}

export function boardOfOwn(own: OwnDashboard): Board {
  const layout = (own.layout ?? {}) as Layout;
  return { id: own.name, label: layout.title ?? own.name, about: layout.about ?? '', figures: layout.figures ?? [], panels: layout.panels ?? [] };
}

export const layoutOf = (board: Board): Layout => ({ title: board.label, ...(board.about ? { about: board.about } : {}), figures: [...board.figures], panels: [...board.panels] });

/** A title as a name in an address. */
export const nameOf = (title: string): string => title.toLowerCase().normalize('NFKD').replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 60);

/** The fields of the form; '' is nothing. */
export interface Form {
  label: string;
  kind: Panel['kind'];
  split: string;
  filter: string;
  wide: boolean;
  measures: string[];
}

export function formOf(panel: Panel): Form {
  const common = { label: panel.label, kind: panel.kind, split: panel.split ?? '', wide: panel.wide ?? false };
  return panel.kind === 'ranks' ? { ...common, filter: panel.columns[0]?.filter ?? '', measures: panel.columns.map((column) => column.measure) } : { ...common, filter: panel.filter ?? '', measures: [panel.measure] };
}

/** The panel that a form says; what the form does not show (notes, what is worse) stays as it was. */
export function panelOf(form: Form, id: string, words: (measure: string) => string, before?: Panel): Panel {
  const { label, split, filter, wide } = form;
  const measures = form.measures.filter(Boolean);
  const old = new Map((before?.kind === 'ranks' ? before.columns : before ? [before] : []).map((one) => [one.measure, one]));
  const figure = (measure: string): Figure => {
    const worse = old.get(measure)?.worse;
    const grain = old.get(measure)?.grain;
    return { label: before?.kind === 'ranks' ? (old.get(measure)?.label ?? words(measure)) : words(measure), measure, ...(filter ? { filter } : {}), ...(grain ? { grain } : {}), ...(worse ? { worse } : {}) };
  };
  const head = { id, ...(wide ? { wide } : {}), ...(before?.note ? { note: before.note } : {}) };
  if (form.kind === 'ranks') return { ...head, kind: 'ranks', label, split, columns: [...new Set(measures)].map(figure) };
  return { ...head, ...figure(measures[0] ?? 'cost'), kind: form.kind, label, ...(split ? { split } : {}) } satisfies Chart;
}

/** An id that no panel has. */
export function freshId(panels: readonly Panel[]): string {
  const taken = new Set(panels.map((panel) => panel.id));
  let n = panels.length + 1;
  while (taken.has(`p${n}`)) n += 1;
  return `p${n}`;
}

export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  const [one] = next.splice(from, 1);
  if (one !== undefined) next.splice(Math.max(0, Math.min(next.length, to)), 0, one);
  return next;
}
