import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiAs } from '../support/api.ts';
import { testCloud } from '../support/cloud.ts';
import { eventually } from '../support/eventually.ts';

const COMPUTE = '/compute/v2.1';

test('with several hosts: no volume on a drained one, servers go where their snapshot is, and away although their volume has one', { timeout: 300_000 }, async (t) => {
  const cloud = await testCloud(t, { hypervisors: 2 });
  const demo = await apiAs('demo', cloud.endpoint, cloud.dataDir);
  const admin = await apiAs('admin', cloud.endpoint, cloud.dataDir);
  const made = async (path: string, body: object, kind: string) => {
    const answer = await demo.post(path, body);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return answer.body[kind].id as string;
  };
  const becomes = (path: string, kind: string, status: string) => eventually(async () => {
    const shown = (await demo.get(path)).body[kind];
    assert.equal(shown.status, status, JSON.stringify(shown.fault));
  }, 60);
  const volumeOf = async (id: string) => (await admin.get(`/volume/v3/volumes/${id}`)).body.volume;
  const service = (what: 'enable' | 'disable', host: string) => admin.put(`${COMPUTE}/os-services/${what}`, { host, binary: 'nova-compute' });

  const [drained, other] = (await admin.get(`${COMPUTE}/os-services?binary=nova-compute`)).body.services.map(({ host }: { host: string }) => host) as [string, string];
  assert.equal((await service('disable', drained)).status, 200);
  const pools = (await admin.get('/volume/v3/os-services?binary=cinder-volume')).body.services;
  assert.deepEqual(pools.map((pool: any) => [pool.host, pool.status, pool.state]).sort(), [[drained, 'disabled', 'up'], [other, 'enabled', 'up']].sort());
  const volumes = await Promise.all([1, 2, 3].map(() => made('/volume/v3/volumes', { volume: { size: 1 } }, 'volume')));
  for (const id of volumes) assert.equal((await volumeOf(id))['os-vol-host-attr:host'], other);
  assert.equal((await service('enable', drained)).status, 200);

  const [volume] = volumes as [string];
  await becomes(`/volume/v3/volumes/${volume}`, 'volume', 'available');
  const snapshot = await made('/volume/v3/snapshots', { snapshot: { volume_id: volume } }, 'snapshot');
  await becomes(`/volume/v3/snapshots/${snapshot}`, 'snapshot', 'available');
  await admin.post(`/volume/v3/volumes/${volume}/action`, { 'os-set_bootable': { bootable: true } });
  const network = (await demo.get('/network/v2.0/networks?name=private')).body.networks[0].id;
  const boot = (disk: object) => made(`${COMPUTE}/servers`, {
    server: { name: 'v', flavorRef: '1', imageRef: '', networks: [{ uuid: network }], block_device_mapping_v2: [{ boot_index: 0, destination_type: 'volume', delete_on_termination: true, ...disk }] },
  }, 'server');
  // more than one: the scheduler would spread them
  const servers = [...(await Promise.all([1, 2].map(() => boot({ source_type: 'snapshot', uuid: snapshot })))), await boot({ source_type: 'volume', uuid: volume })];
  for (const id of servers) {
    await becomes(`${COMPUTE}/servers/${id}`, 'server', 'ACTIVE');
    assert.equal((await admin.get(`${COMPUTE}/servers/${id}`)).body.server['OS-EXT-SRV-ATTR:host'], other);
    assert.equal((await demo.delete(`${COMPUTE}/servers/${id}`)).status, 204);
  }
  for (const id of servers) await eventually(async () => assert.equal((await demo.get(`${COMPUTE}/servers/${id}`)).status, 404), 60);
  assert.deepEqual((await demo.get('/network/v2.0/ports')).body.ports.filter((port: any) => port.device_owner.startsWith('compute:')), [], 'their ports are free');
  await becomes(`/volume/v3/volumes/${volume}`, 'volume', 'available');
  await eventually(async () => assert.deepEqual((await demo.get('/volume/v3/volumes')).body.volumes.map(({ id }: { id: string }) => id).sort(), [...volumes].sort()), 60);
});
