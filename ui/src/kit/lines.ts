// A line of a chart over time.
export interface Line {
  name: string;
  /** A token such as "--c1". */
  colour: string;
  values: readonly (number | null)[];
  dashed?: boolean;
}
