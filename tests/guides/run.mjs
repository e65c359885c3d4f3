// Runs a TypeScript program with its types taken off: node run.mjs PROGRAM.mts
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import typescript from 'typescript';

const { ModuleKind, ScriptTarget } = typescript;
const path = process.argv[2];
const plain = path.replace(/\.mts$/, '.mjs');
const options = { compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 }, reportDiagnostics: true };
const { outputText, diagnostics } = typescript.transpileModule(readFileSync(path, 'utf8'), options);
for (const one of diagnostics) throw new Error(typescript.flattenDiagnosticMessageText(one.messageText, ' '));
writeFileSync(plain, outputText);
await import(pathToFileURL(plain)).finally(() => rmSync(plain));
