/**
 * Says where in the sources the places of a function's stack trace are: reads a log on standard input and writes it with
 * each `FILE.mjs:LINE:COLUMN` replaced. The sources must be those that were bundled.
 * usage: npm run trace -- FUNCTION < LOG
 */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { optionsOf, root } from './bundle.ts';
import { functions } from './functions.ts';

/** The text with each place in the function's files replaced by its place in the sources, from the project's root. */
export async function traced(text: string, { name, entry }: { name: string; entry: string }): Promise<string> {
  const options = optionsOf([{ name, entry, uses: [] }], resolve(root, 'dist/traced'));
  const { outputFiles } = await build({ ...options, sourcemap: 'external', write: false });
  const maps = new Map(outputFiles.filter(({ path }) => path.endsWith('.map')).map(({ path, text: json }) => [basename(path, '.map'), { path, map: new SourceMap(JSON.parse(json)) }]));
  return text.replace(/(?:file:\/\/)?[^\s()]*\b([\w-]+\.mjs):(\d+):(\d+)/g, (place, file: string, line, column) => {
    const known = maps.get(file);
    const found = known?.map.findEntry(Number(line) - 1, Number(column) - 1);
    return found && 'originalSource' in found ? `${relative(root, resolve(known!.path, '..', found.originalSource))}:${found.originalLine + 1}:${found.originalColumn + 1}` : place;
  });
}

if (import.meta.main) {
  const [wanted] = process.argv.slice(2);
  const found = functions.find(({ name }) => name === wanted);
  if (!found) {
    console.error(`usage: npm run trace -- FUNCTION < LOG, where FUNCTION is one of ${functions.map(({ name }) => name).join(', ')}`);
    process.exit(1);
  }
  process.stdout.write(await traced(readFileSync(0, 'utf8'), found));
}
