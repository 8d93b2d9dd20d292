import { absent, absentOrLessThan, atMost, exists, lessThanAttribute, type Condition } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { log, factsOf } from '../../../shared/telemetry/log.ts';
import { overQuota, type Kind } from '../errors.ts';
import { db } from '../store/db.ts';
import { quotaKey } from '../store/keys.ts';
import { findMany, ownedIds } from '../store/visible.ts';
import { defaultQuotas } from './resources.ts';

export interface Usage { used?: number; limit?: number; changed_at?: string; recounted_at?: string }

/** No request runs this long: what was counted before and is not there now never came to be. */
const SETTLED_MS = 60_000;

/**
 * Counts one more, or throws OverQuota. One plain conditional update: the count never passes the limit, however many ask at
 * once. Who took and then fails gives back.
 */
export async function take(project: string, kind: Kind): Promise<void> {
  for (let repaired = false; ; repaired = true) {
    try {
      await count(project, kind, 1, [
        { limit: absent(), ...(defaultQuotas[kind] < 0 ? {} : { used: absentOrLessThan(defaultQuotas[kind]) }) },
        { limit: -1 },
        { used: lessThanAttribute('limit') },
      ]);
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (repaired || !(await repair(project, kind, error.item as Usage))) throw overQuota(kind);
    }
  }
}

/** Counts without asking for the limit: for what comes into being with something else. */
export const takeAnyway = (project: string, kind: Kind, n = 1) => count(project, kind, n);

/** Gives back what was taken for something that was never made. A failure here is mended by the next recount, and is no reason to fail the request. */
export async function giveBack(project: string, kind: Kind, n = 1, condition?: Condition): Promise<void> {
  if (n === 0) return;
  await count(project, kind, -n, condition).catch((error: unknown) => log.warn('quota not given back', { project, kind, n, ...factsOf(error) }));
}

/**
 * Gives back what a request deleted that began at `since`. Who has recounted since then may have found it gone already: a count that is too low
 * would let the project have more than its limit for good, one that is too high is mended by the next recount.
 */
export const giveBackDeleted = (since: Date, project: string, kind: Kind, n = 1): Promise<void> =>
  giveBack(project, kind, n, { recounted_at: absentOrLessThan(since.toISOString()) });

const count = (project: string, kind: Kind, n: number, condition?: Condition) =>
  db.update(quotaKey(project, kind), { add: { used: n }, set: { changed_at: new Date().toISOString() } }, condition);

/**
 * A request that died between counting and making leaves the count too high. When nothing was counted for longer than a request
 * can run, what is there is all there is: count it again. True if that changed anything.
 */
export async function repair(project: string, kind: Kind, usage: Usage | undefined): Promise<boolean> {
  if (!usage?.changed_at || Date.now() - Date.parse(usage.changed_at) < SETTLED_MS) return false;
  const real = await recount(project, kind);
  if (real === usage.used) return false;
  try {
    await db.update(quotaKey(project, kind), { set: { used: real, recounted_at: new Date().toISOString() } }, { changed_at: usage.changed_at, used: usage.used });
    log.warn('quota recounted', { project, kind, counted: usage.used, real });
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return true; // somebody counted meanwhile: ask again
    throw error;
  }
}

async function recount(project: string, kind: Kind): Promise<number> {
  if (kind !== 'security_group_rule') return (await ownedIds(project, kind)).length;
  const groups = await findMany('security_group', await ownedIds(project, 'security_group'));
  return groups.reduce((sum, group) => sum + Object.keys(group.rules).length, 0);
}

export async function usageOf(project: string): Promise<Partial<Record<Kind, Usage>>> {
  const items = await db.query<Usage & { sk: string }>({ pk: `project#${project}`, prefix: 'quota#' });
  return Object.fromEntries(items.map((item) => [item.sk.slice('quota#'.length), item]));
}

/** Sets the limit, unless more is used already (`force`: even then). Throws ConditionFailed with what is counted. */
export const setLimit = (project: string, kind: Kind, limit: number, force: boolean) =>
  db.update(
    quotaKey(project, kind),
    { set: { limit, project_id: project, gsi2pk: 'quota', gsi2sk: `${project}#${kind}` }, add: { used: 0 } },
    force || limit < 0 ? undefined : [{ used: absent() }, { used: atMost(limit) }],
  );

/** Projects with limits of their own; the index may lag behind a moment. */
export const limitedProjects = async (): Promise<string[]> =>
  [...new Set((await db.query<{ project_id: string }>({ pk: 'quota', index: 'gsi2' })).map(({ project_id }) => project_id))];

export async function dropLimit(project: string, kind: Kind): Promise<void> {
  try {
    await db.update(quotaKey(project, kind), { remove: ['limit', 'gsi2pk', 'gsi2sk'] }, { pk: exists() });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error; // never counted, never limited
  }
}
