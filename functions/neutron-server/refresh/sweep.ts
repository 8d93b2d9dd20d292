import { db } from '../store/db.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { MARK_SHARDS, type Mark } from './mark.ts';
import { tell } from './tell.ts';

const AT_MOST = 500;

/** Once a minute: changes that no host was told of, because their message got lost. */
export async function handler(): Promise<void> {
  try {
    await tell('service', await db.due<Mark>(MARK_SHARDS.map((shard) => `REFRESH#${shard}`), AT_MOST));
  } catch (error) {
    log.error('sweeping failed', factsOf(error));
  }
}
