import { type ProjectQuota, type QuotaClass, quotaClassKey, quotaKey } from '../../../shared/objects/quota.ts';
import { nova } from '../store.ts';
import { defaultLimits, type Limits } from './resources.ts';

export interface Quota { record: ProjectQuota | undefined; defaults: Limits; limits: Limits }

/** Records that a project's limits and use are in; to be read along with others. */
export const quotaKeys = (projectId: string) => [quotaKey(projectId), quotaClassKey('default')];

/** A project's limits and use out of records that were read; a user's own limits where one is named. */
export function quotaFrom(items: Record<string, unknown>[], projectId: string, userId?: string): Quota {
  const record = items.find((item) => item['pk'] === quotaKey(projectId).pk && item['sk'] === quotaKey(projectId).sk) as ProjectQuota | undefined;
  const byClass = items.find((item) => item['pk'] === quotaClassKey('default').pk) as QuotaClass | undefined;
  const defaults = { ...defaultLimits(), ...byClass?.limits };
  return { record, defaults, limits: { ...defaults, ...record?.limits, ...(userId && record?.user_limits?.[userId]) } };
}

export const quotaOf = async (projectId: string, userId?: string): Promise<Quota> => quotaFrom(await nova.getMany(quotaKeys(projectId)), projectId, userId);
