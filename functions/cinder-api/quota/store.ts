import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Key } from '../../../shared/store/table.ts';
import { due } from '../volume/record.ts';
import { cinder } from '../volume/store.ts';

/** Cinder's default limits; -1 is none. Resources that aren't there keep their names, as clients set and show them together. */
export const defaultLimits = {
  volumes: 10, per_volume_gigabytes: -1, snapshots: 10, gigabytes: 1000, backups: 10, backup_gigabytes: 1000, groups: 10,
} as const;
export type QuotaName = keyof typeof defaultLimits;
export const quotaNames = Object.keys(defaultLimits) as QuotaName[];

/**
 * A project's limits and use in one item. A count that changes is `pending` under a key of its own until the volume's record
 * says the same, so that counting or releasing again changes nothing, and the sweeper can tell what a broken-off request left.
 */
export interface Quota extends Record<string, unknown> {
  project_id: string;
  limits: Partial<Record<QuotaName, number>>;
  volumes: number;
  /** Of volumes and snapshots together. */
  gigabytes: number;
  /** Absent where there never was one. */
  snapshots?: number;
  pending: Record<string, Pending>;
}
/** What is counted beside its gigabytes. */
export type Counted = 'volumes' | 'snapshots';
/** A hold by its random id, or a release by `release-VOLUME`; of a volume where no kind is said, else `volume_id` is the snapshot's. */
export interface Pending { volume_id: string; size: number; at: string; kind?: Counted }

export const quotaKey = (project: string): Key => ({ pk: `quota#${project}`, sk: 'quota' });
/** After this no request is at work on it any more. */
export const BROKEN_OFF_MS = 10 * 60_000;
export const dueAgain = (project: string) => due('quotas', project, BROKEN_OFF_MS);

export async function quotaOf(project: string): Promise<{ limits: Record<QuotaName, number>; used: Record<QuotaName, number> }> {
  const quota = await cinder.get<Quota>(quotaKey(project));
  const none = Object.fromEntries(quotaNames.map((name) => [name, 0])) as Record<QuotaName, number>;
  return { limits: { ...defaultLimits, ...quota?.limits }, used: { ...none, volumes: quota?.volumes ?? 0, snapshots: quota?.snapshots ?? 0, gigabytes: quota?.gigabytes ?? 0 } };
}

/** Overrides some limits; null takes all overrides away. */
export async function setLimits(project: string, limits: Partial<Record<QuotaName, number>> | null): Promise<void> {
  await ensureQuota(project);
  const set = limits === null ? { limits: {} } : Object.fromEntries(Object.entries(limits).map(([name, value]) => [`limits.${name}`, value]));
  if (limits !== null && !Object.keys(limits).length) return;
  await cinder.update(quotaKey(project), { set });
}

export async function ensureQuota(project: string): Promise<void> {
  try {
    await cinder.putNew({ ...quotaKey(project), project_id: project, limits: {}, volumes: 0, gigabytes: 0, pending: {} });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
