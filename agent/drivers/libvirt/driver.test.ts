import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { PowerState } from '../../../shared/objects/instance.ts';
import { eventually } from '../../../test/support/eventually.ts';
import type { Disks } from './disks/disks.ts';
import { libvirtDriver } from './driver.ts';
import type { Guest } from './guests.ts';
import { NoDomain, type Virsh } from './virsh.ts';

const signal = new AbortController().signal;

/** A driver that finds guests in its records, and that none of them runs any more. */
function hostWithEndedGuests(t: TestContext, count: number, told: (uuid: string, state: PowerState) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-driver-'));
  const files = join(folder, 'guests');
  mkdirSync(files);
  const uuids = Array.from({ length: count }, () => randomUUID());
  for (const uuid of uuids) writeFileSync(join(files, `${uuid}.json`), JSON.stringify({ uuid, args: { instance_uuid: uuid, name: 'before', vifs: [], disks: [], metadata: {} }, built: true, power_state: 1, done: [] }));
  const virsh: Virsh = Object.assign(async (words: string[]) => {
    if (words.some((word) => word.startsWith('instance-'))) throw new NoDomain('The guest is not known to libvirt.');
    return '';
  }, { uri: 'test:///default' });
  const driver = libvirtDriver({
    host: 'test', folder, capacity: { vcpus: 1, memory_mb: 1, local_gb: 1 }, images: { async verify() {}, async fetch() {} }, consoleChanged: () => {}, powerChanged: told,
  }, {
    virsh,
    disks: { async remove() {}, close() {} } as unknown as Disks,
    network: { tapName: () => '', async prepare() {}, async plug() {}, async refresh() {}, async unplug() {}, tellGroup: async () => false, unknownGroups: () => [], ports: () => [], async recover() {}, close() {} },
  });
  t.after(() => {
    driver.close();
    rmSync(folder, { recursive: true });
  });
  return { driver, uuids, names: () => readdirSync(files), record: (uuid: string) => JSON.parse(readFileSync(join(files, `${uuid}.json`), 'utf8')) as Guest };
}

test('a command that comes while its guest\'s end is being written down has its effect, and keeps it', async (t) => {
  const commands: Promise<unknown>[] = [];
  const told = new Set<string>();
  const { driver, uuids, names, record } = hostWithEndedGuests(t, 20, (uuid) => {
    told.add(uuid);
    const next = driver.guests()[told.size];
    // with the next guest's record the driver begins at once
    if (next) queueMicrotask(() => commands.push(driver.actions.refresh_metadata({ instance_uuid: next.uuid, name: 'after', metadata: {} }, { id: 'rename', signal })));
  });
  await eventually(async () => assert.equal(told.size, uuids.length));
  await Promise.all(commands);
  assert.equal(commands.length, uuids.length - 1);
  for (const { uuid } of driver.guests().slice(1)) {
    const { args, done, power_state } = record(uuid);
    assert.deepEqual([args.name, done, power_state], ['after', ['rename'], 4]);
  }
  assert.deepEqual(names().toSorted(), uuids.map((uuid) => `${uuid}.json`).toSorted());
});

test('a guest that is destroyed while others\' ends are being written down does not come back', async (t) => {
  const destroyed: Promise<unknown>[] = [];
  const { driver, uuids, names } = hostWithEndedGuests(t, 20, () => {
    if (destroyed.length === 0) for (const { uuid } of driver.guests().slice(1)) destroyed.push(driver.actions.destroy({ instance_uuid: uuid }, { id: 'destroy', signal }));
  });
  await eventually(async () => assert.equal(destroyed.length, uuids.length - 1));
  await Promise.all(destroyed);
  assert.deepEqual([names(), driver.guests().length], [[`${driver.guests()[0]!.uuid}.json`], 1]);
});
