import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { meter } from '../bench/meter.ts';
import { apiAs, type Api } from '../support/api.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { engineProxy } from '../support/engine-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { activeImage, bootServer } from '../support/servers.ts';
import type { Vif } from '../../shared/agent/command.ts';

/*
 * What an owner changes reaches the host of a running guest, through the whole cloud.
 */

const COMPUTE = '/compute/v2.1';
const NETWORK = '/network/v2.0';
let cloud: TestCloud;
let demo: Api;
let network: string;
let boot: (name: string, more?: object) => Promise<string>;
const counter = meter();
/** Of each spawn command, in the order of asking: its bytes as DynamoDB is sent them. */
const spawns: number[] = [];
const stops: (() => void)[] = [];
async function wire(service: string, endpoint: string): Promise<string> {
  const metered = await counter.wire(service, endpoint);
  if (service !== 'dynamodb') return metered;
  const proxy = await engineProxy(metered, { asked(_incoming, body) {
    if (!body?.includes('"spawn"')) return;
    const { TransactItems = [] } = JSON.parse(body.toString()) as { TransactItems?: { Put?: { Item: { command?: object } } }[] };
    spawns.push(...TransactItems.flatMap(({ Put }) => (Put?.Item.command ? JSON.stringify(Put.Item.command).length : [])));
  } });
  stops.push(proxy.stop);
  return proxy.endpoint;
}
before(async () => {
  cloud = await testCloud(undefined, { driver: 'fake', around: counter.around, wire });
  demo = await apiAs('demo', cloud.endpoint, cloud.dataDir);
  const image = await activeImage(demo, 'small');
  network = (await demo.get(`${NETWORK}/networks?name=private`)).body.networks[0].id;
  const flavor = (await demo.get(`${COMPUTE}/flavors`)).body.flavors.find(({ name }: { name: string }) => name === 'm1.tiny').id;
  boot = (name, more = {}) => bootServer(demo, { name, image, flavor, networks: [{ uuid: network }], ...more });
});
after(async () => {
  await cloud?.stop();
  for (const stop of [counter.stop, ...stops]) stop();
});

/** The guest as its host keeps it. */
const guest = (uuid: string): { name: string; vifs: Vif[] } => JSON.parse(readFileSync(join(cloud.dataDir, 'hosts', 'compute-1', 'state', 'fake', 'guests', `${uuid}.json`), 'utf8'));
const rulesOf = (uuid: string) => guest(uuid).vifs.flatMap(({ security_rules }) => security_rules);
const created = async (path: string, body: object) => {
  const answer = await demo.post(NETWORK + path, body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return Object.values<any>(answer.body)[0];
};

test('a rule that is added to a running server\'s group, and taken away again, is with its host', async (t) => {
  const group = await created('/security-groups', { security_group: { name: 'web' } });
  const server = await boot('web', { security_groups: [{ name: 'web' }] });
  const open = () => rulesOf(server).some(({ port_range_min }) => port_range_min === 443);
  for (const round of ['first, on cold functions', 'second']) {
    const began = Date.now();
    const rule = await created('/security-group-rules', { security_group_rule: { security_group_id: group.id, direction: 'ingress', protocol: 'tcp', port_range_min: 443, port_range_max: 443 } });
    await eventually(async () => assert.ok(open()), 20);
    t.diagnostic(`opened after ${Date.now() - began} ms (${round})`);
    const closing = Date.now();
    assert.equal((await demo.delete(`${NETWORK}/security-group-rules/${rule.id}`)).status, 204);
    await eventually(async () => assert.ok(!open()), 20);
    t.diagnostic(`closed after ${Date.now() - closing} ms (${round})`);
  }
  assert.equal((await demo.delete(`${COMPUTE}/servers/${server}`)).status, 204);
});

test('servers of the default group let each other in, and nobody who is gone', async () => {
  const own = await created('/ports', { port: { network_id: network } }); // one's port is its owner's
  const [one, two] = [await boot('one', { networks: [{ port: own.id }] }), await boot('two')];
  const addresses = (uuid: string) => guest(uuid).vifs.flatMap(({ fixed_ips }) => fixed_ips.map(({ ip_address }) => ip_address));
  const known = (host: string, group: string): string[] => JSON.parse(readFileSync(join(cloud.dataDir, 'hosts', host, 'state', 'fake', 'security-groups', `${group}.json`), 'utf8')).addresses;
  const letIn = (uuid: string) => rulesOf(uuid).filter(({ direction, ethertype }) => direction === 'ingress' && ethertype === 'IPv4').flatMap(({ remote_group_id }) => (remote_group_id ? known('compute-1', remote_group_id) : []));
  await eventually(async () => assert.deepEqual([letIn(one), letIn(two)], Array(2).fill([...addresses(one), ...addresses(two)].sort())), 20);
  assert.deepEqual(addresses(one), own.fixed_ips.map(({ ip_address }: { ip_address: string }) => ip_address));
  assert.equal((await demo.delete(`${COMPUTE}/servers/${two}`)).status, 204);
  await eventually(async () => assert.deepEqual(letIn(one), addresses(one)), 30);
  assert.equal((await demo.put(`${COMPUTE}/servers/${one}`, { server: { name: 'renamed' } })).status, 200);
  await eventually(async () => assert.equal(guest(one).name, 'renamed'), 20);
});

test('a launch into a group of 200 costs what one into a group of two does, but for telling its host once who came', async (t) => {
  const wide = await created('/networks', { network: { name: 'wide' } });
  await created('/subnets', { subnet: { network_id: wide.id, ip_version: 4, cidr: '10.77.0.0/16' } });
  const group = await created('/security-groups', { security_group: { name: 'crowd' } });
  await created('/security-group-rules', { security_group_rule: { security_group_id: group.id, direction: 'ingress', remote_group_id: group.id } });
  const come = (name: string) => boot(name, { networks: [{ uuid: wide.id }], security_groups: [{ name: 'crowd' }] });
  const settled = () => counter.quiet(1_800); // members are told within a second
  const launch = async (name: string) => {
    await settled();
    counter.take();
    spawns.length = 0;
    await come(name);
    await settled();
    const { writeUnits, requests, messages } = counter.take();
    const dynamodb = Object.entries(requests).reduce((sum, [request, count]) => sum + (/^dynamodb (?!Query|Get|Batch)/.test(request) ? count : 0), 0);
    return { spawn: spawns[0]!, writeUnits, writes: dynamodb, messages };
  };
  await come('first');
  const two = await launch('second');
  const admin = await apiAs('admin', cloud.endpoint, cloud.dataDir);
  const port = { network_id: wide.id, security_groups: [group.id], 'binding:host_id': 'compute-1', project_id: wide.project_id };
  for (let made = 0; made < 200; made += 25) {
    const answer = await admin.post(`${NETWORK}/ports`, { ports: Array(25).fill(port) });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  }
  const many = await launch('another');
  t.diagnostic(`measured: a launch into a group of two: ${JSON.stringify(two)}; of two hundred: ${JSON.stringify(many)}`);
  assert.ok(many.spawn <= 1.02 * two.spawn, 'the command');
  // what it is, and a heartbeat or the sweeper beside it
  assert.ok(many.writeUnits <= 1.1 * two.writeUnits + 8, 'write units');
  assert.ok(many.messages <= two.messages + 2 && many.writes <= two.writes + 5, 'messages and writes');
  assert.equal(JSON.parse(readFileSync(join(cloud.dataDir, 'hosts', 'compute-1', 'state', 'fake', 'security-groups', `${group.id}.json`), 'utf8')).addresses.length, 203);
});
