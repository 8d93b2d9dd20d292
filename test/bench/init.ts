import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundle } from '../../infra/bundle.ts';
import { functions } from '../../infra/functions.ts';

export interface InitTime {
  name: string;
  kilobytes: number;
  /** CPU milliseconds that loading the bundle adds to a bare process; the least of its runs. */
  initMs: number;
}

const measure = 'const before = process.cpuUsage(); await import(process.argv[1]); const { user, system } = process.cpuUsage(before); console.log((user + system) / 1000); process.exit(0);';

/** Each function's bundle, loaded in a fresh process as at a cold start, without a compile cache. */
export async function initTimes(runs: number): Promise<InitTime[]> {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-init-'));
  try {
    const times: InitTime[] = [];
    for (const { name, folder: built, size } of await bundle(functions, folder)) {
      const all: number[] = [];
      for (let i = 0; i < runs; i++) all.push(await loadOnce(join(built, 'index.mjs')));
      times.push({ name, kilobytes: size / 1000, initMs: Math.min(...all) });
    }
    return times;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A handler's module reads its environment when it is first called, not when it is loaded, but for the SDK's region. */
async function loadOnce(file: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', measure, file], { env: { PATH: process.env['PATH']!, AWS_REGION: 'us-east-1' } });
  return Number(stdout);
}
