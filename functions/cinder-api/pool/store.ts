import { ConditionFailed } from '../../../shared/store/errors.ts';
import { absentOrLessThan, atLeast } from '../../../shared/store/condition.ts';
import { cinder } from '../volume/store.ts';

/** A host's pool of volume files as its agent last told (GB), less what was given out since. */
export interface Pool extends Record<string, unknown> {
  host: string;
  total_gb: number;
  free_gb: number;
  reported_at: string;
  updated_at: string;
}

const POOLS = 'pools';
const poolKey = (host: string) => ({ pk: POOLS, sk: `host#${host}` });

export const allPools = (): Promise<Pool[]> => cinder.query<Pool>({ pk: POOLS });

/** An older report than the known one changes nothing. */
export async function reportPool(pool: Pick<Pool, 'host' | 'total_gb' | 'free_gb' | 'reported_at'>): Promise<void> {
  try {
    await cinder.put({ ...pool, ...poolKey(pool.host), updated_at: new Date().toISOString() }, { reported_at: absentOrLessThan(pool.reported_at) });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/**
 * The host for a new volume, among those that are `open` where that is given: the one that is asked for, or that with the most free space;
 * undefined where none has room.
 * The room is counted off at once, so that volumes made between two reports spread; the next report tells the truth again.
 */
export async function placeVolume(size: number, { wanted, open }: { wanted?: string | undefined; open?: Set<string> | undefined }): Promise<string | undefined> {
  const pools = (await allPools()).filter(({ host }) => (wanted === undefined || host === wanted) && (open?.has(host) ?? true)).sort((a, b) => b.free_gb - a.free_gb);
  for (const { host } of pools) {
    try {
      await cinder.update(poolKey(host), { add: { free_gb: -size } }, { free_gb: atLeast(size) });
      return host;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
  return undefined;
}
