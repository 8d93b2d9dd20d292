import * as Type from '@sinclair/typebox';
import { badRequest } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { couldNotFind, refused } from '../errors.ts';
import { newId } from '../ids.ts';
import { hashPassword, hashSecret, newSecret } from '../password.ts';
import { credentialsOf, deleteCredential, findCredential, insertCredential, type ApplicationCredential } from '../records/application-credentials.ts';
import { all, find, type Role } from '../records/entities.ts';
import { rolesOn } from '../records/grants.ts';
import { findByName } from '../records/names.ts';
import { effectiveRoles } from '../records/roles.ts';
import { verify } from '../token/claims.ts';
import { listing } from './collection.ts';
import { filtered } from './filter.ts';
import { Description, Flag, Id, Name, nullable } from './schema.ts';

/* Identity API v3, "Application Credentials". Access rules are not here: who asks for them must not believe that they hold. */

const RoleReference = Type.Object({ id: Type.Optional(Id), name: Type.Optional(Name()) }, { minProperties: 1, maxProperties: 1, additionalProperties: false });
const Creation = Type.Object({
  application_credential: Type.Object({
    name: Name(),
    description: Type.Optional(Description),
    secret: Type.Optional(nullable(Type.String({ minLength: 1 }))),
    expires_at: Type.Optional(nullable(Type.String())),
    roles: Type.Optional(nullable(Type.Array(RoleReference, { maxItems: 100 }))),
    unrestricted: Type.Optional(nullable(Flag)),
    access_rules: Type.Optional(Type.Unknown()),
    id: Type.Optional(Type.Unknown()),
    project_id: Type.Optional(Type.Unknown()),
    system: Type.Optional(Type.Null()),
  }, { additionalProperties: false }),
});

async function create(request: Request) {
  const { body: { application_credential: given }, context, params } = request;
  request.enforce('identity:create_application_credential', { user_id: params['user']! });
  await forbidRestricted(request);
  if (given.access_rules?.length !== 0 && given.access_rules != null) throw badRequest('Invalid input for field/attribute access_rules. Access rules are not available here.');
  if (!context.project_id) throw badRequest('A project-scoped token is required to create an application credential.');
  const roles = given.roles?.length ? await chosen(given.roles, context.roles) : await held(context.roles);
  await requireAssigned(roles, context.user_id, context.project_id);
  const secret: string = given.secret ?? newSecret();
  const credential = {
    data: {
      id: newId(), name: given.name, description: given.description ?? null, user_id: context.user_id, project_id: context.project_id,
      project_domain_id: context.project_domain_id!, unrestricted: given.unrestricted ?? false, expires: expiry(given.expires_at), roles: roles.map(({ data }) => data.id),
    },
    // 256 random bits need no slow hash; what a person made up does
    secret: given.secret == null ? hashSecret(secret) : await hashPassword(secret),
  };
  await insertCredential(credential);
  return { status: 201, body: { application_credential: { ...(await shower(request))(credential), secret } } };
}

async function list(request: Request) {
  const user = request.params['user']!;
  request.enforce('identity:list_application_credentials', { user_id: user });
  if (!(await find('user', user))) throw couldNotFind('user', user);
  const show = await shower(request);
  return { body: listing('application_credentials', filtered((await credentialsOf(user)) as never[], ['name'], request.query).map(show), request) };
}

async function show(request: Request) {
  const credential = await one(request, 'identity:get_application_credential');
  return { body: { application_credential: (await shower(request))(credential) } };
}

async function remove(request: Request) {
  const credential = await one(request, 'identity:delete_application_credential');
  await forbidRestricted(request);
  await deleteCredential(credential);
}

/** The credential, if it is the path's user's. */
async function one(request: Request, policy: string): Promise<ApplicationCredential> {
  const { user, id } = request.params as { user: string; id: string };
  request.enforce(policy, { user_id: user });
  const credential = await findCredential(id);
  if (credential?.data.user_id !== user) throw couldNotFind('Application Credential', id);
  return credential;
}

/** A credential makes or ends others only if it was made for that. */
async function forbidRestricted({ context }: Request): Promise<void> {
  const id = (await verify(context.token))?.application_credential;
  if (id && !(await findCredential(id))?.data.unrestricted)
    throw refused("Using method 'application_credential' is not allowed for managing additional application credentials.");
}

/** The roles asked for and what they imply; none that the token does not carry. */
async function chosen(references: { id?: string; name?: string }[], mine: string[]): Promise<Role[]> {
  const roles = await Promise.all(references.map(async ({ id, name }) => {
    const role = id === undefined ? await findByName('role', null, name!) : await find('role', id);
    if (!role) throw couldNotFind('role', id ?? name!);
    return role;
  }));
  const effective = await effectiveRoles(roles.map(({ data }) => data.id));
  if ([...roles, ...effective].some(({ data }) => !mine.includes(data.name))) throw badRequest('Invalid application credential: Cannot create an application credential with unassigned role');
  return effective;
}

const held = async (mine: string[]): Promise<Role[]> => (await all('role')).filter(({ data }) => data.domain_id === null && mine.includes(data.name));

/** The token may be older than the last change of the user's roles. */
async function requireAssigned(roles: Role[], user: string, project: string): Promise<void> {
  const assigned = new Set((await effectiveRoles(await rolesOn(user, { project }))).map(({ data }) => data.id));
  for (const { data } of roles)
    if (!assigned.has(data.id)) throw badRequest(`Invalid application credential: Could not find role assignment with role: ${data.id}, user or group: ${user}, project, domain, or system: ${project}.`);
}

/** Epoch milliseconds of an ISO 8601 time, which is UTC where it does not say. */
function expiry(given: string | null | undefined): number | null {
  if (given == null) return null;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/.test(given) ? Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(given) ? given : `${given}Z`) : NaN;
  if (Number.isNaN(time)) throw badRequest(`Invalid input for field/attribute expires_at. Value: ${given}. It must be a time such as 2030-01-31T23:59:59.`);
  if (time <= Date.now()) throw badRequest('Invalid input for field/attribute expires_at. The expiration time must be in the future.');
  return time;
}

async function shower({ baseUrl }: Request) {
  const roles = new Map((await all('role')).map((role) => [role.data.id, role.data]));
  return ({ data: { expires, roles: ids, project_domain_id: _, ...data } }: Pick<ApplicationCredential, 'data'>) => ({
    ...data,
    expires_at: expires === null ? null : new Date(expires).toISOString().replace('Z', '000'), // clients read no zone here
    system: null,
    roles: ids.flatMap((id) => { const role = roles.get(id); return role ? [{ id, name: role.name, domain_id: role.domain_id, description: role.description, options: role.options }] : []; }),
    links: { self: `${baseUrl}/users/${encodeURIComponent(data.user_id)}/application_credentials/${data.id}` },
  });
}

const policy = 'identity:authenticated';
const collection = '/users/{user}/application_credentials';
export const applicationCredentialRoutes: Route[] = [
  { method: 'GET', path: collection, policy, handler: list },
  { method: 'POST', path: collection, policy, body: Creation, handler: create },
  { method: 'GET', path: `${collection}/{id}`, policy, handler: show },
  { method: 'DELETE', path: `${collection}/{id}`, policy, status: 204, handler: remove },
];
