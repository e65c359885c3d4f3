// What a Grid is told about a column.
import type { Fit } from './columns';

export interface GridColumn extends Fit {
  id: string;
  label: string;
  /** Figures stand right. */
  num?: boolean;
  /** What the head explains on hover. */
  title?: string;
}
