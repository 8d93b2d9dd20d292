import { randomUUID } from 'node:crypto';
import { payloadTooLarge } from '../../../shared/http/errors.ts';
import { absent, absentOrLessThan, atMost, exists } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Volume } from '../volume/record.ts';
import { cinder, now } from '../volume/store.ts';
import { dueAgain, ensureQuota, quotaKey, quotaOf, type Counted, type Pending, type Quota, type QuotaName } from './store.ts';

/** Counts a volume or a snapshot: one plain conditional update. Returns the hold's id. Throws 413 naming the resource. */
export async function holdQuota(project: string, id: string, size: number, kind: Counted = 'volumes'): Promise<string> {
  const { limits } = await quotaOf(project);
  if (kind === 'volumes' && limits.per_volume_gigabytes >= 0 && size > limits.per_volume_gigabytes)
    throw overQuota(`Requested volume size ${size}G is larger than maximum allowed limit ${limits.per_volume_gigabytes}G.`);
  const hold = randomUUID();
  const entry = `pending.${hold}`;
  const room = {
    ...(limits[kind] >= 0 && { [kind]: limits[kind] === 0 ? atMost(-1) : absentOrLessThan(limits[kind]) }),
    ...(limits.gigabytes >= 0 && { gigabytes: atMost(limits.gigabytes - size) }),
  };
  const pending: Pending = { volume_id: id, size, at: now(), ...(kind !== 'volumes' && { kind }) };
  for (;;) {
    try {
      await cinder.update(quotaKey(project), { add: { [kind]: 1, gigabytes: size }, set: { [entry]: pending, ...dueAgain(project) } }, { pk: exists(), [entry]: absent(), ...room });
      return hold;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const quota = error.item as Quota | undefined;
      if (quota?.pending[hold]) return hold; // the first answer got lost
      if (quota) throw exceeded(quota, limits, size, kind);
      await ensureQuota(project);
    }
  }
}

function exceeded(used: Quota, limits: Record<QuotaName, number>, size: number, kind: Counted) {
  if (limits.gigabytes >= 0 && used.gigabytes + size > limits.gigabytes)
    return overQuota(`Requested volume or snapshot exceeds allowed gigabytes quota. Requested ${size}G, quota is ${limits.gigabytes}G and ${used.gigabytes}G has been consumed.`);
  return overQuota(`Maximum number of ${kind} allowed (${limits[kind]}) exceeded for quota '${kind}'.`);
}
const overQuota = (message: string) => payloadTooLarge(message, { headers: { 'Retry-After': '0' } });

/** Nothing came of the hold. Safe to repeat. */
export const undoHold = (project: string, hold: string, { size, kind = 'volumes' }: Pick<Pending, 'size' | 'kind'>): Promise<void> =>
  unlessDone(cinder.update(quotaKey(project), { add: { [kind]: -1, gigabytes: -size }, remove: [`pending.${hold}`] }, { [`pending.${hold}`]: exists() }));

/** The record says what was counted, or is gone as was: nothing is pending. Safe to repeat. */
export const settle = (project: string, key: string): Promise<void> => unlessDone(cinder.update(quotaKey(project), { remove: [`pending.${key}`] }, { [`pending.${key}`]: exists() }));

export const releaseKey = (id: string) => `release-${id}`;

/** Counts it no more; pending until its record is gone. Again before that, it changes nothing. */
export const releaseQuota = ({ id, project_id: project, size, hold }: Pick<Volume, 'id' | 'project_id' | 'size' | 'hold'>, kind: Counted = 'volumes'): Promise<void> => {
  const entry = `pending.${releaseKey(id)}`;
  const pending: Pending = { volume_id: id, size, at: now(), ...(kind !== 'volumes' && { kind }) };
  return unlessDone(
    cinder.update(
      quotaKey(project),
      { add: { [kind]: -1, gigabytes: -size }, set: { [entry]: pending, ...dueAgain(project) }, remove: [`pending.${hold}`] },
      { pk: exists(), [entry]: absent() },
    ),
  );
};

async function unlessDone(update: Promise<unknown>): Promise<void> {
  try {
    await update;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
