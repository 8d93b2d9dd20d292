import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { adminToken, caller, startRig, token, type Rig } from './rig.ts';

/*
 * Networks on hosts that keep them to themselves: a network is on one such host at a time.
 */

let rig: Rig;
let call: ReturnType<typeof caller>;
let db: ReturnType<(typeof import('../../shared/store/table.ts'))['table']>;
before(async () => {
  rig = await startRig();
  call = caller((await import('../../functions/neutron-server/http.ts')).handler);
  db = (await import('../../shared/store/table.ts')).table('neutron');
});
after(() => rig.stop());

const service = { 'X-Service-Token': token('service', 'service', 'nova') };
const request = (method: string, path: string, as: string, body?: unknown, headers?: Record<string, string>) =>
  call(method, `/network/v2.0${path}`, { token: as, ...(body !== undefined && { body }), ...(headers && { headers }) });
let projects = 0;
async function ground() {
  const me = token(`hosts${++projects}`);
  const net = (await request('POST', '/networks', me, { network: { name: 'private' } })).body.network;
  await request('POST', '/subnets', me, { subnet: { network_id: net.id, ip_version: 4, cidr: '10.0.0.0/24' } });
  return { me, net };
}
const onHost = (host: string, local = true) => ({ device_id: 'server', device_owner: 'compute:nova', 'binding:host_id': host, ...(local && { 'binding:profile': { host_local_network: true } }) });
const bind = (me: string, network_id: string, host: string, local = true) => request('POST', '/ports', me, { port: { network_id, ...onHost(host, local) } }, service);
const hostOf = async (id: string) => (await request('GET', `/networks/${id}`, adminToken)).body.network['binding:host_id'];
const refusal = ({ status, body }: Awaited<ReturnType<typeof bind>>) => [status, body.NeutronError?.type, body.NeutronError?.message];

test('a network stays on its first host: another one is told where it is, and nothing is left of what it asked for', async () => {
  const { me, net } = await ground();
  const first = await bind(me, net.id, 'A');
  assert.equal(first.status, 201);
  assert.equal((await bind(me, net.id, 'A')).status, 201);
  assert.equal(await hostOf(net.id), 'A');
  const words = [409, 'NetworkOnOtherHost', 'Network private is on host A and does not reach host B yet.'];
  assert.deepEqual(refusal(await bind(me, net.id, 'B')), words);
  assert.deepEqual(refusal(await bind(me, net.id, 'B', false)), words, 'nor one whose networks reach further');
  const loose = (await request('POST', '/ports', me, { port: { network_id: net.id } })).body.port;
  assert.deepEqual(refusal(await request('PUT', `/ports/${loose.id}`, me, { port: onHost('B') }, service)), words);
  assert.equal((await request('GET', `/ports/${loose.id}`, adminToken)).body.port['binding:host_id'], '');
  assert.equal((await request('GET', '/ports', me)).body.ports.length, 3);
});

test('the network is free for another host once its last port has left', async () => {
  const { me, net } = await ground();
  const [one, two] = [(await bind(me, net.id, 'A')).body.port, (await bind(me, net.id, 'A')).body.port];
  await request('DELETE', `/ports/${one.id}`, me);
  assert.equal(await hostOf(net.id), 'A');
  await request('PUT', `/ports/${two.id}`, me, { port: { device_id: '', device_owner: '', 'binding:host_id': '' } }, service);
  assert.equal(await hostOf(net.id), '');
  assert.deepEqual((await request('GET', `/ports/${two.id}`, adminToken)).body.port['binding:profile'], {});
  assert.equal((await bind(me, net.id, 'B')).status, 201);
  assert.equal(await hostOf(net.id), 'B');
});

test('a network that has ports on hosts with an overlay does not come to one without', async () => {
  const { me, net } = await ground();
  await bind(me, net.id, 'far', false);
  await bind(me, net.id, 'further', false);
  assert.match(refusal(await bind(me, net.id, 'A'))[2] as string, /^Network private is on host (far|further) and does not reach host A yet\.$/);
  assert.equal(await hostOf(net.id), '');
});

test('hosts that ask at once: all ports are on one of them', async () => {
  for (let round = 0; round < 6; round++) {
    const { me, net } = await ground();
    const answers = await Promise.all(Array.from({ length: 9 }, (_, i) => bind(me, net.id, 'ABC'[i % 3]!)));
    for (const answer of answers) assert.ok([201, 409, 503].includes(answer.status), JSON.stringify(answer.body));
    const ports = (await request('GET', `/ports?network_id=${net.id}`, adminToken)).body.ports;
    assert.equal(ports.length, answers.filter(({ status }) => status === 201).length);
    assert.ok(ports.length > 0, 'one of them got it');
    assert.deepEqual([...new Set(ports.map((port: any) => port['binding:host_id']))], [await hostOf(net.id)]);
    // everybody goes while others come: whatever is left is on one host
    const [, ...later] = await Promise.all([...ports.map(({ id }: any) => request('DELETE', `/ports/${id}`, me)), ...['A', 'B', 'C'].map((host) => bind(me, net.id, host))]);
    assert.ok(later.length > 0);
    const left = [...new Set((await request('GET', `/ports?network_id=${net.id}`, adminToken)).body.ports.map((port: any) => port['binding:host_id']))];
    assert.ok(left.length <= 1, JSON.stringify(left));
    if (left.length === 1) assert.equal(await hostOf(net.id), left[0]);
  }
});

test('a host that took a network and died before it had a port does not keep it', async () => {
  const { me, net } = await ground();
  await db.put({ pk: `network#${net.id}`, sk: 'host', host: 'A', taken_at: new Date().toISOString() });
  assert.equal((await bind(me, net.id, 'B')).status, 409, 'it may be about to');
  await db.put({ pk: `network#${net.id}`, sk: 'host', host: 'A', taken_at: '2020-01-01T00:00:00.000Z' });
  assert.equal((await bind(me, net.id, 'B')).status, 201);
  assert.equal(await hostOf(net.id), 'B');
});

test('where a network is, is for administrators and services', async () => {
  const { me, net } = await ground();
  await bind(me, net.id, 'A');
  assert.equal((await request('GET', `/networks/${net.id}`, me)).body.network['binding:host_id'], undefined);
  assert.deepEqual((await request('GET', `/networks?id=${net.id}&fields=id&fields=binding:host_id`, me, undefined, service)).body.networks, [{ id: net.id, 'binding:host_id': 'A' }]);
  assert.deepEqual((await request('GET', `/networks?id=${net.id}&fields=id&fields=binding:host_id`, me)).body.networks, [{ id: net.id }]);
  assert.equal((await request('DELETE', `/networks/${net.id}`, me)).status, 409);
});
