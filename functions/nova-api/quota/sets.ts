import { badRequest } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { type ProjectQuota, quotaKey } from '../../../shared/objects/quota.ts';
import { absent } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { isTrue } from '../common/types.ts';
import { nova } from '../store.ts';
import { checkLimits, inUse, wantedLimits } from './checks.ts';
import { type Quota, quotaOf } from './limits.ts';
import { verifyProject } from './project.ts';
import { type Limits, shownIn } from './resources.ts';

const BASE = 'os_compute_api:os-quota-sets';
const shown = (limits: Limits, { version }: Request) => Object.fromEntries(shownIn(version.minor).map((name) => [name, limits[name]]));

/** The project that the path names, and the user in it where the query names one. */
async function subjectOf(request: Request, action: string): Promise<{ id: string; user: string | undefined }> {
  const id = request.params['id']!;
  request.enforce(`${BASE}:${action}`, { project_id: id });
  await verifyProject(id, request);
  return { id, user: request.query.get('user_id') || undefined };
}

/** `GET /os-quota-sets/{id}`: limits of a project, or of a user in it. */
export async function showQuotas(request: Request): Promise<Reply> {
  const { id, user } = await subjectOf(request, 'show');
  return { body: { quota_set: { id, ...shown((await quotaOf(id, user)).limits, request) } } };
}

/** The same with what is in use. Nothing is ever `reserved`: what a request takes is in use at once. */
export async function showQuotaDetail(request: Request): Promise<Reply> {
  const { id, user } = await subjectOf(request, 'detail');
  const quota = await quotaOf(id, user);
  const detail = Object.fromEntries(shownIn(request.version.minor).map((name) => [name, { limit: quota.limits[name], in_use: inUse(quota, name, user), reserved: 0 }]));
  return { body: { quota_set: { id, ...detail } } };
}

/** What a project has that was given no limits of its own. */
export async function showQuotaDefaults(request: Request): Promise<Reply> {
  const { id } = await subjectOf(request, 'defaults');
  return { body: { quota_set: { id, ...shown((await quotaOf(id)).defaults, request) } } };
}

/** Limits below what is in use only by `force`. */
export async function updateQuotas(request: Request<{ quota_set: Record<string, unknown> }>): Promise<Reply> {
  const { id, user } = await subjectOf(request, 'update');
  const { force, ...asked } = request.body.quota_set;
  const wanted = wantedLimits(asked);
  await change(id, (quota) => {
    if (!isTrue(force as string | boolean | undefined)) checkLimits(wanted, quota, user);
    const { limits, user_limits } = quota.record ?? {};
    return user === undefined ? { limits: { ...limits, ...wanted } } : { user_limits: { ...user_limits, [user]: { ...user_limits?.[user], ...wanted } } };
  });
  return { body: { quota_set: shown((await quotaOf(id, user)).limits, request) } };
}

/** Back to the defaults; a user in a project, back to the project's. A project that is gone from keystone has its quotas deleted too. */
export async function deleteQuotas(request: Request): Promise<Reply> {
  const user = request.query.get('user_id') || undefined;
  const id = request.params['id']!;
  if (id.length <= 255) await change(id, ({ record }) => {
    if (!record) return undefined;
    if (user === undefined) return { limits: {}, user_limits: {} };
    const { [user]: _gone, ...others } = record?.user_limits ?? {};
    return { user_limits: others };
  });
  return { status: 202 };
}

/** Read and written again where somebody else changed limits meanwhile; use, which changes all the time, is no matter here. `next` gives undefined for no change. */
async function change(projectId: string, next: (quota: Quota) => Pick<ProjectQuota, 'limits' | 'user_limits'> | undefined): Promise<void> {
  for (;;) {
    const quota = await quotaOf(projectId);
    const revision = quota.record?.['limits_revision'] as number | undefined;
    const limits = next(quota);
    if (!limits) return;
    if (Object.values(limits).some((each) => JSON.stringify(each).length > MAX_BYTES)) throw badRequest('Too many users of the project have limits of their own.');
    try {
      await nova.update(quotaKey(projectId), { set: { ...limits, limits_revision: (revision ?? 0) + 1 } }, { limits_revision: revision ?? absent() });
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

/** Half of what a record may hold. */
const MAX_BYTES = 200_000;
