import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readClouds, type Cloud } from '../../infra/clouds.ts';

export interface StartedCloud { pid: number; admin: Cloud; demo: Cloud; firstStartMs: number; secondStartMs: number; stop(): Promise<void> }

/** `npm start` in a process of its own, as a user has it, with a new data folder; started twice. */
export async function startedCloud(hypervisors: number): Promise<StartedCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-bench-'));
  const first = await start(folder, hypervisors);
  await end(first.child);
  const second = await start(folder, hypervisors);
  const clouds = readClouds(join(folder, 'clouds.yaml'));
  return {
    pid: second.child.pid!, admin: clouds['novaless-admin']!, demo: clouds['novaless-demo']!, firstStartMs: first.ms, secondStartMs: second.ms,
    async stop() {
      await end(second.child);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function start(folder: string, hypervisors: number): Promise<{ child: ChildProcess; ms: number }> {
  const began = performance.now();
  const program = resolve(import.meta.dirname, '../../local/start.ts');
  const child = spawn(process.execPath, [...process.execArgv, program, '--data', folder, '--port', '0', '--driver', 'fake', '--hypervisors', String(hypervisors)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const piece of child.stdout!.setEncoding('utf8')) {
    said += piece as string;
    if (said.includes('Novaless is ready')) break;
  }
  if (!said.includes('Novaless is ready')) throw new Error(`the cloud did not start\n${said}`);
  return { child, ms: performance.now() - began };
}

const end = (child: ChildProcess) => new Promise<void>((ended) => {
  if (child.exitCode !== null) return ended();
  child.once('exit', () => ended());
  child.kill('SIGTERM');
});
