// Pages that only the mock has, at 1440 and 390 wide.
import { looks as both, test } from './harness.mjs';

/** [name, path, ready]. */
export function looks(pages) {
  if (process.env.PAWL_URL) return;
  both([1440, 390].flatMap((width) => pages.map(([name, path, ready]) => [`${name}-${width}`, path, width, ready])), test, { noise: /404/ });
}
