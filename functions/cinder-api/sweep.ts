import { factsOf, log } from '../../shared/telemetry/log.ts';
import { dueQuotas, recountQuota } from './quota/recount.ts';
import { driveSnapshotOn, dueSnapshots } from './snapshot/overdue.ts';
import { driveOn, dueVolumes } from './volume/overdue.ts';

const AT_ONCE = 50; // of each part
const WORK_MS = 40_000; // of the function's 60 s

/** Once a minute: what a host was asked and did not answer, and what requests that broke off left counted. */
export async function handler(): Promise<void> {
  const end = Date.now() + WORK_MS;
  for (let found = 1; found > 0 && Date.now() < end;) {
    const work = [...(await dueVolumes(AT_ONCE)).map(each(driveOn)), ...(await dueSnapshots(AT_ONCE)).map(each(driveSnapshotOn)), ...(await dueQuotas(AT_ONCE)).map(each(recountQuota))];
    found = (await Promise.all(work)).filter(Boolean).length;
  }
}

/** One that fails is tried again a minute later, and keeps nobody else from being looked at. Whether it succeeded. */
const each = <T>(work: (item: T) => Promise<void>) => (item: T) =>
  work(item).then(
    () => true,
    (error: unknown) => {
      log.error('sweep failed', factsOf(error));
      return false;
    },
  );
