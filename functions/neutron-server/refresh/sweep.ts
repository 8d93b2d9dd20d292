import { db } from '../store/db.ts';
import { partitionsToSweep } from '../../../shared/store/due-shards.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { dueMarks, type Mark } from './mark.ts';
import { tell } from './tell.ts';

const AT_MOST = 2000;

/** Once a minute: changes that no host was told of, because their message got lost. */
export async function handler(): Promise<void> {
  try {
    await tell('service', await db.due<Mark>(partitionsToSweep([dueMarks]), AT_MOST));
  } catch (error) {
    log.error('sweeping failed', factsOf(error));
  }
}
