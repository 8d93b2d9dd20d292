import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { adminToken, caller, deliver, startRig, token, type Rig } from './rig.ts';

/*
 * What neutron-server leaves for after its answer: whose hosts are told when rules or members change, and what they are told.
 */

let rig: Rig;
let call: ReturnType<typeof caller>;
let consume: Parameters<typeof deliver>[0];
let sweep: () => Promise<void>;
let db: ReturnType<(typeof import('../../shared/store/table.ts'))['table']>;
before(async () => {
  rig = await startRig();
  call = caller((await import('../../functions/neutron-server/http.ts')).handler);
  consume = (await import('../../functions/neutron-server/rpc.ts')).handler as never;
  sweep = (await import('../../functions/neutron-server/refresh/sweep.ts')).handler;
  db = (await import('../../shared/store/table.ts')).table('neutron');
});
after(() => rig.stop());

const service = { 'X-Service-Token': token('service', 'service', 'nova') };
const request = (method: string, path: string, as: string, body?: unknown, headers?: Record<string, string>) =>
  call(method, `/network/v2.0${path}`, { token: as, ...(body !== undefined && { body }), ...(headers && { headers }) });
async function ok(method: string, path: string, as: string, body?: unknown, headers?: Record<string, string>): Promise<any> {
  const answer = await request(method, path, as, body, headers);
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body && Object.values(answer.body)[0];
}
let projects = 0;
async function ground() {
  const me = token(`refresh${++projects}`);
  const net = await ok('POST', '/networks', me, { network: { name: 'net' } });
  await ok('POST', '/subnets', me, { subnet: { network_id: net.id, ip_version: 4, cidr: '10.0.0.0/22' } });
  const bound = (host: string, fields: object = {}, headers: Record<string, string> = {}) =>
    ok('POST', '/ports', me, { port: { network_id: net.id, device_id: `server-${host}`, device_owner: 'compute:nova', 'binding:host_id': host, ...fields } }, { ...service, ...headers });
  return { me, net, bound };
}

/** Hands on all that waits, and tells which ports' hosts were to be told of rules, and of which groups' members, in how many messages. */
async function told(): Promise<{ ports: string[]; groups: string[]; messages: number }> {
  const messages = [];
  for (let round = 0; round < 40; round++) {
    for (const turn of await turns()) await db.update(turn, { set: { last_at: 0, deferred_until: 0 } });
    const waiting = await rig.take('neutron-server');
    for (const message of waiting) assert.deepEqual((await deliver(consume, [message])).batchItemFailures, []);
    messages.push(...(await rig.take('nova-compute')));
    if (waiting.length > 0) continue;
    if ((await marks()).length === 0) break;
    await sleep(100); // one is under way that does not come at once
  }
  assert.ok(messages.every(({ method }) => method === 'refresh_interfaces' || method === 'refresh_security_group'));
  return { ports: messages.flatMap(({ args }) => (args.port_ids as string[]) ?? []).sort(), groups: messages.flatMap(({ args }) => (args.security_group_id as string) ?? []).sort(), messages: messages.length };
}
const all = async (prefix: string) => (await import('../../local/aws-json.ts')).awsJson<{ Items: any[] }>(rig.engines.dynamodb.endpoint, 'DynamoDB_20120810', 'Scan', { TableName: 'neutron', ConsistentRead: true })
  .then(({ Items }) => Items.filter(({ pk }) => pk.S.startsWith(prefix)).map(({ pk, sk }) => ({ pk: pk.S as string, sk: sk.S as string })));
const turns = () => all('refresh-turn#');
const marks = () => all('refresh#');
const ids = (...ports: { id: string }[]) => ports.map(({ id }) => id).sort();
const membersOf = async (group: string, me: string) => {
  const { as_of, ...members } = (await ok('GET', `/security-groups/${group}?fields=binding:members`, me, undefined, service))['binding:members'];
  assert.ok(Date.parse(as_of) <= Date.now());
  return members;
};
const addressOf = (...ports: any[]) => ports.map(({ fixed_ips }) => fixed_ips[0].ip_address as string).sort();
const filterOf = async (id: string, me: string) => ok('GET', `/ports/${id}`, me, undefined, service);

type Send = (this: unknown, command: { constructor: { name: string } }) => Promise<unknown>;
const client = DynamoDBClient.prototype as unknown as { send: Send };
/** Each request to the database goes through `judge`, which may do it later, or not at all. */
async function judging<T>(judge: (isTransaction: boolean, done: () => Promise<unknown>) => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const { send } = client;
  client.send = function (command) {
    return judge(command.constructor.name === 'TransactWriteItemsCommand', () => send.call(this, command));
  };
  try {
    return await work();
  } finally {
    client.send = send;
  }
}
/** Runs `work` after `others` have come between its reads and its first transaction. */
async function beforeTransaction<T>(others: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  let between: Promise<unknown> | undefined;
  return judging(async (isTransaction, done) => {
    if (isTransaction && !between) await (between = others());
    return done();
  }, work);
}
/** Runs work of which nothing is done after its first transaction. */
async function diesAfterTransaction<T>(work: () => Promise<T>): Promise<T> {
  let dead = false;
  return judging(async (isTransaction, done) => {
    if (dead) throw new Error('died');
    dead = isTransaction;
    return done();
  }, work);
}

test('a rule that comes or goes is told to the hosts of the ports that have its group, and to no other', async () => {
  const { me, net, bound } = await ground();
  const web = await ok('POST', '/security-groups', me, { security_group: { name: 'web' } });
  const [one, two, other] = [await bound('a', { security_groups: [web.id] }), await bound('b', { security_groups: [web.id] }), await bound('c')];
  await ok('POST', '/ports', me, { port: { network_id: net.id, security_groups: [web.id] } }); // bound to no host
  await told();
  const rule = await ok('POST', '/security-group-rules', me, { security_group_rule: { security_group_id: web.id, direction: 'ingress', protocol: 'tcp', port_range_min: 22, port_range_max: 22 } });
  assert.deepEqual((await told()).ports, ids(one, two));
  assert.ok((await filterOf(one.id, me))['binding:filter'].rules.some(({ port_range_min }: any) => port_range_min === 22));
  await ok('DELETE', `/security-group-rules/${rule.id}`, me);
  assert.deepEqual((await told()).ports, ids(one, two));
  assert.ok(!(await filterOf(other.id, me))['binding:filter'].rules.some(({ port_range_min }: any) => port_range_min === 22));
  assert.deepEqual(await marks(), []);
});

test('the default group lets everything out, in from its own members alone; who comes or goes is told once, not to each of them', async () => {
  const { me, bound } = await ground();
  const one = await bound('a');
  const [group] = one.security_groups;
  const rules = one['binding:filter'].rules.map(({ direction, ethertype, protocol, remote_ip_prefix, remote_group_id }: any) => [direction, ethertype, protocol, remote_ip_prefix, remote_group_id]);
  assert.deepEqual(rules.sort(), [['egress', 'IPv4', null, null, null], ['egress', 'IPv6', null, null, null], ['ingress', 'IPv4', null, null, group], ['ingress', 'IPv6', null, null, group]]);
  assert.deepEqual(one['binding:filter'].members, [{ security_group_id: group, addresses: addressOf(one) }], 'nobody else is to be told: its host hears it with the port');
  assert.deepEqual(await told(), { ports: [], groups: [], messages: 0 });
  const two = await bound('b');
  assert.deepEqual(two['binding:filter'].members, [], 'its host is told with the others');
  assert.deepEqual(await told(), { ports: [], groups: [group], messages: 1 });
  assert.deepEqual(await membersOf(group, me), { addresses: addressOf(one, two), hosts: ['a', 'b'] });
  await ok('DELETE', `/ports/${two.id}`, me);
  assert.deepEqual(await told(), { ports: [], groups: [group], messages: 1 });
  assert.deepEqual(await membersOf(group, me), { addresses: addressOf(one), hosts: ['a'] });
});

test('members of a group that another group names: coming, going and other addresses are told to the hosts of that group\'s ports', async () => {
  const { me, bound } = await ground();
  const [web, db_] = [await ok('POST', '/security-groups', me, { security_group: { name: 'web' } }), await ok('POST', '/security-groups', me, { security_group: { name: 'db' } })];
  const quiet = await bound('q', { security_groups: [web.id] });
  assert.deepEqual((await rig.take('neutron-server')).length, 0, 'nobody names the group: no message');
  const store = await bound('a', { security_groups: [db_.id] });
  await ok('POST', '/security-group-rules', me, { security_group_rule: { security_group_id: db_.id, direction: 'ingress', protocol: 'tcp', port_range_min: 5432, port_range_max: 5432, remote_group_id: web.id } });
  assert.deepEqual(await told(), { ports: [store.id], groups: [web.id], messages: 2 }, 'a host may know the group from before');
  assert.deepEqual(await membersOf(web.id, me), { addresses: addressOf(quiet), hosts: ['a'] });
  const member = await bound('b', { security_groups: [web.id] });
  assert.deepEqual(member['binding:filter'].members, []);
  assert.deepEqual(await told(), { ports: [], groups: [web.id], messages: 1 });
  await ok('PUT', `/ports/${member.id}`, me, { port: { allowed_address_pairs: [{ ip_address: '10.9.0.0/24' }, { ip_address: '10.0.3.77' }] } });
  assert.deepEqual(await told(), { ports: [member.id], groups: [web.id], messages: 2 }, 'the port itself may send more, and is to be heard by the other');
  assert.deepEqual(await membersOf(web.id, me), { addresses: [...addressOf(quiet, member), '10.9.0.0/24', '10.0.3.77'].sort(), hosts: ['a'] });
  await ok('PUT', `/ports/${member.id}`, me, { port: { security_groups: [] } });
  assert.deepEqual(await told(), { ports: [member.id], groups: [web.id], messages: 2 });
  assert.deepEqual((await membersOf(web.id, me)).addresses, addressOf(quiet));
});

for (const first of ['goes', 'comes'] as const)
  test(`of a port that comes to a group while the last one goes its host knows who is left, whichever is written first (it ${first})`, async () => {
    const { me, bound } = await ground();
    const last = await bound('a');
    const [group] = last.security_groups;
    const remove = () => ok('DELETE', `/ports/${last.id}`, me);
    let made: any;
    const make = async () => { made = await bound('a'); };
    await (first === 'goes' ? beforeTransaction(remove, make) : beforeTransaction(make, remove));
    const { groups } = await told();
    assert.deepEqual(await membersOf(group, me), { addresses: addressOf(made), hosts: ['a'] });
    // either it heard it with the port, or it hears it now
    if (groups.length === 0) assert.deepEqual(made['binding:filter'].members, [{ security_group_id: group, addresses: addressOf(made) }]);
    else assert.deepEqual(groups, [group]);
    assert.deepEqual(await marks(), []);
  });

test('a port that comes to a large group costs what one does that comes to a small one: its members are not read', async () => {
  const { bound } = await ground();
  const asked = async () => {
    let requests = 0, bytes = 0;
    await judging(async (_isTransaction, done) => {
      const answer = await done();
      requests++;
      const items = (answer as { Items?: { pk: { S: string } }[] } | undefined)?.Items ?? [];
      bytes += JSON.stringify(items.filter(({ pk }) => !pk.S.startsWith('addresses#'))).length; // they are read where an address, by chance, is taken
      return answer;
    }, () => bound('new'));
    await told();
    return { requests, bytes };
  };
  for (let i = 0; i < 2; i++) await bound(`h${i}`);
  await told();
  const small = await asked();
  for (let i = 0; i < 60; i++) await bound(`h${i}`);
  await told();
  const large = await asked();
  assert.ok(large.requests <= small.requests + 2, `${large.requests} requests, ${small.requests} of the small one`); // an address that is taken
  assert.ok(large.bytes < 4 * small.bytes && large.bytes < 4_000, `${large.bytes} bytes, ${small.bytes} of the small one`);
});

test('a port whose security changes is told to its host; one whose name changes is not', async () => {
  const { me, bound } = await ground();
  const port = await bound('a');
  await told();
  await ok('PUT', `/ports/${port.id}`, me, { port: { name: 'another', security_groups: [port.security_groups[0]] } });
  assert.deepEqual((await told()).messages, 0);
  await ok('PUT', `/ports/${port.id}`, me, { port: { security_groups: [], port_security_enabled: false } });
  assert.deepEqual((await told()).ports, [port.id]);
  assert.deepEqual((await filterOf(port.id, me))['binding:filter'].rules, []);
});

test('what hosts enforce is for services: no user and no administrator gets it, and lists have it only by name', async () => {
  const { me, net, bound } = await ground();
  const { id } = await bound('a');
  for (const as of [me, adminToken].map((each) => each)) assert.equal((await ok('GET', `/ports/${id}`, as))['binding:filter'], undefined);
  assert.equal((await ok('GET', `/ports?id=${id}`, me, undefined, service))[0]['binding:filter'], undefined);
  assert.ok((await ok('GET', `/ports?id=${id}&fields=id&fields=binding:filter`, me, undefined, service))[0]['binding:filter'].as_of);
  assert.deepEqual(await ok('GET', `/ports?id=${id}&fields=id&fields=binding:filter`, me), [{ id }]);
  const [group] = (await ok('GET', `/ports/${id}`, me)).security_groups;
  for (const as of [me, adminToken]) assert.deepEqual(await ok('GET', `/security-groups/${group}?fields=id&fields=binding:members`, as), { id: group });
  assert.equal((await ok('GET', `/security-groups/${group}`, me, undefined, service))['binding:members'], undefined);
  assert.deepEqual(await ok('GET', `/security-groups?fields=id&fields=binding:members&id=${group}`, me, undefined, service), [{ id: group }]);
  const unbound = await ok('POST', '/ports', me, { port: { network_id: net.id } });
  const both = await ok('GET', `/ports?id=${id}&id=${unbound.id}&fields=id&fields=binding:network`, me, undefined, service);
  assert.deepEqual(both.filter((port: any) => 'binding:network' in port).map((port: any) => port.id), [id], 'a port on no host has no host to know its network');
});

test('a port that is asked for again and again is news to the others of its group, and none to itself', async () => {
  const { bound } = await ground();
  await bound('a');
  await told();
  const again = () => bound('b', {}, { 'x-novaless-idempotency-key': 'again' });
  const two = await again();
  for (let i = 0; i < 3; i++) assert.equal((await again()).id, two.id);
  assert.deepEqual(await told(), { ports: [], groups: two.security_groups, messages: 1 }, 'its host has not got it yet: it would be told of a guest that it does not know');
  assert.deepEqual(await marks(), []);
});

test('a port that two requests made at once, of which the first died, is told to the others of its group by the second', async () => {
  const { bound, me, net } = await ground();
  const one = await bound('a');
  await told();
  const make = () => request('POST', '/ports', me, { port: { network_id: net.id, device_id: 'server', device_owner: 'compute:nova', 'binding:host_id': 'b' } }, { ...service, 'x-novaless-idempotency-key': 'twice' });
  let first: Awaited<ReturnType<typeof make>> | undefined;
  const second = await beforeTransaction(async () => { first = await diesAfterTransaction(make); }, make);
  assert.deepEqual([first!.status, second.status], [500, 201]);
  assert.deepEqual((await told()).groups, one.security_groups);
  assert.deepEqual(await marks(), []);
});

for (const [what, before, method] of [['comes to it', [], 'PUT'], ['is deleted', ['web'], 'DELETE']] as const)
  test(`who is the first to name a group while a port ${what} hears of that port as it is afterwards`, async () => {
    const { me, bound } = await ground();
    const [web, db_] = [await ok('POST', '/security-groups', me, { security_group: { name: 'web' } }), await ok('POST', '/security-groups', me, { security_group: { name: 'db' } })];
    const store = await bound('a', { security_groups: [db_.id] });
    const member = await bound('b', { security_groups: before.map(() => web.id) });
    await beforeTransaction(async () => {
      await ok('POST', '/security-group-rules', me, { security_group_rule: { security_group_id: db_.id, direction: 'ingress', protocol: 'tcp', remote_group_id: web.id } });
      await told();
    }, () => ok(method, `/ports/${member.id}`, me, method === 'PUT' ? { port: { security_groups: [web.id] } } : undefined));
    assert.deepEqual((await told()).groups, [web.id]);
    assert.deepEqual((await membersOf(web.id, me)).hosts, store['binding:host_id'].split(' '));
    assert.deepEqual(await marks(), []);
  });

test('a rule does not outlive the group that it names, though that is deleted while the rule is made', async () => {
  const { me } = await ground();
  const [web, db_] = [await ok('POST', '/security-groups', me, { security_group: { name: 'web' } }), await ok('POST', '/security-groups', me, { security_group: { name: 'db' } })];
  const rule = { security_group_id: db_.id, direction: 'ingress', protocol: 'tcp', remote_group_id: web.id };
  const answer = await beforeTransaction(() => ok('DELETE', `/security-groups/${web.id}`, me), () => request('POST', '/security-group-rules', me, { security_group_rule: rule }));
  assert.deepEqual([answer.status, answer.body.NeutronError?.type], [404, 'SecurityGroupNotFound']);
  assert.deepEqual((await ok('GET', `/security-groups/${db_.id}`, me)).security_group_rules.filter((each: any) => each.remote_group_id), []);
  const { used } = (await ok('GET', `/quotas/refresh${projects}/details`, me)).security_group_rule;
  assert.equal(used, (await ok('GET', '/security-group-rules', me)).length);
});

test('a message that got lost is found by the sweeper; one that comes twice tells nobody again', async () => {
  const { me, bound } = await ground();
  const port = await bound('a');
  await told();
  const rule = { security_group_rule: { security_group_id: port.security_groups[0], direction: 'ingress', protocol: 'icmp' } };
  await ok('POST', '/security-group-rules', me, rule);
  const [lost] = await rig.take('neutron-server');
  await sweep();
  assert.equal((await told()).messages, 0, 'not yet: its message may be on its way');
  for (const mark of await marks()) await db.update(mark, { set: { due_at: '2020-01-01T00:00:00.000Z' } });
  await sweep();
  assert.deepEqual((await told()).ports, [port.id]);
  await deliver(consume, [lost!, lost!]);
  assert.deepEqual(await told(), { ports: [], groups: [], messages: 0 });
});

test('a burst of newcomers to a large group is a few refreshes, not one for each of each', async () => {
  const { bound } = await ground();
  await Promise.all(Array.from({ length: 30 }, (_, i) => bound(`h${i}`)));
  await told();
  await Promise.all(Array.from({ length: 30 }, (_, i) => bound(`n${i}`)));
  const waiting = await rig.take('neutron-server');
  for (const answer of await Promise.all(waiting.map((message) => deliver(consume, [message])))) assert.deepEqual(answer.batchItemFailures, []);
  const early = (await rig.take('nova-compute')).length;
  const { ports, groups } = await told();
  assert.ok(early + groups.length >= 1 && early + groups.length <= 3, `${early} + ${groups.length}`);
  assert.deepEqual([ports, await marks()], [[], []]);
});

test('telling of a large group\'s members waits for what it costs; of a small one it is soon', async () => {
  const { pauseFor } = await import('../../functions/neutron-server/refresh/turn.ts');
  const ms = (members: number, hosts: number) => pauseFor({ addresses: Array(members).fill('10.0.0.1'), hosts: Array(hosts).fill('host') });
  assert.deepEqual([ms(10, 2), ms(1_000, 10), ms(10_000, 100)], [500, 4_000, 60_000]);
});
