import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SpawnArgs } from '../../../shared/agent/command.ts';
import type { PowerState } from '../../../shared/objects/instance.ts';
import { nameDisks } from './devices.ts';
import type { GuestDisk } from './disks/disks.ts';
import { domainXml, ownerIn } from './domain.ts';
import { defaultSettings } from './settings.ts';
import { powerState } from './states.ts';
import { testAbilities } from './test-abilities.ts';
import { found, parseXml } from './xml.ts';

const args = (more: Partial<SpawnArgs> = {}): SpawnArgs => ({
  instance_uuid: randomUUID(), project_id: 'p', user_id: 'u', name: 'n', hostname: 'h', launch_index: 0,
  flavor: { name: 'f', vcpus: 2, memory_mb: 256, root_gb: 1, ephemeral_gb: 0, swap: 0, extra_specs: {} }, image_properties: {}, disks: [], vifs: [], config_drive: false,
  key_name: null, key_data: null, user_data: null, metadata: {}, availability_zone: 'nova', console_public_key: '', ...more,
});
const disk = (device: string, more: Partial<GuestDisk> = {}): GuestDisk => ({ path: `/disks/${device}`, format: 'raw', device, boot_index: null, bus: undefined, type: 'disk', readonly: false, ...more });
const xmlOf = (spawn: SpawnArgs, disks: GuestDisk[] = [disk('/dev/vda', { boot_index: 0 })], configDrive?: string) =>
  domainXml({ args: spawn, disks, configDrive, abilities: testAbilities, owner: 'me', consoleLog: '/log', tapName: (port) => `tap${port.slice(0, 11)}` });

test('a guest is known to cloud-init as OpenStack\'s, by its own id', () => {
  const spawn = args();
  const xml = parseXml(xmlOf(spawn));
  assert.equal(found(xml, 'uuid')[0]!.textContent, spawn.instance_uuid);
  assert.equal(found(xml, 'name')[0]!.textContent, `instance-${spawn.instance_uuid}`);
  const entries = Object.fromEntries(found(xml, 'sysinfo', 'system', 'entry').map((entry) => [entry.getAttribute('name'), entry.textContent]));
  assert.equal(entries['product'], 'OpenStack Nova');
  assert.equal(entries['serial'], spawn.instance_uuid);
  assert.equal(ownerIn(xmlOf(spawn)), 'me');
});

test('no name, key, user data or metadata of a user stands in a definition', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
    const instance_uuid = randomUUID();
    const plain = args({ instance_uuid });
    const hostile = { ...plain, name: text, hostname: text, key_name: text, key_data: text, user_data: text, metadata: { [text]: text }, availability_zone: text, project_id: text, user_id: text, flavor: { ...plain.flavor, name: text }, image_properties: { title: text } };
    assert.equal(xmlOf(hostile), xmlOf(plain));
  }), { numRuns: 25 });
});

test('disks have the names that were asked for, and a config drive takes none of theirs', () => {
  const settings = defaultSettings(testAbilities);
  const named = nameDisks([disk('/dev/vda'), disk('/dev/vdc'), disk('/dev/vdb', { bus: 'sata' }), disk('', { type: 'cdrom' })], settings);
  assert.deepEqual(named.map(({ target, bus }) => [target, bus]), [['vda', 'virtio'], ['vdc', 'virtio'], ['sda', 'sata'], ['sdb', 'sata']]);
});

test('QEMU is told each file\'s format, guesses none, and leaves what guests share to its owner', () => {
  const xml = parseXml(xmlOf(args(), [disk('/dev/vda', { format: 'qcow2', backing: { path: '/base', format: 'raw' } }), disk('/dev/vdb', { serial: 'v1' })]));
  const [root, volume] = found(xml, 'devices', 'disk');
  assert.equal(found(root!, 'backingStore', 'format')[0]!.getAttribute('type'), 'raw');
  assert.equal(found(root!, 'backingStore', 'source', 'seclabel')[0]!.getAttribute('relabel'), 'no');
  assert.equal(found(root!, 'backingStore', 'backingStore').length, 1);
  assert.equal(found(volume!, 'driver')[0]!.getAttribute('type'), 'raw');
  assert.equal(found(volume!, 'serial')[0]!.textContent, 'v1');
});

test('power states are Nova\'s', () => {
  const domain = (state: number, reason = 1, saved = false) => ({ state, reason, saved });
  const after = (power_state: PowerState, now: ReturnType<typeof domain> | undefined, stopped = false) => powerState(now, { power_state, stopped });
  assert.deepEqual([
    after(4, domain(1)), after(1, domain(3)), after(1, domain(5, 1)), after(1, domain(5, 3)), after(1, domain(5, 5, true)),
    after(6, domain(5, 0)), after(1, domain(5, 0)), after(4, domain(5, 3), true), after(1, undefined),
  ], [1, 3, 4, 6, 7, 6, 4, 4, 4]);
});
