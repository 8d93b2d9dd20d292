/** The checks that run no code: types, lint, and who imports whom. usage: npm run check */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

export interface Check { name: string; ok: boolean; output: string }

const bin = (path: string) => resolve(import.meta.dirname, '../node_modules', path);

/** Runs all checks side by side; a check's output is empty where it has nothing to say. */
export const check = (): Promise<Check[]> => Promise.all([
  command('types (tsc)', [bin('typescript/bin/tsc'), '--noEmit', '--pretty', 'false']),
  command('lint (oxlint)', [bin('oxlint/bin/oxlint'), '.']),
]);

function command(name: string, args: string[]): Promise<Check> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd: resolve(import.meta.dirname, '..'), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text; });
    child.on('error', (error) => done({ name, ok: false, output: error.message }));
    child.on('close', (code) => done({ name, ok: code === 0, output: output.trim() }));
  });
}

if (import.meta.main) {
  const checks = await check();
  for (const { name, ok, output } of checks) console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}${ok ? '' : `\n${output}`}`);
  process.exitCode = checks.every(({ ok }) => ok) ? 0 : 1;
}
