import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awsJson } from '../../local/aws-json.ts';
import { startEngines, type Engines } from '../../local/engines/engines.ts';
import { footprint } from './footprint.ts';
import { timed } from './statistics.ts';
import type { Passed } from './tape.ts';

/** What passed on a cloud from its beginning, and from where to where in it single launches went. */
export interface Recorded { passed: Passed[]; launches: [from: number, to: number][] }

/** What the engines took for one launch's requests when nobody computed in between: the sum of the requests' times, and CPU, in milliseconds. */
export interface Played { requests: number; ms: number; dynamodbCpuMs: number; sqsCpuMs: number; /** Requests that were not done as on the cloud. */ otherwise: number }

/**
 * Asks new engines again for all that a cloud asked, in its order, each request once the one before is answered: each finds the records
 * that it found there, so conditions hold and as much is written. The client is Node's HTTP on a kept connection, without SDK or signature.
 */
export async function enginesAlone({ passed, launches }: Recorded): Promise<Played[]> {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-engines-'));
  mkdirSync(join(folder, 'logs'));
  const engines = await startEngines(folder);
  try {
    const play = player(engines);
    const all: Played[] = [];
    let at = 0;
    for (const [from, to] of launches) {
      await play(passed.slice(at, from));
      all.push(await play(passed.slice(from, to)));
      at = to;
    }
    return all;
  } finally {
    await engines.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function player({ dynamodb, sqs }: Engines) {
  return async (passed: Passed[]): Promise<Played> => {
    const cpuBefore = cpuOf(dynamodb);
    let ms = 0;
    let otherwise = 0;
    for (const each of passed) {
      let ok = true;
      ms += await timed(async () => {
        await awsJson(each.service === 'AmazonSQS' ? sqs.endpoint : dynamodb.endpoint, each.service, each.operation, each.body).catch(() => { ok = false; });
      });
      if (ok !== each.ok) otherwise++;
    }
    const cpuAfter = cpuOf(dynamodb);
    return { requests: passed.length, ms, dynamodbCpuMs: cpuAfter.dynamodb - cpuBefore.dynamodb, sqsCpuMs: cpuAfter.threads - cpuBefore.threads, otherwise };
  };
}

/** Milliseconds so far: of DynamoDB's process, and of this process's threads but the one that asks; that is SQS, while S3 has nothing to do. */
function cpuOf({ pid }: Engines['dynamodb']): { dynamodb: number; threads: number } {
  const spent = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000;
  return { dynamodb: footprint(pid!()).cpu_s * 1000, threads: spent(process.cpuUsage()) - spent(process.threadCpuUsage()) };
}
