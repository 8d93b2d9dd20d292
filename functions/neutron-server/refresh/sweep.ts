import { db } from '../store/db.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { MARK_SHARDS, type Mark } from './mark.ts';
import { tell } from './tell.ts';

const AT_MOST = 500;

/** Once a minute: changes that no host was told of, because their message got lost. */
export async function handler(): Promise<void> {
  try {
    const due = await Promise.all(MARK_SHARDS.map((shard) => db.query<Mark>({ pk: `REFRESH#${shard}`, index: 'by-due', between: ['0', new Date().toISOString()], limit: AT_MOST })));
    await tell('service', due.flat());
  } catch (error) {
    log.error('sweeping failed', factsOf(error));
  }
}
