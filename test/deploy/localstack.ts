import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { localstackUrl } from '../../infra/localstack.ts';

const rig = process.env['LOCALSTACK_RIG'];

/** What to say where there is no LocalStack to deploy to; undefined where there is one, or one can be started. */
export const localstackNeeded = (await answers()) || (rig && existsSync(join(rig, 'start.sh')))
  ? undefined
  : `needs a LocalStack at AWS_ENDPOINT_URL (now ${localstackUrl}), or LOCALSTACK_RIG, a folder with setup.sh and start.sh`;

/** Starts LocalStack where none answers yet; returns how to stop what was started. */
export async function startLocalstack(): Promise<() => Promise<void>> {
  if (await answers()) return async () => {};
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'localstack-host');
  if (!existsSync(join(folder, 'start.sh'))) await run(join(rig!, 'setup.sh'), folder, 900);
  // Else each look into an empty queue is also a measurement for CloudWatch, which costs it most of a core.
  await run(join(rig!, 'start.sh'), folder, 120, { SQS_DISABLE_CLOUDWATCH_METRICS: '1' });
  const pid = Number(readFileSync(join(folder, 'ls.pid'), 'utf8'));
  return async () => {
    process.kill(pid);
    for (const end = Date.now() + 15_000; existsSync(`/proc/${pid}`); await sleep(100)) {
      if (Date.now() < end) continue;
      // At times it hangs in its end, and with it its database and all the processes of its functions.
      await promisify(execFile)('pkill', ['-KILL', '-P', String(pid)]).catch(() => {});
      return void process.kill(pid, 'SIGKILL');
    }
  };
}

async function answers(): Promise<boolean> {
  const answer = await fetch(`${localstackUrl}/_localstack/health`, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
  return answer?.ok ?? false;
}

const run = (script: string, folder: string, seconds: number, settings: NodeJS.ProcessEnv = {}) =>
  promisify(execFile)('bash', [script, folder], { timeout: seconds * 1000, env: { ...process.env, ...settings } });
