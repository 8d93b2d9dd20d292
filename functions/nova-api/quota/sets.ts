import { badRequest } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { counted, type ProjectQuota, quotaKey, type Usage, userUse } from '../../../shared/objects/quota.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { absentOr } from '../../../shared/store/condition.ts';
import { isTrue } from '../common/types.ts';
import { nova } from '../store.ts';
import { type Quota, quotaOf } from './limits.ts';
import { type Limits, quotaResources, shownIn, UNLIMITED } from './resources.ts';

const BASE = 'os_compute_api:os-quota-sets';
const userIn = ({ query }: Request) => query.get('user_id') ?? undefined;
const shown = (limits: Limits, { version }: Request) => Object.fromEntries(shownIn(version.minor).map((name) => [name, limits[name]]));

/** What is in use of a resource; those that are counted elsewhere, or by server, show none, as in Nova. */
export function inUse({ record }: Quota, resource: string, userId?: string): number {
  if (!counted.includes(resource as keyof Usage)) return 0;
  return Math.max(0, Number(record?.[userId ? userUse(resource as keyof Usage, userId) : resource] ?? 0));
}

export async function showQuotas(request: Request): Promise<Reply> {
  const id = request.params['id']!;
  request.enforce(`${BASE}:show`, { project_id: id });
  const { limits } = await quotaOf(id, userIn(request));
  return { body: { quota_set: { id, ...shown(limits, request) } } };
}

/** With what is in use. */
export async function showQuotaDetail(request: Request): Promise<Reply> {
  const id = request.params['id']!;
  const user = userIn(request);
  request.enforce(`${BASE}:detail`, { project_id: id });
  const quota = await quotaOf(id, user);
  const detail = Object.fromEntries(shownIn(request.version.minor).map((name) => [name, { limit: quota.limits[name], in_use: inUse(quota, name, user), reserved: 0 }]));
  return { body: { quota_set: { id, ...detail } } };
}

export async function showQuotaDefaults(request: Request): Promise<Reply> {
  const { defaults } = await quotaOf(request.params['id']!);
  return { body: { quota_set: { id: request.params['id'], ...shown(defaults, request) } } };
}

/** Limits below what is in use only by `force`; a user's own limits not above the project's. */
export async function updateQuotas(request: Request<{ quota_set: Record<string, unknown> }>): Promise<Reply> {
  const id = request.params['id']!;
  const user = userIn(request);
  const { force, ...asked } = request.body.quota_set;
  const wanted = wantedLimits(asked);
  const quota = await quotaOf(id);
  if (!isTrue(force as string | boolean | undefined)) for (const [name, limit] of Object.entries(wanted)) checkLimit(name, limit, quota, user);
  await change(id, (record) =>
    user === undefined
      ? { limits: { ...record?.limits, ...wanted } }
      : { user_limits: { ...record?.user_limits, [user]: { ...record?.user_limits?.[user], ...wanted } } });
  return { body: { quota_set: shown((await quotaOf(id, user)).limits, request) } };
}

/** Limits out of a body. What nothing here can raise may only be said again. */
export function wantedLimits(asked: Record<string, unknown>): Limits {
  const wanted = Object.fromEntries(Object.entries(asked).map(([name, value]) => [name, Number(value)]));
  for (const [name, limit] of Object.entries(wanted)) {
    const { fixed, default: only } = quotaResources[name]!;
    if (fixed && limit !== only) throw badRequest(`Quota limit ${limit} for ${name} must be ${only}: this cloud keeps no other.`);
  }
  return wanted;
}

function checkLimit(name: string, limit: number, quota: Quota, user: string | undefined): void {
  const used = inUse(quota, name, user);
  const infinite = (value: number) => (value === UNLIMITED ? Infinity : value);
  if (infinite(limit) < used) throw badRequest(`Quota limit ${limit} for ${name} must be greater than or equal to already used and reserved ${used}.`);
  const most = user === undefined ? UNLIMITED : quota.limits[name]!;
  if (infinite(limit) > infinite(most)) throw badRequest(`Quota limit ${limit} for ${name} must be less than or equal to ${most}.`);
}

/** Back to the defaults. */
export async function deleteQuotas(request: Request): Promise<Reply> {
  const user = userIn(request);
  await change(request.params['id']!, (record) => {
    if (user === undefined) return { limits: {}, user_limits: {} };
    const { [user]: _gone, ...rest } = record?.user_limits ?? {};
    return { user_limits: rest };
  });
  return { status: 202 };
}

/** Read and written again where somebody else changed limits meanwhile; use, which changes all the time, is no matter here. */
async function change(projectId: string, next: (record: ProjectQuota | undefined) => Pick<ProjectQuota, 'limits' | 'user_limits'>): Promise<void> {
  for (;;) {
    const record = await nova.get<ProjectQuota>(quotaKey(projectId));
    const revision = Number(record?.['limits_revision'] ?? 0);
    try {
      await nova.update(quotaKey(projectId), { set: { ...next(record), limits_revision: revision + 1 } }, { limits_revision: revision === 0 ? absentOr(0) : revision });
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}
