import { HttpError } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { badResource, resourceNotFound, securityGroupRuleExists } from '../errors.ts';
import { createEach } from '../http/bulk.ts';
import { enforce } from '../http/enforce.ts';
import { listReply, selectFields } from '../http/list.ts';
import { ownerOf } from '../http/owner.ts';
import { scopeOf } from '../http/scope.ts';
import { counted } from '../quota/counted.ts';
import { giveBackDeleted } from '../quota/usage.ts';
import { db } from '../store/db.ts';
import { isMarked } from '../store/deletion.ts';
import { resourceKey } from '../store/keys.ts';
import type { SecurityGroup, SecurityGroupRule } from '../store/records.ts';
import { find, findMany, findVisible, listVisible, sees } from '../store/visible.ts';
import { ensureDefaultSecurityGroup, newRule } from './defaults.ts';
import { sameRule, shapeRule, type RuleShape } from './rule.ts';
import { ruleCreateBody, type RuleCreate } from './schema.ts';
import { changeSecurityGroup } from './store.ts';
import { ruleView, securityGroupRules } from './view.ts';

/** A group with its rules is one record, which may hold 400 KB. */
const MAX_RULES_OF_GROUP = 400;

async function create(request: Request, given: RuleCreate): Promise<SecurityGroupRule> {
  ownerOf(request, given);
  const shape = shapeRule(given);
  const group = await findVisible(request.context, 'security_group', given.security_group_id);
  enforce(request, 'create_security_group_rule', group);
  if (shape.remote_group_id !== null) await findVisible(request.context, 'security_group', shape.remote_group_id);
  refuseDouble(group, shape); // before anything is counted
  const rule = newRule(group, { ...shape, description: given.description ?? '' });
  const made = await counted(
    group.project_id, [{ kind: 'security_group_rule' }],
    async () => {
      await changeSecurityGroup(group.id, (current) => {
        if (isMarked(current)) throw resourceNotFound('security_group', group.id);
        refuseDouble(current, shape);
        return { ...current, rules: { ...current.rules, [rule.id]: rule } };
      });
      return rule;
    },
    async () => (await find('security_group', group.id))?.rules[rule.id],
  );
  await requireRemote(made, request.receivedAt);
  return made;
}

/** Who deletes a group takes the rules that name it away afterwards: he saw this one, or it sees that the group is gone. */
async function requireRemote(rule: SecurityGroupRule, since: Date): Promise<void> {
  const { remote_group_id, security_group_id } = rule;
  if (remote_group_id === null || remote_group_id === security_group_id || (await find('security_group', remote_group_id))) return;
  await removeRule(rule, since).catch((error: unknown) => {
    if (!(error instanceof HttpError)) throw error; // he did see it
  });
  throw resourceNotFound('security_group', remote_group_id);
}

function refuseDouble(group: SecurityGroup, shape: RuleShape): void {
  const rules = Object.values(group.rules);
  const double = rules.find((rule) => sameRule(rule, shape));
  if (double) throw securityGroupRuleExists(double.id);
  if (rules.length >= MAX_RULES_OF_GROUP) throw badResource('security_group_rules', `a security group has at most ${MAX_RULES_OF_GROUP} rules`);
}

async function findRule(request: Request): Promise<{ rule: SecurityGroupRule; group: SecurityGroup }> {
  const id = request.params['id']!;
  const pointer = await db.get<{ security_group_id: string }>(resourceKey('security_group_rule', id));
  const group = pointer && (await find('security_group', pointer.security_group_id));
  const rule = group?.rules[id];
  if (!rule || !sees(request.context, group)) throw resourceNotFound('security_group_rule', id);
  return { rule, group };
}

async function remove(request: Request): Promise<void> {
  const { rule, group } = await findRule(request);
  enforce(request, 'delete_security_group_rule', group);
  await removeRule(rule, request.receivedAt);
}

async function removeRule({ id, security_group_id, project_id }: SecurityGroupRule, since: Date): Promise<void> {
  await changeSecurityGroup(security_group_id, (current) => {
    const { [id]: gone, ...rules } = current.rules;
    if (!gone) throw resourceNotFound('security_group_rule', id);
    return { ...current, rules };
  });
  await giveBackDeleted(since, project_id, 'security_group_rule');
}

async function list(request: Request): Promise<SecurityGroupRule[]> {
  const { context, query } = request;
  const { ids, project } = scopeOf(request);
  const groupIds = query.getAll('security_group_id');
  if (groupIds.length) return rulesOf((await findMany('security_group', groupIds)).filter((group) => sees(context, group)));
  if (ids) {
    const pointers = await db.getMany<{ security_group_id: string }>(ids.map((id) => resourceKey('security_group_rule', id)));
    return rulesOf(await listVisible(context, 'security_group', { ids: pointers.map(({ security_group_id }) => security_group_id) }));
  }
  if (project === undefined && context.project_id !== null) await ensureDefaultSecurityGroup(context.project_id);
  return rulesOf(await listVisible(context, 'security_group', { project }));
}

const rulesOf = (groups: SecurityGroup[]) => groups.flatMap((group) => Object.values(group.rules));

export const securityGroupRuleRoutes: Route[] = [
  { method: 'GET', path: '/security-group-rules', policy: 'get_security_group_rule', handler: async (request) => listReply(request, securityGroupRules, (await list(request)).map(ruleView)) },
  {
    method: 'POST', path: '/security-group-rules', policy: 'create_security_group_rule', body: ruleCreateBody, status: 201,
    handler: async (request) => ({
      body: await createEach(request, 'security_group_rule', 'security_group_rules', (given: RuleCreate) => create(request, given), (_request, made) => ruleView(made), (made) => removeRule(made, request.receivedAt)),
    }),
  },
  {
    method: 'GET', path: '/security-group-rules/{id}', policy: 'get_security_group_rule',
    handler: async (request) => ({ body: { security_group_rule: selectFields(ruleView((await findRule(request)).rule), request.query) } }),
  },
  { method: 'DELETE', path: '/security-group-rules/{id}', policy: 'get_security_group_rule', handler: remove },
];
