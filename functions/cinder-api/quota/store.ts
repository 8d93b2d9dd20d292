import { payloadTooLarge } from '../../../shared/http/errors.ts';
import { absent, atMost, exists } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Key } from '../../../shared/store/table.ts';
import { cinder, now } from '../volume/store.ts';

/** Cinder's default limits; -1 is none. Resources that aren't there keep their names, as clients set and show them together. */
export const defaultLimits = {
  volumes: 10, per_volume_gigabytes: -1, snapshots: 10, gigabytes: 1000, backups: 10, backup_gigabytes: 1000, groups: 10,
} as const;
export type QuotaName = keyof typeof defaultLimits;
export const quotaNames = Object.keys(defaultLimits) as QuotaName[];

/**
 * A project's limits and use in one item. Each volume that counts is held by its id, so counting or releasing one twice
 * changes nothing; `volumes` and `gigabytes` are the sums over the holds.
 */
export interface Quota extends Record<string, unknown> {
  project_id: string;
  limits: Partial<Record<QuotaName, number>>;
  volumes: number;
  gigabytes: number;
  holds: Record<string, { size: number; at: string }>;
}

const quotaKey = (project: string): Key => ({ pk: `quota#${project}`, sk: 'quota' });
export const QUOTAS_DUE = 'quotas';
/** A hold whose volume's record still isn't there after this was left by a request that broke off. */
export const UNBORN_MS = 10 * 60_000;

export async function quotaOf(project: string): Promise<{ limits: Record<QuotaName, number>; used: Record<QuotaName, number> }> {
  const quota = await cinder.get<Quota>(quotaKey(project));
  const none = Object.fromEntries(quotaNames.map((name) => [name, 0])) as Record<QuotaName, number>;
  return { limits: { ...defaultLimits, ...quota?.limits }, used: { ...none, volumes: quota?.volumes ?? 0, gigabytes: quota?.gigabytes ?? 0 } };
}

/** Overrides some limits; null takes all overrides away. */
export async function setLimits(project: string, limits: Partial<Record<QuotaName, number>> | null): Promise<void> {
  await ensure(project);
  const set = limits === null ? { limits: {} } : Object.fromEntries(Object.entries(limits).map(([name, value]) => [`limits.${name}`, value]));
  if (limits !== null && !Object.keys(limits).length) return;
  await cinder.update(quotaKey(project), { set });
}

async function ensure(project: string): Promise<void> {
  try {
    await cinder.putNew({ ...quotaKey(project), project_id: project, limits: {}, volumes: 0, gigabytes: 0, holds: {} });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** Counts a volume: one plain conditional update. Throws 413 naming the resource; a volume that is counted already stays so. */
export async function holdQuota(project: string, volumeId: string, size: number): Promise<void> {
  const { limits } = await quotaOf(project);
  if (limits.per_volume_gigabytes >= 0 && size > limits.per_volume_gigabytes)
    throw overQuota(`Requested volume size ${size}G is larger than maximum allowed limit ${limits.per_volume_gigabytes}G.`);
  const room = {
    ...(limits.volumes >= 0 && { volumes: atMost(limits.volumes - 1) }),
    ...(limits.gigabytes >= 0 && { gigabytes: atMost(limits.gigabytes - size) }),
  };
  const change = {
    add: { volumes: 1, gigabytes: size },
    set: { [`holds.${volumeId}`]: { size, at: now() }, due_pk: QUOTAS_DUE, due_at: new Date(Date.now() + UNBORN_MS).toISOString() },
  };
  for (;;) {
    try {
      await cinder.update(quotaKey(project), change, { pk: exists(), [`holds.${volumeId}`]: absent(), ...room });
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const quota = error.item as Quota | undefined;
      if (quota?.holds[volumeId]) return;
      if (quota) throw exceeded(quota, limits, size);
      await ensure(project);
    }
  }
}

function exceeded(used: Quota, limits: Record<QuotaName, number>, size: number) {
  if (limits.gigabytes >= 0 && used.gigabytes + size > limits.gigabytes)
    return overQuota(`Requested volume or snapshot exceeds allowed gigabytes quota. Requested ${size}G, quota is ${limits.gigabytes}G and ${used.gigabytes}G has been consumed.`);
  return overQuota(`Maximum number of volumes allowed (${limits.volumes}) exceeded for quota 'volumes'.`);
}
const overQuota = (message: string) => payloadTooLarge(message, { headers: { 'Retry-After': '0' } });

/** Counts it no more. Safe to repeat. */
export async function releaseQuota(project: string, volumeId: string): Promise<void> {
  const quota = await cinder.get<Quota>(quotaKey(project));
  const hold = quota?.holds[volumeId];
  if (!hold) return;
  try {
    await cinder.update(quotaKey(project), { add: { volumes: -1, gigabytes: -hold.size }, remove: [`holds.${volumeId}`] }, { [`holds.${volumeId}`]: exists() });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error; // another was faster
  }
}

/** Quota items that may hold volumes which never came to be, as the sweeper looks at them. */
export const dueQuotas = (limit: number): Promise<Quota[]> => cinder.query<Quota>({ index: 'by-due', pk: QUOTAS_DUE, between: ['0', now()], limit });

/** Nothing was held since `seen`: nothing is due. */
export async function settled(project: string, dueAt: unknown): Promise<void> {
  try {
    await cinder.update(quotaKey(project), { remove: ['due_pk', 'due_at'] }, { due_at: dueAt });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
