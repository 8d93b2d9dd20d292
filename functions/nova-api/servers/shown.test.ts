import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance } from '../../../shared/objects/instance.ts';
import { filtersOf } from './filters.ts';
import { sortKeys } from './list-schema.ts';
import { basicAttributes, shownTo } from './shown.ts';
import { basicServer, detailedServer } from './view.ts';

const server = {
  uuid: 's', project_id: 'p', user_id: 'u', display_name: 'a', display_description: null, hostname: 'a', reservation_id: 'r-1', launch_index: 0, created_at: '2026-01-31T12:00:00Z', updated_at: '2026-01-31T12:00:00Z',
  launched_at: null, terminated_at: null, vm_state: 'error', task_state: null, power_state: 1, host: 'h', node: 'h', availability_zone: null, flavor: { flavorid: '1', extra_specs: {} }, image_ref: 'i', image_properties: {},
  key_name: null, user_data: null, config_drive: false, metadata: {}, tags: [], security_groups: ['default'], block_devices: [{ boot_index: 0, device_name: '/dev/vda', volume_id: 'v' }],
  interfaces: [{ network_label: 'n', mac_address: 'm', fixed_ips: [{ ip_address: '10.0.0.2', version: 4 }] }], scheduler_hints: {}, access_ip_v4: null, access_ip_v6: null, disk_config: 'AUTO',
  locked: false, locked_reason: null, fault: { code: 500, created: '2026-01-31T12:00:00Z', message: 'm', details: 'd' },
} as unknown as Instance;

/** The attributes that are looked at meanwhile. */
function lookedAt(what: (watched: Instance) => void): string[] {
  const names = new Set<string>();
  what(new Proxy(server, { get: (target, name) => (names.add(String(name)), target[name as string]) }));
  return [...names].sort();
}
const missing = (names: string[], from: string[]) => names.filter((name) => !from.includes(name));
const asked = (minor: number, all = true) => ({ baseUrl: 'http://c', version: { major: 2, minor }, allowed: () => all, context: { roles: ['admin'] } }) as unknown as Parameters<typeof detailedServer>[1];

test('a list reads all that a view shows, in every version', () => {
  for (const all of [true, false]) {
    const looked = lookedAt((watched) => { for (let minor = 1; minor <= 100; minor++) detailedServer(watched, asked(minor, all)); });
    assert.ok(looked.length > 25);
    assert.deepEqual(missing(looked, shownTo({ allowed: () => all })), []);
  }
  assert.deepEqual(missing(lookedAt((watched) => basicServer(watched, asked(100))), basicAttributes), []);
});

test('a list reads all that it may be filtered or sorted by', async () => {
  const named = ['name', 'image', 'flavor', 'reservation_id', 'availability_zone', 'config_drive', 'key_name', 'created_at', 'launched_at', 'terminated_at', 'power_state', 'task_state', 'vm_state', 'user_id', 'host', 'node',
    'hostname', 'uuid', 'description', 'launch_index', 'locked_by', 'root_device_name', 'access_ip_v4', 'access_ip_v6', 'auto_disk_config', 'locked', 'tags', 'not-tags', 'ip', 'ip6', 'display_name', 'image_ref', 'display_description', 'tags-any', 'not-tags-any'];
  const query = new URLSearchParams([...named.map((name): [string, string] => [name, '1']), ['status', 'ERROR'], ['changes-since', '2026-01-01T00:00:00Z']]);
  const filters = await filtersOf({ query, version: { major: 2, minor: 100 }, allowed: () => true });
  const looked = lookedAt((watched) => filters!.forEach((filter) => filter(watched)));
  assert.ok(looked.length > 25);
  assert.deepEqual(missing(looked, shownTo({ allowed: () => false })), []);
  assert.deepEqual(missing(Object.values(sortKeys).flatMap((path) => path.split('.')[0] || []), shownTo({ allowed: () => false })), []);
});
