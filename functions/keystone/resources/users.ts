import * as Type from '@sinclair/typebox';
import type { Request, Route } from '../../../shared/http/route.ts';
import { exists } from '../../../shared/store/condition.ts';
import { couldNotFind, notAuthenticated } from '../errors.ts';
import { newId } from '../ids.ts';
import { hashPassword, verifyPassword } from '../password.ts';
import { changeEntity, deleteEntity, insertEntity } from '../records/changes.ts';
import { endCredentials } from '../records/application-credentials.ts';
import { find, findMany, keyOf, type Project, type User } from '../records/entities.ts';
import { dropGrants, grantsOfUser } from '../records/grants.ts';
import { collectionRoutes, listing, shown } from './collection.ts';
import { filtered } from './filter.ts';
import { domainFor, merged, named, voided } from './merge.ts';
import { Description, Flag, Id, Name, nullable, Options, withExtras } from './schema.ts';

/* Identity API v3, "Users". */

const fields = {
  name: Name(), domain_id: Id, enabled: Flag, description: Description, default_project_id: nullable(Id), password: nullable(Type.String()), options: Options,
};

const users = collectionRoutes({
  kind: 'user',
  plural: 'users',
  create: withExtras(fields, { required: ['name'] }),
  update: withExtras(fields, { minProperties: 1 }),
  filters: ['name', 'domain_id', 'enabled'],
  target: ({ id, domain_id }) => ({ user_id: id ?? null, domain_id: domain_id ?? null }),
  prepare: (given, { context }) => ({ ...named(given), domain_id: domainFor(given.domain_id, context) }),
  insert: async ({ password, id: _, links: __, ...given }) => {
    const hash = password == null ? {} : { password: await hashPassword(password) };
    const domain = { check: keyOf('domain', given.domain_id), if: { pk: exists() } };
    const data = { enabled: true, default_project_id: null, options: {}, password_expires_at: null, ...given, id: newId() };
    return insertEntity('user', data, hash, [domain]);
  },
  change: async ({ data: { id } }, { password, links: _, ...given }) => {
    const hash = password == null ? {} : { password: await hashPassword(password), valid_since: Date.now() };
    const changed = await changeEntity('user', id, ({ data }) => {
      const next = merged(data, given);
      return { data: next, ...voided(data, next), ...hash };
    });
    if (!changed.data.enabled) await endCredentials(id); // as Keystone: who is let in again makes new ones
    return changed;
  },
  remove: deleteUser,
});

/** The user, with all that it was given; its tokens end with it. */
export async function deleteUser(user: User): Promise<void> {
  await dropGrants(await grantsOfUser(user.data.id));
  await endCredentials(user.data.id);
  if (!(await deleteEntity('user', user))) throw couldNotFind('user', user.data.id);
  await dropGrants(await grantsOfUser(user.data.id)); // what was given meanwhile
  await endCredentials(user.data.id);
}

const PasswordChange = Type.Object({ user: Type.Object({ original_password: Type.String(), password: Type.String({ minLength: 1 }) }) });

/** POST /users/{id}/password: who knows the old one may set the next one; no token is asked for. */
async function changePassword({ params, body }: Request) {
  const user = await find('user', params['id']!);
  const right = await verifyPassword(body.user.original_password, user?.password);
  if (!user || !right || !user.data.enabled) throw notAuthenticated('no such user, or another password');
  const password = await hashPassword(body.user.password);
  await changeEntity('user', user.data.id, () => ({ password, valid_since: Date.now() }));
}

/** The projects that the user has a role on. */
export async function projectsOf(userId: string): Promise<Project[]> {
  const ids = (await grantsOfUser(userId)).flatMap(({ target }) => ('project' in target ? [target.project] : []));
  return findMany('project', ids);
}

/** GET /users/{id}/projects */
async function listProjects(request: Request) {
  const user = await find('user', request.params['id']!);
  request.enforce('identity:list_user_projects', { user_id: user?.data.id ?? null, domain_id: user?.data.domain_id ?? null });
  if (!user) throw couldNotFind('user', request.params['id']!);
  const projects = filtered(await projectsOf(user.data.id), ['domain_id', 'enabled', 'name'], request.query);
  return { body: listing('projects', projects.map((p) => shown(p, 'projects', request)), request) };
}

export const userRoutes: Route[] = [
  ...users,
  { method: 'POST', path: '/users/{id}/password', policy: null, body: PasswordChange, status: 204, handler: changePassword },
  { method: 'GET', path: '/users/{id}/projects', policy: 'identity:authenticated', handler: listProjects },
];
