import { dueKindOf, partitionsToSweep } from '../../shared/store/due-shards.ts';
import type { Item } from '../../shared/store/table.ts';
import { factsOf, log } from '../../shared/telemetry/log.ts';
import { recountQuota } from './quota/recount.ts';
import { driveSnapshotOn } from './snapshot/overdue.ts';
import { driveOn } from './volume/overdue.ts';
import { inFlight } from './volume/record.ts';
import { cinder } from './volume/store.ts';

const AT_ONCE = 200; // of each kind
const WORK_MS = 40_000; // of the function's 60 s

const works: { [kind in keyof typeof inFlight]: (record: never) => Promise<void> } = { volumes: driveOn, snapshots: driveSnapshotOn, quotas: recountQuota };

/** Once a minute: what a host was asked and did not answer, and what requests that broke off left counted. */
export async function handler(): Promise<void> {
  const end = Date.now() + WORK_MS;
  for (let found = 1; found > 0 && Date.now() < end;) {
    const due = await cinder.due(partitionsToSweep(Object.values(inFlight)), AT_ONCE);
    found = (await Promise.all(due.map(lookAfter))).filter(Boolean).length;
  }
}

/** One that fails is tried again a minute later, and keeps nobody else from being looked at. Whether it succeeded. */
async function lookAfter(record: Item): Promise<boolean> {
  try {
    await works[dueKindOf(record.due_pk) as keyof typeof inFlight](record as never);
    return true;
  } catch (error) {
    log.error('sweep failed', factsOf(error));
    return false;
  }
}
