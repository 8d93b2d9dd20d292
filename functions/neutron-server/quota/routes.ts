import * as Type from '@sinclair/typebox';
import { isAdmin } from '../../../shared/identity/context.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { adminRequired, bad, type Kind } from '../errors.ts';
import { attributes, bodyOf } from '../http/body.ts';
import { Flag } from '../http/standard.ts';
import { countedKinds, defaultQuotas } from './resources.ts';
import { dropLimit, limitedProjects, repair, setLimit, usageOf, type Usage } from './usage.ts';

const Limit = Type.Optional(Type.Integer({ minimum: -1, maximum: 2_147_483_647 }));
const quotaBody = bodyOf('quota', attributes({ ...Object.fromEntries(countedKinds.map((kind) => [kind, Limit])), force: Flag, check_limit: Flag }));
type QuotaUpdate = Partial<Record<Kind, number>> & { force?: boolean };

const limitOf = (kind: Kind, usage: Usage | undefined) => usage?.limit ?? defaultQuotas[kind];
const eachKind = <T>(value: (kind: Kind) => T) => Object.fromEntries(countedKinds.map((kind) => [kind, value(kind)])) as Record<Kind, T>;

async function limits(project: string) {
  const usage = await usageOf(project);
  return eachKind((kind) => limitOf(kind, usage[kind]));
}

async function details(project: string) {
  const before = await usageOf(project);
  const mended = await Promise.all(countedKinds.map((kind) => repair(project, kind, before[kind])));
  const usage = mended.some(Boolean) ? await usageOf(project) : before;
  return eachKind((kind) => ({ limit: limitOf(kind, usage[kind]), used: usage[kind]?.used ?? 0, reserved: 0 }));
}

/** The project in the path, which for others than administrators is their own. */
function projectOf(request: Request): string {
  const project = request.params['project']!;
  if (project !== request.context.project_id && !isAdmin(request.context)) throw adminRequired('Only admin is authorized to access quotas for another project');
  return project;
}

async function update(request: Request) {
  const project = request.params['project']!;
  const { force = false, ...given } = (request.body as { quota: QuotaUpdate & { check_limit?: boolean } }).quota;
  for (const kind of countedKinds) {
    const limit = given[kind];
    if (limit === undefined) continue;
    try {
      await setLimit(project, kind, limit, force);
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      throw bad('HTTPBadRequest', `Quota limit ${limit} for ${kind} must be greater than or equal to already used ${(error.item as Usage).used}`);
    }
  }
  return limits(project);
}

const listLimited = async () => Promise.all((await limitedProjects()).map(async (project) => ({ ...(await limits(project)), project_id: project, tenant_id: project })));
const show = (path: string, answer: (request: Request) => Promise<unknown> | unknown): Route => ({
  method: 'GET', path, policy: 'get_quota', handler: async (request) => ({ body: { quota: await answer(request) } }),
});
const own = (key: 'tenant' | 'project'): Route => ({
  method: 'GET', path: `/quotas/${key}`, policy: 'get_quota', handler: ({ context }) => ({ body: { [key]: { [`${key}_id`]: context.project_id } } }),
});

/** Networking API v2.0, "Quotas extension" and "Quotas details extension". Older clients add `.json`. */
export const quotaRoutes: Route[] = [
  { method: 'GET', path: '/quotas', policy: 'get_quotas', handler: async () => ({ body: { quotas: await listLimited() } }) },
  own('tenant'),
  own('project'),
  show('/quotas/{project}', (request) => limits(projectOf(request))),
  ...['default', 'default.json'].map((name) => show(`/quotas/{project}/${name}`, (request) => projectOf(request) && defaultQuotas)),
  ...['details', 'details.json'].map((name) => show(`/quotas/{project}/${name}`, (request) => details(projectOf(request)))),
  { method: 'PUT', path: '/quotas/{project}', policy: 'update_quota', body: quotaBody, handler: async (request) => ({ body: { quota: await update(request) } }) },
  { method: 'DELETE', path: '/quotas/{project}', policy: 'delete_quota', handler: async (request) => void (await Promise.all(countedKinds.map((kind) => dropLimit(request.params['project']!, kind)))) },
];
