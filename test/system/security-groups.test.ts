import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { apiAs, type Api } from '../support/api.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
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
before(async () => {
  cloud = await testCloud(undefined, { driver: 'fake' });
  demo = await apiAs('demo', cloud.endpoint, cloud.dataDir);
  const image = await activeImage(demo, 'small');
  network = (await demo.get(`${NETWORK}/networks?name=private`)).body.networks[0].id;
  const flavor = (await demo.get(`${COMPUTE}/flavors`)).body.flavors.find(({ name }: { name: string }) => name === 'm1.tiny').id;
  boot = (name, more = {}) => bootServer(demo, { name, image, flavor, networks: [{ uuid: network }], ...more });
});
after(() => cloud?.stop());

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
