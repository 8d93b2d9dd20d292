import { randomUUID } from 'node:crypto';
import { isAdmin } from '../../../shared/identity/context.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { securityGroupCannotRemoveDefault, securityGroupCannotUpdateDefault, securityGroupDefaultAlreadyExists } from '../errors.ts';
import { createEach } from '../http/bulk.ts';
import { enforce } from '../http/enforce.ts';
import { listReply, selectFields, type View } from '../http/list.ts';
import { ownerOf } from '../http/owner.ts';
import { requireRevision } from '../http/revision.ts';
import { scopeOf } from '../http/scope.ts';
import { counted } from '../quota/counted.ts';
import { giveBackDeleted } from '../quota/usage.ts';
import type { SecurityGroup } from '../store/records.ts';
import { find, findVisible, listVisible } from '../store/visible.ts';
import { ensureDefaultSecurityGroup, newSecurityGroup } from './defaults.ts';
import { membershipOf } from './membership.ts';
import { securityGroupCreateBody, securityGroupUpdateBody, type SecurityGroupCreate, type SecurityGroupUpdate } from './schema.ts';
import { changeSecurityGroup, insertSecurityGroup, remoteRules, removeSecurityGroup } from './store.ts';
import { securityGroups, securityGroupView } from './view.ts';

const isDefaultName = (name: string | undefined) => name?.toLowerCase() === 'default';

async function create(request: Request, given: SecurityGroupCreate): Promise<SecurityGroup> {
  const project = ownerOf(request, given);
  if (isDefaultName(given.name)) throw securityGroupDefaultAlreadyExists();
  await ensureDefaultSecurityGroup(project);
  const group = newSecurityGroup(randomUUID(), project, given);
  const rules = Object.keys(group.rules).length;
  return counted(
    project, [{ kind: 'security_group' }, { kind: 'security_group_rule', n: rules, anyway: true }],
    () => insertSecurityGroup(group).then(() => group),
    async () => (await find('security_group', group.id)) && group,
  );
}

async function update(request: Request): Promise<SecurityGroup> {
  const given = (request.body as { security_group: SecurityGroupUpdate }).security_group;
  const seen = await findVisible(request.context, 'security_group', request.params['id']!);
  enforce(request, 'update_security_group', seen);
  if (seen.is_default && given.name !== undefined && given.name !== seen.name) throw securityGroupCannotUpdateDefault();
  if (!seen.is_default && isDefaultName(given.name)) throw securityGroupDefaultAlreadyExists();
  return changeSecurityGroup(seen.id, (group) => {
    requireRevision(request, group);
    return { ...group, name: given.name ?? group.name, description: given.description ?? group.description };
  });
}

async function remove(request: Request): Promise<void> {
  const seen = await findVisible(request.context, 'security_group', request.params['id']!);
  enforce(request, 'delete_security_group', seen);
  requireRevision(request, seen);
  if (seen.is_default && !isAdmin(request.context)) throw securityGroupCannotRemoveDefault();
  await removeWithRules(seen.id, request.receivedAt);
}

/** With the group go the rules of other groups that let it in, as in Neutron. */
async function removeWithRules(id: string, since: Date): Promise<void> {
  const group = await removeSecurityGroup(id);
  await giveBackDeleted(since, group.project_id, 'security_group');
  await giveBackDeleted(since, group.project_id, 'security_group_rule', Object.keys(group.rules).length);
  const others = (await remoteRules(id)).map(({ security_group_id }) => security_group_id);
  for (const other of new Set(others)) await dropRulesFor(other, id, since);
}

const RULES_AT_ONCE = 40; // a transaction takes 100 writes: the group, and two for each rule

async function dropRulesFor(groupId: string, remote: string, since: Date): Promise<void> {
  for (let dropped = RULES_AT_ONCE; dropped === RULES_AT_ONCE; ) {
    if (!(await find('security_group', groupId))) return;
    const group = await changeSecurityGroup(groupId, (current) => {
      const going = Object.values(current.rules).filter((rule) => rule.remote_group_id === remote).slice(0, RULES_AT_ONCE).map(({ id }) => id);
      dropped = going.length;
      return { ...current, rules: Object.fromEntries(Object.entries(current.rules).filter(([id]) => !going.includes(id))) };
    });
    await giveBackDeleted(since, group.project_id, 'security_group_rule', dropped);
  }
}

/** A project's first look at its groups finds the default one. */
async function list(request: Request): Promise<SecurityGroup[]> {
  const { context } = request;
  const scope = scopeOf(request);
  const project = scope.project ?? context.project_id;
  if (!scope.ids && project !== null && (isAdmin(context) ? scope.project === undefined || project === context.project_id : project === context.project_id)) await ensureDefaultSecurityGroup(project);
  return listVisible(context, 'security_group', scope);
}

/** One group; with whoever is in it only for services that ask for that by name: it may be long. */
async function shown(request: Request): Promise<View> {
  const as_of = new Date().toISOString();
  const group = await findVisible(request.context, 'security_group', request.params['id']!);
  const asked = request.query.getAll('fields').includes('binding:members') && request.allowed('get_security_group:binding:members', group);
  return { ...securityGroupView(group), ...(asked && { 'binding:members': { as_of, ...(await membershipOf(group.id)) } }) };
}

export const securityGroupRoutes: Route[] = [
  { method: 'GET', path: '/security-groups', policy: 'get_security_group', handler: async (request) => listReply(request, securityGroups, (await list(request)).map(securityGroupView)) },
  {
    method: 'POST', path: '/security-groups', policy: 'create_security_group', body: securityGroupCreateBody, status: 201,
    handler: async (request) => ({
      body: await createEach(request, 'security_group', 'security_groups', (given: SecurityGroupCreate) => create(request, given), (_request, made) => securityGroupView(made), (made) => removeWithRules(made.id, request.receivedAt)),
    }),
  },
  {
    method: 'GET', path: '/security-groups/{id}', policy: 'get_security_group',
    handler: async (request) => ({ body: { security_group: selectFields(await shown(request), request.query) } }),
  },
  { method: 'PUT', path: '/security-groups/{id}', policy: 'get_security_group', body: securityGroupUpdateBody, handler: async (request) => ({ body: { security_group: securityGroupView(await update(request)) } }) },
  { method: 'DELETE', path: '/security-groups/{id}', policy: 'get_security_group', handler: remove },
];
