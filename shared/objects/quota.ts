import type { Change } from '../store/condition.ts';
import { dueShards } from '../store/due-shards.ts';
import type { Key } from '../store/table.ts';
import type { Instance, InstanceFlavor } from './instance.ts';

/** What an instance takes of its project's quota. */
export interface Usage { instances: number; cores: number; ram: number /* MB */ }
export const counted = ['instances', 'cores', 'ram'] as const satisfies (keyof Usage)[];

/**
 * A project's limits and use, one record of the nova table. Use grows by one plain conditional update per request and
 * shrinks by one per destroyed instance, both outside of any transaction (a busy project's record is a hot item).
 * What a crash between two writes leaves wrong is found by a recount, once the project has been quiet for a while.
 */
export interface ProjectQuota extends Key, Partial<Usage> {
  /** Overrides of the default class's limits, by resource; -1 is unlimited. */
  limits?: Record<string, number>;
  /** The same for single users of the project. */
  user_limits?: Record<string, Record<string, number>>;
  /** Grows with every change of use: a recount that was overtaken changes nothing. */
  changes?: number;
  /** When use last grew. ISO 8601. */
  reserved_at?: string;
  due_pk?: string;
  due_at?: string;
  /** Use by user: `instances@USER`, `cores@USER`, `ram@USER`. */
  [attribute: string]: unknown;
}

export const quotaKey = (projectId: string): Key => ({ pk: `PROJECT#${projectId}`, sk: 'QUOTA' });
export const userUse = (resource: keyof Usage, userId: string) => `${resource}@${userId}`;

export const usageOf = ({ vcpus, memory_mb }: Pick<InstanceFlavor, 'vcpus' | 'memory_mb'>, count = 1): Usage => ({ instances: count, cores: vcpus * count, ram: memory_mb * count });

/** The addition to a project's use, as attributes of an update; `sign` -1 takes it away again. */
export const useChange = (usage: Usage, userId: string, sign: 1 | -1 = 1): NonNullable<Change['add']> => ({
  changes: 1,
  ...Object.fromEntries(counted.flatMap((r) => [[r, sign * usage[r]], [userUse(r, userId), sign * usage[r]]])),
});

/**
 * For nova-conductor, when an instance is gone: one plain update, after the write that made its record `deleted` and only
 * by the one whose write did so. A repeated message, which cannot know whether the first got this far, asks for a recount.
 */
export const quotaRelease = (instance: Pick<Instance, 'project_id' | 'user_id' | 'flavor'>): { key: Key; change: Change } =>
  ({ key: quotaKey(instance.project_id), change: { add: useChange(usageOf(instance.flavor), instance.user_id, -1) } });
export const quotaRecount = (projectId: string): { key: Key; change: Change } => ({ key: quotaKey(projectId), change: { set: recountDue(projectId) } });

/** Longer than a request lives that took quota and has not written its instance yet. */
export const RECOUNT_AFTER_MS = 120_000;
export const dueQuotas = dueShards('QUOTA', { count: 1, once: 4 });
/** At a time that the launches of some minutes have in common: an index is written to, and paid for, when its key changes. */
export const recountDue = (projectId: string) => ({
  due_pk: dueQuotas.of(projectId),
  due_at: new Date((Math.ceil(Date.now() / RECOUNT_AFTER_MS) + 1) * RECOUNT_AFTER_MS).toISOString(),
});

/** Limits of a quota class; only `default` is used: for every project that has no limit of its own. */
export interface QuotaClass extends Key { limits: Record<string, number> }
export const quotaClassKey = (name: string): Key => ({ pk: 'QUOTA_CLASSES', sk: `CLASS#${name}` });
