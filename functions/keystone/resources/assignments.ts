import { badRequest } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { all, find, findMany, type Domain, type Kind, type Project, type Role, type User } from '../records/entities.ts';
import { allGrants, grantsOfUser, grantsOn, type Grant, type Target } from '../records/grants.ts';
import { expand } from '../records/roles.ts';
import { isTrue } from './filter.ts';
import { descendants } from './project-tree.ts';

/* Identity API v3, "List role assignments". */

interface Assignment { user_id: string; target: Target; role_id: string; prior?: string }

/** Which two filters cannot go together, in Keystone's words. */
const exclusive = [
  ['scope.domain.id', 'scope.project.id', 'Specify a domain or project, not both'],
  ['scope.domain.id', 'scope.system', 'Specify system or domain, not both'],
  ['scope.project.id', 'scope.system', 'Specify system or project, not both'],
  ['user.id', 'group.id', 'Specify a user or group, not both'],
  ['effective', 'group.id', 'Combining effective and group filter will always result in an empty list.'],
] as const;

async function list(request: Request) {
  const { query, context, baseUrl, path } = request;
  const tree = isTrue(query, 'include_subtree');
  const projectId = query.get('scope.project.id');
  const domain = tree && projectId ? (await find('project', projectId))?.data.domain_id : context.domain_id;
  request.enforce('identity:list_role_assignments', domain === undefined ? {} : { domain_id: domain });
  for (const [one, other, message] of exclusive) if (query.has(one) && query.has(other)) throw badRequest(message);
  if (tree && !projectId) throw badRequest('scope.project.id must be specified if include_subtree is also specified');

  const roleId = query.get('role.id');
  const grants = await grantsAskedFor(query, tree);
  const book = await readBook(grants, selecting.some((name) => query.has(name)));
  const assignments = grants
    .flatMap((grant) => assignmentsOf(grant, isTrue(query, 'effective'), book.roles))
    .filter((a) => (roleId === null || a.role_id === roleId) && isWhole(a, book))
    .filter((a) => context.domain_id === undefined || domainOf(a.target, book) === context.domain_id);
  const show = shower(book, baseUrl, isTrue(query, 'include_names'));
  return { body: { role_assignments: assignments.map(show), links: { self: `${baseUrl}${path}${query.size ? `?${query}` : ''}`, previous: null, next: null } } };
}

/** Filters by which grants are found without reading all of them. */
const selecting = ['user.id', 'scope.project.id', 'scope.domain.id', 'scope.system'];

/** Groups have no assignments here, and nothing is inherited. */
async function grantsAskedFor(query: URLSearchParams, tree: boolean): Promise<Grant[]> {
  if (query.has('group.id') || query.has('scope.OS-INHERIT:inherited_to')) return [];
  const [user, project, domain] = [query.get('user.id'), query.get('scope.project.id'), query.get('scope.domain.id')];
  const projectIds = project === null ? [] : [project, ...(tree ? descendants(project, await all('project')).map((p) => p.data.id) : [])];
  const wanted = ({ target }: Grant) =>
    (project === null || ('project' in target && projectIds.includes(target.project)))
    && (domain === null || ('domain' in target && target.domain === domain))
    && (!query.has('scope.system') || 'system' in target);
  if (user !== null) return (await grantsOfUser(user)).filter(wanted);
  if (project !== null) return (await Promise.all(projectIds.map((id) => grantsOn({ project: id })))).flat();
  if (domain !== null) return grantsOn({ domain });
  if (query.has('scope.system')) return grantsOn({ system: true });
  return allGrants();
}

const assignmentsOf = ({ user_id, target, roles }: Grant, effective: boolean, book: Map<string, Role>): Assignment[] =>
  effective
    ? expand([...(roles ?? [])], book).map(({ role, prior }) => ({ user_id, target, role_id: role.data.id, ...(prior !== undefined && { prior }) }))
    : [...(roles ?? [])].map((role_id) => ({ user_id, target, role_id }));

interface Book { users: Map<string, User>; projects: Map<string, Project>; domains: Map<string, Domain>; roles: Map<string, Role> }

/** Whom and what the grants name: where they are some of many, by key. */
async function readBook(grants: Grant[], some: boolean): Promise<Book> {
  const read = <K extends Kind>(kind: K, ids: string[]) => (some ? findMany(kind, ids) : all(kind));
  const projectIds = grants.flatMap(({ target }) => ('project' in target ? [target.project] : []));
  const [users, projects, domains, roles] = await Promise.all([read('user', grants.map(({ user_id }) => user_id)), read('project', projectIds), all('domain'), all('role')]);
  const byId = <E extends { data: { id: string } }>(entities: E[]) => new Map(entities.map((e) => [e.data.id, e]));
  return { users: byId(users), projects: byId(projects), domains: byId(domains), roles: byId(roles) };
}

/** What is being deleted at this moment is left out. */
const isWhole = ({ user_id, target, role_id }: Assignment, { users, projects, domains, roles }: Book) =>
  users.has(user_id) && roles.has(role_id) && (!('project' in target) || projects.has(target.project)) && (!('domain' in target) || domains.has(target.domain));

const domainOf = (target: Target, { projects }: Book) => ('project' in target ? projects.get(target.project)?.data.domain_id : 'domain' in target ? target.domain : undefined);

function shower({ users, projects, domains, roles }: Book, baseUrl: string, names: boolean) {
  const domain = (id: string) => ({ id, name: domains.get(id)?.data.name });
  const inDomain = ({ data }: User | Project) => ({ id: data.id, ...(names && { name: data.name, domain: domain(data.domain_id) }) });
  const roleOf = ({ data }: Role) => ({ id: data.id, ...(names && { name: data.name, ...(data.domain_id !== null && { domain: domain(data.domain_id) }) }) });
  const scope = (target: Target) =>
    'project' in target ? { project: inDomain(projects.get(target.project)!) }
    : 'domain' in target ? { domain: names ? domain(target.domain) : { id: target.domain } }
    : { system: { all: true } };
  const place = (target: Target) => ('project' in target ? `projects/${target.project}` : 'domain' in target ? `domains/${target.domain}` : 'system');

  return ({ user_id, target, role_id, prior }: Assignment) => ({
    role: roleOf(roles.get(role_id)!),
    user: inDomain(users.get(user_id)!),
    scope: scope(target),
    links: {
      assignment: `${baseUrl}/${place(target)}/users/${user_id}/roles/${prior ?? role_id}`,
      ...(prior !== undefined && { prior_role: `${baseUrl}/prior_role/${prior}/implies/${role_id}` }),
    },
  });
}

export const assignmentRoutes: Route[] = [{ method: 'GET', path: '/role_assignments', policy: 'identity:authenticated', handler: list }];
