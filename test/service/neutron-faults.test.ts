import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { awsJson } from '../../local/aws-json.ts';
import { adminToken, caller, startRig, token, type Rig } from './rig.ts';

/*
 * Many at once, and the database failing at every single call: no address twice, nothing left behind.
 */

let rig: Rig;
let call: ReturnType<typeof caller>;
before(async () => {
  rig = await startRig();
  call = caller((await import('../../functions/neutron-server/http.ts')).handler);
});
after(() => rig.stop());

const request = (method: string, path: string, as: string, body?: unknown, headers?: Record<string, string>) =>
  call(method, `/network/v2.0${path}`, { token: as, ...(body !== undefined && { body }), ...(headers && { headers }) });
async function made(path: string, as: string, body: unknown): Promise<any> {
  const answer = await request('POST', path, as, body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return Object.values(answer.body)[0];
}
let projects = 0;
async function ground(cidr = '10.0.0.0/24', name = `project${++projects}`) {
  const me = token(name);
  const net = await made('/networks', me, { network: {} });
  const sub = await made('/subnets', me, { subnet: { network_id: net.id, ip_version: 4, cidr } });
  await request('GET', '/security-groups', me); // the default group
  return { name, me, net, sub };
}

/** All that the table holds, but when something was last counted, how often something was changed, and what hosts are still to be told of. */
async function everything(): Promise<string[]> {
  const { Items } = await awsJson<{ Items: Record<string, any>[] }>(rig.engines.dynamodb.endpoint, 'DynamoDB_20120810', 'Scan', { TableName: 'neutron', ConsistentRead: true });
  return Items.filter(({ pk }) => !pk.S.startsWith('refresh')).map(({ changed_at: _counted, revision_number: _revision, updated_at: _updated, ...item }) => canonical(item)).sort();
}
const canonical = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(canonical).join(', ')}]`
  : value !== null && typeof value === 'object' ? `{${Object.entries(value).sort().map(([key, inner]) => `${key}: ${canonical(inner)}`).join(', ')}}`
  : JSON.stringify(value);

/** Fails with what came and what went. */
function same(now: string[], before: string[], message: string) {
  const without = (items: string[], others: string[]) => {
    const known = new Set(others);
    return items.filter((item) => !known.has(item)).map((item) => item.slice(0, 1000)).slice(0, 5);
  };
  assert.deepEqual({ left: without(now, before), lost: without(before, now) }, { left: [], lost: [] }, message);
}

/** The n-th call to the database from now on fails: it is not done, or it is done and its answer gets lost. Returns the number of calls seen. */
async function failing<T>(nth: number, how: 'before' | 'after', work: () => Promise<T>): Promise<{ result: T; calls: number }> {
  const original = DynamoDBClient.prototype.send as (...args: unknown[]) => Promise<unknown>;
  let calls = 0;
  DynamoDBClient.prototype.send = async function (this: unknown, ...args: unknown[]) {
    const fails = ++calls === nth;
    if (fails && how === 'before') throw new Error('no connection');
    const answer = await original.apply(this, args);
    if (fails) throw new Error('the answer got lost');
    return answer;
  } as never;
  try {
    return { result: await work(), calls };
  } finally {
    DynamoDBClient.prototype.send = original as never;
  }
}

test('a port costs at most six requests to the database, and those that a server gets one fewer, where there is no other to be told of it', async () => {
  const { me, net } = await ground();
  for (const [key, most] of [['first', 6], ['second', 5]] as const) {
    const { result, calls } = await failing(0, 'before', () => request('POST', '/ports', me, { port: { network_id: net.id } }, { 'x-novaless-idempotency-key': key }));
    assert.equal(result.status, 201);
    assert.ok(calls <= most, `${calls} requests`);
  }
});

test('eighty ports at once have eighty addresses and MACs', async () => {
  const { name, me, net } = await ground('10.0.0.0/24');
  const answers = await Promise.all(Array.from({ length: 80 }, () => request('POST', '/ports', me, { port: { network_id: net.id } })));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  assert.equal(new Set(answers.map(({ body }) => body.port.fixed_ips[0].ip_address)).size, 80);
  assert.equal(new Set(answers.map(({ body }) => body.port.mac_address)).size, 80);
  assert.equal((await request('GET', `/quotas/${name}/details`, me)).body.quota.port.used, 80);
});

test('more ports at once than a subnet has addresses: each address is given, once, and the rest is told so', async () => {
  const { name, me, net } = await ground('10.0.0.0/28'); // 13 but for the gateway
  const answers = await Promise.all(Array.from({ length: 20 }, () => request('POST', '/ports', me, { port: { network_id: net.id } })));
  const good = answers.filter(({ status }) => status === 201);
  assert.equal(new Set(good.map(({ body }) => body.port.fixed_ips[0].ip_address)).size, 13);
  const refusals = answers.filter(({ status }) => status !== 201);
  assert.deepEqual(refusals.map(({ status, body }) => [status, body.NeutronError.type]), refusals.map(() => [409, 'IpAddressGenerationFailure']));
  assert.equal(refusals.length, 7);
  assert.equal((await request('GET', `/quotas/${name}/details`, me)).body.quota.port.used, 13);
});

test('one address that many ask for is given to one of them', async () => {
  const { me, net } = await ground();
  const answers = await Promise.all(Array.from({ length: 8 }, () => request('POST', '/ports', me, { port: { network_id: net.id, fixed_ips: [{ ip_address: '10.0.0.9' }] } })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array.from({ length: 7 }, () => 409)]);
});

test('a port and its network deleted at once: never a port without a network', async () => {
  for (let round = 0; round < 6; round++) {
    const { me, net, sub } = await ground();
    const [group] = (await request('GET', '/security-groups', me)).body.security_groups;
    const victim = [`/networks/${net.id}`, `/subnets/${sub.id}`, `/security-groups/${group.id}`][round % 3]!;
    const body = { port: { network_id: net.id, fixed_ips: [{ subnet_id: sub.id }], security_groups: [group.id] } };
    const [deleted, ...ports] = await Promise.all([request('DELETE', victim, adminToken), ...[1, 2, 3].map(() => request('POST', '/ports', me, body))]);
    const there = (await request('GET', '/ports', me)).body.ports;
    assert.ok([204, 409].includes(deleted!.status), JSON.stringify(deleted!.body));
    for (const { status, body: answer } of ports) assert.ok([201, 404, 503, 400].includes(status), JSON.stringify(answer));
    assert.equal(there.length, ports.filter(({ status }) => status === 201).length);
    assert.equal(deleted!.status === 204, (await request('GET', victim, me)).status === 404);
    if (there.length) assert.equal(deleted!.status, 409);
  }
});

for (const how of ['before', 'after'] as const) {
  const lost = how === 'before' ? 'call fails' : 'answer is lost';
  test(`a port whose making breaks at any request leaves nothing behind (the ${lost})`, async () => {
    const { me, net } = await ground();
    const { id } = await made('/ports', me, { port: { network_id: net.id } }); // so that there is a count
    await request('DELETE', `/ports/${id}`, me);
    for (let nth = 1; ; nth++) {
      const found = await everything();
      const { result, calls } = await failing(nth, how, () => request('POST', '/ports', me, { port: { network_id: net.id, device_id: 'server' } }));
      if (result.status === 201) {
        assert.equal((await request('DELETE', `/ports/${result.body.port.id}`, me)).status, 204);
        same(used(await everything()), used(found), `made in spite of call ${nth}`);
        if (calls < nth) break;
      } else {
        assert.ok(result.status >= 500);
        const left = await everything();
        // where the count itself was taken and its answer lost, nobody can know: the recount mends it
        if (how === 'after') same(used(left), used(found), `after call ${nth}`);
        else same(left, found, `at call ${nth}`);
      }
    }
  });

  test(`a network, a subnet, a group or a rule whose making breaks at any request leaves nothing behind (the ${lost})`, async () => {
    const { me, net } = await ground();
    const [group] = (await request('GET', '/security-groups', me)).body.security_groups;
    const makings: [string, object][] = [
      ['/networks', { network: { name: 'x' } }],
      ['/subnets', { subnet: { network_id: net.id, ip_version: 4, cidr: '10.5.0.0/24' } }],
      ['/security-groups', { security_group: { name: 'x' } }],
      ['/security-group-rules', { security_group_rule: { security_group_id: group.id, direction: 'ingress', protocol: 'tcp' } }],
    ];
    for (const [path, body] of makings)
      for (let nth = 1; ; nth++) {
        const found = used(await everything());
        const { result, calls } = await failing(nth, how, () => request('POST', path, me, body));
        if (result.status === 201) {
          const { id } = Object.values(result.body)[0] as { id: string };
          assert.equal((await request('DELETE', `${path}/${id}`, me)).status, 204);
        } else assert.ok(result.status >= 500, JSON.stringify(result.body));
        same(used(await everything()), found, `${path} at call ${nth}: ${result.status}`);
        if (calls < nth) break;
      }
  });

  test(`a port's change that breaks at any request is done or not done (the ${lost})`, async () => {
    const { me, net } = await ground();
    const port = await made('/ports', me, { port: { network_id: net.id, fixed_ips: [{ ip_address: '10.0.0.5' }] } });
    for (let nth = 1; ; nth++) {
      const [from, to] = nth % 2 ? ['10.0.0.5', '10.0.0.6'] : ['10.0.0.6', '10.0.0.5'];
      await request('PUT', `/ports/${port.id}`, me, { port: { fixed_ips: [{ ip_address: from }] } });
      const { result, calls } = await failing(nth, how, () => request('PUT', `/ports/${port.id}`, me, { port: { fixed_ips: [{ ip_address: to }] } }));
      const now = (await request('GET', `/ports/${port.id}`, me)).body.port.fixed_ips.map((ip: any) => ip.ip_address);
      assert.ok(now.length === 1 && (result.status === 200 ? now[0] === to : [from, to].includes(now[0])));
      const held = (await everything()).filter((item) => item.includes('addresses#') && item.includes(port.id));
      assert.equal(held.length, 1);
      assert.ok(held[0]!.includes(now[0]));
      if (calls < nth) break;
    }
  });
}

test('a port that a repeated request was answered with stays, though the first request finds the database gone', async () => {
  const { me, net } = await ground();
  const make = () => request('POST', '/ports', me, { port: { network_id: net.id } }, { 'x-novaless-idempotency-key': 'key' });
  const original = DynamoDBClient.prototype.send as (...args: unknown[]) => Promise<unknown>;
  let state: 'making' | 'made' | 'repeating' | 'failed' = 'making';
  let second: Awaited<ReturnType<typeof make>> | undefined;
  DynamoDBClient.prototype.send = async function (this: unknown, ...args: unknown[]) {
    if (state === 'made') {
      state = 'repeating';
      second = await make();
      state = 'failed';
      throw new Error('no connection');
    }
    const answer = await original.apply(this, args);
    if (state === 'making' && (args[0] as object).constructor.name === 'TransactWriteItemsCommand') state = 'made';
    return answer;
  } as never;
  let first: Awaited<ReturnType<typeof make>>;
  try {
    first = await make();
  } finally {
    DynamoDBClient.prototype.send = original as never;
  }
  assert.deepEqual([first.status, second!.status], [500, 201]);
  assert.equal((await request('GET', `/ports/${second!.body.port.id}`, me)).status, 200);
  assert.equal((await make()).body.port.id, second!.body.port.id);
});

/** Without the counts. */
const used = (items: string[]) => items.filter((item) => !item.includes('quota#'));

const setUsed = (project: string, used: number, ago: number) =>
  awsJson(rig.engines.dynamodb.endpoint, 'DynamoDB_20120810', 'UpdateItem', {
    TableName: 'neutron', Key: { pk: { S: `project#${project}` }, sk: { S: 'quota#port' } }, UpdateExpression: 'SET used = :u, changed_at = :c',
    ExpressionAttributeValues: { ':u': { N: String(used) }, ':c': { S: new Date(Date.now() - ago).toISOString() } },
  });

test('a port that is deleted while ports are counted anew is taken off the count once: nobody gets more than his limit', async () => {
  const { name, me, net } = await ground();
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push((await made('/ports', me, { port: { network_id: net.id } })).id as string);
  await setUsed(name, 5, 120_000);
  const original = DynamoDBClient.prototype.send as (...args: unknown[]) => Promise<unknown>;
  let counted = false;
  DynamoDBClient.prototype.send = async function (this: unknown, ...args: unknown[]) {
    const { constructor: { name: what }, input } = args[0] as { constructor: { name: string }; input: { Key?: { sk: { S: string } } } };
    if (!counted && what === 'UpdateItemCommand' && input.Key?.sk.S === 'quota#port') {
      counted = true; // the port is gone, and not yet given back
      assert.equal((await request('GET', `/quotas/${name}/details`, me)).body.quota.port.used, 2);
    }
    return original.apply(this, args);
  } as never;
  try {
    assert.equal((await request('DELETE', `/ports/${ids[0]}`, me)).status, 204);
  } finally {
    DynamoDBClient.prototype.send = original as never;
  }
  assert.ok(counted);
  assert.equal((await request('GET', `/quotas/${name}/details`, me)).body.quota.port.used, 2);
  assert.equal((await request('DELETE', `/ports/${ids[1]}`, me)).status, 204);
  assert.equal((await request('GET', `/quotas/${name}/details`, me)).body.quota.port.used, 1);
});

test('several ports that are asked for again stay, though one that was not among them cannot be made', async () => {
  const { me, net } = await ground();
  const other = await made('/networks', me, { network: {} });
  const make = (...networks: string[]) => request('POST', '/ports', me, { ports: networks.map((network_id) => ({ network_id })) }, { 'x-novaless-idempotency-key': 'several' });
  const first = await make(net.id, net.id);
  assert.equal(first.status, 201);
  assert.equal((await make(net.id, other.id)).status, 409);
  assert.deepEqual((await make(net.id, net.id)).body.ports.map((port: any) => [port.id, port.mac_address]), first.body.ports.map((port: any) => [port.id, port.mac_address]));
});

test('a count that a dead request left too high is mended when it would refuse somebody', async () => {
  const { name, me, net } = await ground();
  await request('PUT', `/quotas/${name}`, adminToken, { quota: { port: 2 } });
  await made('/ports', me, { port: { network_id: net.id } });
  const set = (used: number, ago: number) => setUsed(name, used, ago);
  await set(2, 1000);
  assert.equal((await request('POST', '/ports', me, { port: { network_id: net.id } })).status, 409, 'it may be another request that is still at work');
  await set(2, 120_000);
  await made('/ports', me, { port: { network_id: net.id } });
  assert.equal((await request('POST', '/ports', me, { port: { network_id: net.id } })).status, 409);
  assert.equal((await request('GET', `/quotas/${name}/details`, me)).body.quota.port.used, 2);
});
