// Bundles a TypeScript module for node's test runner, which cannot read types in node 20.
import { rolldown } from 'rolldown';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Imports `path`, given from ui/. */
export async function load(path) {
  const bundle = await rolldown({ input: fileURLToPath(new URL(`../../${path}`, import.meta.url)), logLevel: 'silent' });
  const file = join(await mkdtemp(join(tmpdir(), 'pawl-unit-')), 'module.mjs');
  await bundle.write({ file, format: 'esm' });
  await bundle.close();
  return import(pathToFileURL(file).href);
}
