import { factsOf, log } from '../../shared/telemetry/log.ts';
import { recountQuota } from './quota/recount.ts';
import { dueQuotas } from './quota/store.ts';
import { driveOn, dueVolumes } from './volume/overdue.ts';

const AT_ONCE = 100;

/** Once a minute: what a host was asked and did not answer, and what requests that broke off left counted. */
export async function handler(): Promise<void> {
  await Promise.all([...(await dueVolumes(AT_ONCE)).map(each(driveOn)), ...(await dueQuotas(AT_ONCE)).map(each(recountQuota))]);
}

/** One that fails is tried again a minute later, and keeps nobody else from being looked at. */
const each = <T>(work: (item: T) => Promise<void>) => (item: T) => work(item).catch((error: unknown) => log.error('sweep failed', factsOf(error)));
