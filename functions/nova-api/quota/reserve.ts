import { forbidden } from '../../../shared/http/errors.ts';
import { counted, type ProjectQuota, quotaKey, recountDue, type Usage, useChange, userUse } from '../../../shared/objects/quota.ts';
import { absentOrLessThan } from '../../../shared/store/condition.ts';
import { ConditionFailed, StoreBusy } from '../../../shared/store/errors.ts';
import { nova } from '../store.ts';
import { type Limits, UNLIMITED } from './resources.ts';

export interface Ask {
  projectId: string;
  userId: string;
  /** Of one instance. */
  each: Usage;
  minCount: number;
  maxCount: number;
  /** The project's limits, and the user's own where there are any. */
  limits: Limits;
  userLimits: Limits | undefined;
}

/**
 * Takes quota for as many instances as there is room for, from minCount to maxCount: one plain conditional update, outside of
 * any transaction. Returns how many. 403 in Nova's words where not even minCount fits. `giveBack` undoes it.
 */
export async function reserve(ask: Ask, known: ProjectQuota | undefined): Promise<number> {
  let record = known;
  for (let attempt = 1; attempt <= 20; attempt++) {
    const count = fitting(ask, record);
    const usage = times(ask.each, count);
    try {
      await nova.change(
        quotaKey(ask.projectId),
        { add: useChange(usage, ask.userId), set: { reserved_at: new Date().toISOString(), ...recountDue(ask.projectId) } },
        room(ask, usage),
      );
      return count;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      record = error.item as ProjectQuota | undefined; // somebody else took some meanwhile: what is left now?
    }
  }
  throw new StoreBusy('the quota of the project changes too fast');
}

export const giveBack = ({ projectId, userId, each }: Pick<Ask, 'projectId' | 'userId' | 'each'>, count: number): Promise<void> =>
  nova.change(quotaKey(projectId), { add: useChange(times(each, count), userId, -1) });

const times = (each: Usage, count: number): Usage => ({ instances: each.instances * count, cores: each.cores * count, ram: each.ram * count });

/** A limit that counts, with the attribute of its use. */
function bounds({ limits, userLimits, userId }: Ask): { resource: keyof Usage; attribute: string; limit: number }[] {
  return counted.flatMap((resource) => [
    { resource, attribute: resource as string, limit: limits[resource]! },
    { resource, attribute: userUse(resource, userId), limit: userLimits?.[resource] ?? UNLIMITED },
  ]).filter(({ limit }) => limit !== UNLIMITED);
}

const room = (ask: Ask, usage: Usage) => Object.fromEntries(bounds(ask).filter(({ resource }) => usage[resource] > 0).map(({ resource, attribute, limit }) => [attribute, absentOrLessThan(limit - usage[resource] + 1)]));

const useOf = (record: ProjectQuota | undefined, attribute: string) => Number(record?.[attribute] ?? 0);

/** How many fit; throws 403 where fewer than minCount do. */
export function fitting(ask: Ask, record: ProjectQuota | undefined): number {
  const all = bounds(ask).filter(({ resource }) => ask.each[resource] > 0);
  const count = Math.min(ask.maxCount, ...all.map(({ resource, attribute, limit }) => Math.floor((limit - useOf(record, attribute)) / ask.each[resource])));
  if (count >= ask.minCount) return count;
  const over = all
    .filter(({ resource, attribute, limit }) => useOf(record, attribute) + ask.each[resource] * ask.minCount > limit)
    .filter(({ resource }, i, them) => them.findIndex((each) => each.resource === resource) === i)
    .sort((a, b) => (a.resource < b.resource ? -1 : 1));
  const say = (value: (bound: (typeof over)[number]) => number | string) => over.map(value).join(', ');
  const names = say(({ resource }) => resource);
  throw forbidden(
    `Quota exceeded for ${names}: Requested ${say(({ resource }) => ask.each[resource] * ask.minCount)}, ` +
    `but already used ${say(({ attribute }) => useOf(record, attribute))} of ${say(({ limit }) => limit)} ${names}`,
  );
}
