import assert from 'node:assert/strict';
import { test } from 'node:test';
import { marshall } from '@aws-sdk/util-dynamodb';
import { kept, pack, PACKED, unpacked as read } from './packing.ts';
import type { Item } from './table.ts';

/** By way of the table. */
const unpacked = <T extends Item>(which: 'nova' | 'nova-compute', record: Item) => read<T>(which, marshall(record, { removeUndefinedValues: true, convertClassInstanceToMap: true }));

const made = {
  pk: 'PROJECT#p', sk: 'SERVER#s', vm_state: 'building', host: null, uuid: 's', display_name: 'a', display_description: null, launch_index: 0, locked: false, key_name: null, key_data: null,
  user_data: null, access_ip_v4: null, access_ip_v6: null, availability_zone: null, config_drive: false, locked_reason: null, terminated_at: null,
  flavor: { vcpus: 1, extra_specs: {} }, metadata: JSON.parse('{"__proto__": "a", "constructor": "b"}') as Record<string, string>, tags: ['t'], block_devices: [{ boot_index: 0 }], interfaces: [],
};

test('a record comes back as it was written, whatever its user named things', () => {
  assert.deepEqual(unpacked('nova', kept('nova', pack('nova', made))), made);
  assert.deepEqual(Object.keys(unpacked<typeof made>('nova', pack('nova', made)).metadata), ['__proto__', 'constructor']);
  const said = { ...made, display_description: 'd', launch_index: 2, locked: true, key_name: 'k', key_data: 'ssh', user_data: 'IyEvYmluL3No' };
  assert.deepEqual(unpacked('nova', kept('nova', pack('nova', said))), said);
});

test('what changed later stands for what the record was made with, where it is the usual as well', () => {
  const locked = pack('nova', { ...made, locked: true, tags: ['old'] });
  const later = unpacked<Record<string, unknown>>('nova', { ...locked, locked: false, tags: [], display_description: 'd', user_data: 'later' });
  assert.deepEqual([later['locked'], later['tags'], later['display_description'], later['user_data']], [false, [], 'd', 'later']);
});

test('a record that was written attribute by attribute is read as it stands', () => {
  const plain = { ...made, metadata: { constructor: 'b' } };
  assert.deepEqual(unpacked('nova', plain), plain);
  assert.equal(unpacked<Record<string, unknown>>('nova', { uuid: 's', vm_state: 'active' })['locked'], undefined);
});

test('what a user brings along, which may be large, is not read with names', () => {
  assert.ok(!String(pack('nova', { ...made, user_data: 'IyEvYmluL3No' })[PACKED]).includes('IyEv'));
});

test('what the journal keeps in bytes comes back, and so does what was written before', () => {
  const build = { pk: 'SUBJECT#s', sk: 'BUILD#001', state: 'building', context: { token: 't', roles: ['member'] }, instance: { ...made }, steps: ['[13]'], interfaces: [] };
  const written = kept('nova-compute', { ...build, failure: undefined });
  assert.ok((['context', 'instance', 'steps', 'interfaces'] as const).every((name) => (written[name] as unknown) instanceof Uint8Array));
  assert.deepEqual(unpacked('nova-compute', written), build);
  const before = { ...build, instance: { ...made, metadata: { constructor: 'b' } } };
  assert.deepEqual(unpacked('nova-compute', before), before);
});
