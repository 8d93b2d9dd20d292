import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * What an environment's thread runs, without its types: so no environment loads a TypeScript compiler of its own (13 MB and 50 ms each),
 * and where there is a folder to keep it in, neither does the process whose threads they are.
 */
export function runtimeFile(folder?: string): URL {
  const source = readFileSync(join(import.meta.dirname, 'runtime.ts'), 'utf8');
  if (!folder) return new URL(`data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(source))}`);
  const file = join(folder, `runtime-${createHash('sha256').update(source).digest('hex').slice(0, 16)}.mjs`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.${process.pid}`, stripTypeScriptTypes(source));
    renameSync(`${file}.${process.pid}`, file); // whole, or not at all: others may start at this moment
  }
  return pathToFileURL(file);
}
