import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { command, image, spawnArgs, startAgentRig, vif, type AgentRig } from './agent-rig.ts';

let rig: AgentRig;
before(async () => {
  rig = await startAgentRig();
  await rig.start();
});
after(() => rig.stop());

const file = (volume: string) => join(rig.stateDir(), 'fake/pool', `${volume}.raw`);
const disk = (volume_id: string, device = '/dev/vdb') => ({ device, boot_index: null, source: { type: 'volume' as const, volume_id } });
async function volume(size_gb = 1) {
  const volume_id = randomUUID();
  assert.equal((await rig.do(command('create_volume', { volume_id, size_gb }))).outcome, 'done');
  return volume_id;
}
async function server(more: Parameters<typeof spawnArgs>[1] = {}) {
  const instance_uuid = randomUUID();
  const report = await rig.do(command('spawn', spawnArgs(instance_uuid, more)));
  return { instance_uuid, report };
}

test('a volume is a file of its size that takes no room, and its deletion leaves nothing', async () => {
  const volume_id = await volume(7);
  assert.equal(statSync(file(volume_id)).size, 7 * 1024 ** 3);
  assert.ok(statSync(file(volume_id)).blocks < 100);
  assert.equal((await rig.do(command('delete_volume', { volume_id }))).outcome, 'done');
  assert.equal(existsSync(file(volume_id)), false);
  assert.equal((await rig.do(command('delete_volume', { volume_id }))).outcome, 'done', 'a second deletion is no error');
});

test('volumes that cannot be made say why: no room, no source, an image that is too large', async () => {
  const create = (more: object) => rig.do(command('create_volume', { volume_id: randomUUID(), size_gb: 1, ...more }));
  assert.match((await create({ size_gb: 100_000 })).reason!, /no room/);
  assert.match((await create({ source_volume_id: randomUUID() })).reason!, /Source volume/);
  assert.match((await create({ image: { id: image.id, location: `s3://images/${image.id}`, size: 2 * 1024 ** 3, checksum: null, disk_format: 'raw' } })).reason!, /larger/);
  const source = await volume(1);
  assert.equal((await create({ source_volume_id: source, size_gb: 2 })).outcome, 'done');
});

test('a volume is attached to one server at a time, keeps it from deletion, and outlives the server', async () => {
  const [one, two, volume_id] = [await server(), await server(), await volume()];
  assert.equal((await rig.do(command('attach_volume', { instance_uuid: one.instance_uuid, disk: disk(volume_id) }))).outcome, 'done');
  assert.match((await rig.do(command('attach_volume', { instance_uuid: two.instance_uuid, disk: disk(volume_id) }))).reason!, /another instance/);
  assert.match((await rig.do(command('attach_volume', { instance_uuid: one.instance_uuid, disk: disk(await volume()) }))).reason!, /in use/);
  assert.match((await rig.do(command('delete_volume', { volume_id }))).reason!, /attached/);
  await rig.do(command('destroy', { instance_uuid: one.instance_uuid }));
  assert.ok(existsSync(file(volume_id)));
  assert.equal((await rig.do(command('attach_volume', { instance_uuid: two.instance_uuid, disk: disk(volume_id) }))).outcome, 'done');
  assert.equal((await rig.do(command('detach_volume', { instance_uuid: two.instance_uuid, volume_id }))).outcome, 'done');
  assert.equal((await rig.do(command('delete_volume', { volume_id }))).outcome, 'done');
});

test('a server boots from a volume of its host, and from no other', async () => {
  const there = await server({ disks: [disk(await volume(), '/dev/vda')] });
  assert.equal(there.report.outcome, 'done');
  const elsewhere = await server({ disks: [disk(randomUUID(), '/dev/vda')] });
  assert.match(elsewhere.report.reason!, /not on this host/);
});

test('interfaces come and go, and the console log tells of it', async () => {
  const { instance_uuid } = await server({ vifs: [] });
  const port_id = randomUUID();
  await rig.do(command('attach_interface', { instance_uuid, vif: vif(port_id) }));
  await rig.do(command('attach_interface', { instance_uuid, vif: vif(port_id) }));
  assert.equal(rig.guest(instance_uuid)!.vifs.length, 1);
  await rig.do(command('detach_interface', { instance_uuid, port_id }));
  assert.equal(rig.guest(instance_uuid)!.vifs.length, 0);
  assert.match(rig.guest(instance_uuid)!.console, /attached interface fa:16:3e:00:00:01[^]*detached interface/);
});

test('what a guest cannot do in its state, or is not there for, fails with the reason', async () => {
  const { instance_uuid } = await server();
  await rig.do(command('pause', { instance_uuid }));
  assert.match((await rig.do(command('start', { instance_uuid }))).reason!, /paused/);
  assert.match((await rig.do(command('reboot', { instance_uuid, type: 'SOFT' }))).reason!, /paused/);
  assert.match((await rig.do(command('stop', { instance_uuid: randomUUID(), timeout: 1 }))).reason!, /could not be found/);
});
