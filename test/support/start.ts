import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { eventually } from './eventually.ts';

const root = resolve(import.meta.dirname, '../..');

/** `npm start` without npm. */
export const startCommand = (args: string[]): string[] => ['bin/pinned-node.js', 'local/start.ts', ...args];

/** Starts as npm start does, and waits for the line that says ready. `by`: a program with its arguments that runs it. */
export async function npmStart(t: { after: (done: () => unknown) => void }, args: string[], by: string[] = []) {
  const [program, ...words] = [...by, process.execPath, ...startCommand(args)] as [string, ...string[]];
  const child = spawn(program, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => { text += piece; });
  await eventually(async () => {
    if (!/ready at/.test(text) && child.exitCode === null) throw new Error(`it has not started: ${text}`);
  }, 60);
  const endpoint = /ready at (http:\S+)/.exec(text)?.[1];
  if (!endpoint) throw new Error(`it ended: ${text}`);
  return { child, endpoint, output: () => text };
}

/** Its exit code, once it has ended. */
export const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) => (child.exitCode === null && child.signalCode === null ? child.once('exit', (code) => done(code)) : done(child.exitCode)));
