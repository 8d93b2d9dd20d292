import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestCloud } from './cloud.ts';

/** Of the agent that runs now; local/ starts the next one when it has ended. */
export function agentPid({ dataDir }: Pick<TestCloud, 'dataDir'>): number {
  const started = readFileSync(join(dataDir, 'logs/agent.log'), 'utf8').split('\n').findLast((line) => line.includes('"agent started"'));
  return (JSON.parse(started!) as { pid: number }).pid;
}
