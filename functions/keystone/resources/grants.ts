import { notFound } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { couldNotFind } from '../errors.ts';
import { find, keyOf, store, type Role } from '../records/entities.ts';
import { grant, revokeGrant, rolesOn, type Target } from '../records/grants.ts';
import { shown } from './collection.ts';

/* Identity API v3, "Roles": assigning, checking, listing and unassigning a user's roles on a project, a domain or the system. */

interface Place {
  /** Path up to the user. */
  path: string;
  policies: { list: string; check: string; create: string; revoke: string };
  target: (params: Record<string, string>) => Target;
}
const ordinary = { list: 'identity:list_grants', check: 'identity:check_grant', create: 'identity:create_grant', revoke: 'identity:revoke_grant' };
const places: Place[] = [
  { path: '/projects/{project}/users/{user}', policies: ordinary, target: ({ project }) => ({ project: project! }) },
  { path: '/domains/{domain}/users/{user}', policies: ordinary, target: ({ domain }) => ({ domain: domain! }) },
  {
    path: '/system/users/{user}',
    policies: {
      list: 'identity:list_system_grants_for_user', check: 'identity:check_system_grant_for_user',
      create: 'identity:create_system_grant_for_user', revoke: 'identity:revoke_system_grant_for_user',
    },
    target: () => ({ system: true }),
  },
];

/** The user and the target must be there; a domain's own people may look within their domain, for both. */
async function enforce(request: Request, policy: string, target: Target): Promise<void> {
  const [user, on] = await Promise.all([find('user', request.params['user']!), 'project' in target ? find('project', target.project) : 'domain' in target ? find('domain', target.domain) : undefined]);
  const domain = on && ('project' in target ? on.data.domain_id : on.data.id);
  request.enforce(policy, user && domain === user.data.domain_id ? { domain_id: domain } : {});
  if (!user) throw couldNotFind('user', request.params['user']!);
  if (!on && 'project' in target) throw couldNotFind('project', target.project);
  if (!on && 'domain' in target) throw couldNotFind('domain', target.domain);
}

const nameOf = (target: Target) => ('project' in target ? target.project : 'domain' in target ? target.domain : 'system');
const missing = ({ user, role }: Record<string, string>, target: Target) =>
  notFound(`Could not find role assignment with role: ${role}, user or group: ${user}, project, domain, or system: ${nameOf(target)}.`);

function grantRoutesOf({ path, policies, target: targetOf }: Place): Route[] {
  const on = (policy: string, work: (request: Request, target: Target) => Promise<any>) => async (request: Request) => {
    const target = targetOf(request.params);
    await enforce(request, policy, target);
    return work(request, target);
  };

  const list = on(policies.list, async (request, target) => {
    const ids = await rolesOn(request.params['user']!, target);
    const roles = await store.getMany<Role>(ids.map((id) => keyOf('role', id)));
    return { body: { roles: roles.map((role) => shown(role, 'roles', request)), links: { self: request.baseUrl + request.path, previous: null, next: null } } };
  });
  const check = on(policies.check, async ({ params }, target) => {
    if (!(await find('role', params['role']!))) throw couldNotFind('role', params['role']!);
    if (!(await rolesOn(params['user']!, target)).includes(params['role']!)) throw missing(params, target);
  });
  const create = on(policies.create, ({ params }, target) => grant(params['user']!, target, params['role']!));
  const revoke = on(policies.revoke, async ({ params }, target) => {
    if (!(await find('role', params['role']!))) throw couldNotFind('role', params['role']!);
    if (!(await revokeGrant(params['user']!, target, params['role']!))) throw missing(params, target);
  });

  const policy = 'identity:authenticated';
  return [
    { method: 'GET', path: `${path}/roles`, policy, handler: list },
    { method: 'GET', path: `${path}/roles/{role}`, policy, status: 204, handler: check },
    { method: 'PUT', path: `${path}/roles/{role}`, policy, status: 204, handler: create },
    { method: 'DELETE', path: `${path}/roles/{role}`, policy, status: 204, handler: revoke },
  ];
}

export const grantRoutes: Route[] = places.flatMap(grantRoutesOf);
