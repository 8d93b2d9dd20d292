import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { computeNodeKey } from '../../shared/objects/compute_node.ts';
import { startNovaApiRig, type NovaApiRig } from '../support/nova-api-rig.ts';
import { adminToken } from './rig.ts';

let cloud: NovaApiRig;
before(async () => { cloud = await startNovaApiRig(); });
after(() => cloud.stop());

const call = (method: string, path: string, minor = 1, body?: object) => cloud.call(method, path, { as: adminToken, minor, ...(body && { body }) });
const hypervisor = async (minor: number) => (await call('GET', '/os-hypervisors/detail', minor)).body.hypervisors[0];

test('hypervisors are for admins, and each version shows them in its way', async () => {
  assert.equal((await cloud.call('GET', '/os-hypervisors')).status, 403);
  await cloud.store.update(computeNodeKey('compute-1'), { set: { cpu_info: { arch: 'x86_64' }, hypervisor_type: 'fake', hypervisor_version: 1000, host_ip: '127.0.0.1' } });
  assert.deepEqual([typeof (await hypervisor(52)).id, typeof (await hypervisor(53)).id], ['number', 'string']);
  assert.deepEqual([(await hypervisor(27)).cpu_info, (await hypervisor(28)).cpu_info], ['{"arch":"x86_64"}', { arch: 'x86_64' }]);
  assert.deepEqual([(await hypervisor(87)).vcpus, (await hypervisor(88)).vcpus, 'uptime' in (await hypervisor(87)), (await hypervisor(88)).uptime], [8, undefined, false, null]);
  const statistics = (minor: number) => call('GET', '/os-hypervisors/statistics', minor);
  assert.deepEqual([(await statistics(52)).body.hypervisor_statistics.count, (await statistics(88)).status], [2, 404]);
  assert.equal((await call('GET', '/os-hypervisors/compute/search', 52)).body.hypervisors.length, 2);
  assert.equal((await call('GET', '/os-hypervisors/compute/search', 53)).status, 404);
  assert.equal((await call('GET', '/os-hypervisors?hypervisor_hostname_pattern=compute-2', 53)).body.hypervisors[0].hypervisor_hostname, 'compute-2');
  assert.deepEqual([(await call('GET', '/os-hypervisors?hypervisor_hostname_pattern=nowhere', 53)).status, (await call('GET', '/os-hypervisors?hypervisor_hostname_pattern=c&limit=1', 53)).status], [404, 400]);
  const page = await call('GET', '/os-hypervisors?limit=1', 33);
  assert.deepEqual([page.body.hypervisors.length, page.body.hypervisors_links[0].rel], [1, 'next']);
  const { id } = (await call('GET', '/os-hypervisors', 53)).body.hypervisors[0];
  assert.equal((await call('GET', `/os-hypervisors/${id}`, 88)).body.hypervisor.service.host, 'compute-1');
  assert.deepEqual([(await call('GET', '/os-hypervisors/7', 52)).status, (await call('GET', '/os-hypervisors/7', 53)).status], [404, 400]);
  const withServers = async (minor: number) => (await call('GET', '/os-hypervisors?with_servers=true', minor)).body.hypervisors[1].servers;
  assert.deepEqual([await withServers(74), await withServers(75)], [undefined, []]);
  const server = (await cloud.launch()).body.server.id;
  await cloud.active(server);
  assert.deepEqual((await call('GET', '/os-hypervisors?with_servers=true', 53)).body.hypervisors[0].servers, [{ uuid: server, name: `instance-${server}` }]);
});

test('hypervisors come in pages by name, and one that was enrolled anew goes by its new id alone', async () => {
  const more = ['a-host', 'compute-10', 'z-host'];
  const model = (await cloud.store.get(computeNodeKey('compute-2')))!;
  for (const [i, host] of more.entries()) await cloud.store.put({ ...model, ...computeNodeKey(host), host, uuid: randomUUID(), legacy_id: 1000 + i, gsi1sk: `2026-01-01T00:00:00.000Z#${host}` });
  for (const minor of [33, 53, 88]) {
    const whole = (await call('GET', '/os-hypervisors', minor)).body.hypervisors;
    assert.deepEqual(whole.map((each: any) => each.hypervisor_hostname), ['a-host', 'compute-1', 'compute-10', 'compute-2', 'z-host']);
    for (const limit of [1, 2, 5]) {
      const paged: unknown[] = [];
      for (let path = `/os-hypervisors?limit=${limit}`; path;) {
        const { hypervisors, hypervisors_links: links } = (await call('GET', path, minor)).body;
        paged.push(...hypervisors);
        path = links ? `/os-hypervisors${new URL(links[0].href).search}` : '';
      }
      assert.deepEqual(paged, whole);
    }
  }
  for (const marker of ['7', randomUUID()]) assert.equal((await call('GET', `/os-hypervisors?limit=1&marker=${marker}`, 53)).status, 400);
  const { uuid: former } = (await cloud.store.get(computeNodeKey('z-host')))!;
  const uuid = randomUUID();
  await cloud.store.update(computeNodeKey('z-host'), { set: { uuid } });
  assert.deepEqual([(await call('GET', `/os-hypervisors/${former}`, 88)).status, (await call('GET', `/os-hypervisors/${uuid}`, 88)).body.hypervisor.service.host], [404, 'z-host']);
  for (const host of more) await cloud.store.remove(computeNodeKey(host));
  assert.equal((await call('GET', `/os-hypervisors/${uuid}`, 88)).status, 404);
  assert.deepEqual((await call('GET', '/os-services?host=compute-2&binary=nova-compute')).body.services.map(({ host }: any) => host), ['compute-2']);
  assert.deepEqual((await call('GET', '/os-services?host=z-host')).body.services, []);
});

test('services are listed, disabled with a reason, forced down, and enabled again, in both styles', async () => {
  const list = async (minor = 53) => (await call('GET', '/os-services?binary=nova-compute', minor)).body.services;
  assert.deepEqual((await call('GET', '/os-services')).body.services.map(({ binary }: any) => binary).sort(), ['nova-compute', 'nova-compute', 'nova-conductor', 'nova-scheduler']);
  assert.deepEqual([(await list(10))[0].forced_down, (await list(11))[0].forced_down], [undefined, false]);
  const old = (action: string, body: object, minor = 11) => call('PUT', `/os-services/${action}`, minor, { host: 'compute-1', binary: 'nova-compute', ...body });
  assert.equal((await old('disable-log-reason', { disabled_reason: 'repair' })).status, 200);
  assert.deepEqual([(await list())[0].status, (await list())[0].disabled_reason], ['disabled', 'repair']);
  assert.equal((await old('enable', {})).status, 200);
  assert.equal((await old('force-down', { forced_down: true })).status, 200);
  assert.equal((await list())[0].state, 'down');
  assert.equal((await old('force-down', { forced_down: 'false' })).status, 200);
  assert.equal((await old('enable', { host: 'nowhere' })).status, 404);
  assert.equal((await old('disable', { binary: 'nova-scheduler' })).status, 400);
  const { id } = (await list())[0];
  const put = (which: string, body: object) => call('PUT', `/os-services/${which}`, 53, body);
  assert.equal((await put(id, { status: 'disabled', disabled_reason: 'x' })).body.service.disabled_reason, 'x');
  assert.deepEqual([(await put(id, { disabled_reason: 'x' })).status, (await put(id, {})).status, (await put('7', { status: 'enabled' })).status], [400, 400, 400]);
  assert.equal((await put(id, { status: 'enabled' })).body.service.status, 'enabled');
  const scheduler = (await call('GET', '/os-services?binary=nova-scheduler', 53)).body.services[0];
  assert.equal((await put(scheduler.id, { status: 'disabled' })).status, 400);
  assert.equal((await put('99999999-9999-4999-8999-999999999999', { status: 'enabled' })).status, 404);
  assert.equal((await cloud.call('GET', '/os-services')).status, 403);
});

test('zones are for everybody, their hosts for admins', async () => {
  assert.deepEqual((await cloud.call('GET', '/os-availability-zone')).body.availabilityZoneInfo, [{ zoneName: 'nova', zoneState: { available: true }, hosts: null }]);
  assert.equal((await cloud.call('GET', '/os-availability-zone/detail')).status, 403);
  const [zone] = (await call('GET', '/os-availability-zone/detail')).body.availabilityZoneInfo;
  assert.deepEqual(Object.keys(zone.hosts), ['compute-1', 'compute-2']);
});
