import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { badRequest } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { isTrue } from '../list/page.ts';
import { defaultLimits, quotaNames, quotaOf, setLimits, type QuotaName } from '../quota/store.ts';

const Limit = Type.Union([Type.Integer({ minimum: -1, maximum: 2_147_483_647 }), Type.String({ pattern: '^(-1|\\d{1,10})$' })]);
const Update = Type.Object(
  {
    quota_set: Type.Object(
      { ...Object.fromEntries(quotaNames.map((name) => [name, Type.Optional(Limit)])), tenant_id: Type.Optional(Type.String()), force: Type.Optional(Type.Unknown()) },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

async function show(request: Request) {
  const project = projectOf(request);
  const { limits, used } = await quotaOf(project);
  const full = Object.fromEntries(quotaNames.map((name) => [name, { limit: limits[name], in_use: used[name], reserved: 0, allocated: 0 }]));
  return { body: { quota_set: { ...(isTrue(request.query.get('usage')) ? full : limits), id: project } } };
}

async function update(request: Request<Static<typeof Update>>) {
  const project = request.params['target']!;
  const { used } = await quotaOf(project);
  const set: Partial<Record<QuotaName, number>> = {};
  for (const name of quotaNames) {
    const given = (request.body.quota_set as Record<string, unknown>)[name];
    if (given === undefined) continue;
    const value = Number(given);
    if (value !== -1 && name !== 'per_volume_gigabytes' && value < used[name])
      throw badRequest(`Quota ${name} limit must be equal or greater than existing resources. Current usage is ${used[name]} and the requested limit is ${value}.`);
    set[name] = value;
  }
  await setLimits(project, set);
  return { body: { quota_set: (await quotaOf(project)).limits } };
}

/** The project in the path; everyone may see their own, admins all. */
function projectOf(request: Request): string {
  const project = request.params['target']!;
  request.enforce('volume_extension:quotas:show', { project_id: project });
  return project;
}

/** Block Storage API, "Quota sets extension (os-quota-sets)". */
export const quotaRoutes: Route[] = [
  { method: 'GET', path: '/os-quota-sets/{target}', policy: 'volume_extension:quotas:show', handler: show },
  { method: 'GET', path: '/os-quota-sets/{target}/defaults', policy: 'volume_extension:quotas:show', handler: (request) => ({ body: { quota_set: { ...defaultLimits, id: projectOf(request) } } }) },
  { method: 'PUT', path: '/os-quota-sets/{target}', policy: 'volume_extension:quotas:update', body: Update, handler: update },
  {
    method: 'DELETE', path: '/os-quota-sets/{target}', policy: 'volume_extension:quotas:update', status: 200,
    handler: (request) => setLimits(request.params['target']!, null),
  },
];
