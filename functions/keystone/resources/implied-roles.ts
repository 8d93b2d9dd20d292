import { forbidden, notFound } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { couldNotFind } from '../errors.ts';
import { changeEntity } from '../records/changes.ts';
import { all, find, type Role } from '../records/entities.ts';

/* Identity API v3, "Implied roles". */

const summary = ({ data }: Role, { baseUrl }: Request) => ({ id: data.id, name: data.name, links: { self: `${baseUrl}/roles/${data.id}` } });
const selfOf = ({ baseUrl, path }: Request) => ({ links: { self: baseUrl + path } });

async function role(id: string): Promise<Role> {
  const found = await find('role', id);
  if (!found) throw couldNotFind('role', id);
  return found;
}

async function impliedBy(prior: Role): Promise<Role[]> {
  const roles = await all('role');
  return roles.filter(({ data }) => prior.implies?.includes(data.id));
}

async function list(request: Request) {
  const prior = await role(request.params['prior']!);
  const implies = (await impliedBy(prior)).map((r) => summary(r, request));
  return { body: { role_inference: { prior_role: summary(prior, request), implies }, ...selfOf(request) } };
}

async function listAll(request: Request) {
  const roles = await all('role');
  const role_inferences = roles.filter((r) => r.implies?.length).map((prior) => ({
    prior_role: summary(prior, request),
    implies: roles.filter(({ data }) => prior.implies!.includes(data.id)).map((r) => summary(r, request)),
  }));
  return { body: { role_inferences, ...selfOf(request) } };
}

async function pair({ params }: Request): Promise<[Role, Role]> {
  return Promise.all([role(params['prior']!), role(params['implied']!)]);
}
const absent = (prior: Role, implied: Role) => notFound(`${prior.data.id} does not imply ${implied.data.id}.`);

async function show(request: Request) {
  const [prior, implied] = await pair(request);
  if (!prior.implies?.includes(implied.data.id)) throw absent(prior, implied);
  return { body: { role_inference: { prior_role: summary(prior, request), implies: summary(implied, request) }, ...selfOf(request) } };
}

async function create(request: Request) {
  const [prior, implied] = await pair(request);
  // Keystone's prohibited_implied_role: nobody becomes an admin by the way
  if (implied.data.name === 'admin' && implied.data.domain_id === null) throw forbidden(`${implied.data.id} cannot be an implied roles.`);
  const changed = await changeEntity('role', prior.data.id, ({ implies = [] }) => ({ implies: [...new Set([...implies, implied.data.id])] }));
  return { status: 201, body: { role_inference: { prior_role: summary(changed, request), implies: summary(implied, request) }, ...selfOf(request) } };
}

async function remove(request: Request) {
  const [prior, implied] = await pair(request);
  await changeEntity('role', prior.data.id, ({ implies = [] }) => {
    if (!implies.includes(implied.data.id)) throw absent(prior, implied);
    return { implies: implies.filter((id) => id !== implied.data.id) };
  });
}

const one = '/roles/{prior}/implies/{implied}';
export const impliedRoleRoutes: Route[] = [
  { method: 'GET', path: '/roles/{prior}/implies', policy: 'identity:list_implied_roles', handler: list },
  { method: 'GET', path: one, policy: 'identity:get_implied_role', handler: show },
  { method: 'PUT', path: one, policy: 'identity:create_implied_role', handler: create },
  { method: 'DELETE', path: one, policy: 'identity:delete_implied_role', status: 204, handler: remove },
  { method: 'GET', path: '/role_inferences', policy: 'identity:list_role_inference_rules', handler: listAll },
];
