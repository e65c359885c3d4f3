// What the JavaScript programs of this folder share: where the server is, and how they tell what holds.
import { isDeepStrictEqual } from 'node:util';

export const [URL, PUBLIC, KEY, VERSION] = process.argv.slice(2);

export function holds(what, got, wanted = true) {
  const good = isDeepStrictEqual(got, wanted);
  console.log(good ? `ok ${what}` : `FAIL ${what}: wanted ${JSON.stringify(wanted)}, got ${got instanceof Error ? got : JSON.stringify(got)}`.slice(0, 600));
}

// Asks again until it is so: what was acknowledged may be on its way to the warehouse.
export async function until(what, look, wanted, seconds = 60) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const got = await look().catch((notYet) => notYet);
    if (isDeepStrictEqual(got, wanted) || performance.now() > end) return holds(what, got, wanted);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export async function all(pages) {
  const found = [];
  for await (const one of pages) found.push(one);
  return found;
}
