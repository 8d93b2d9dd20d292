import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kept, pack, PACKED, unpacked } from './packing.ts';

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
  assert.deepEqual(unpacked('nova', { ...made }), made);
  assert.equal(unpacked<Record<string, unknown>>('nova', { uuid: 's', vm_state: 'active' })['locked'], undefined);
});

test('a record whose parts were kept as text is read as it stands', () => {
  const { pk, sk, vm_state, ...others } = made;
  const textual = { pk, sk, vm_state, [PACKED]: JSON.stringify({ uuid: others.uuid, display_name: others.display_name, flavor: others.flavor, metadata: others.metadata, tags: others.tags }), block_devices: '[{"boot_index":0}]', interfaces: '[]', host: null };
  assert.deepEqual(unpacked('nova', textual), made);
});

test('what a user brings along, which may be large, is not read with names', () => {
  const { [PACKED]: packed, ...others } = pack('nova', { ...made, user_data: 'IyEvYmluL3No' });
  assert.deepEqual([others['user_data'], (unpacked('nova', { [PACKED]: packed }) as Record<string, unknown>)['user_data']], ['IyEvYmluL3No', null]);
});

test('what the journal keeps in bytes comes back, and so does what was written before', () => {
  const build = { pk: 'SUBJECT#s', sk: 'BUILD#001', state: 'building', context: { token: 't'.repeat(100), roles: ['member'] }, instance: { ...made }, steps: ['[13]'], interfaces: [], failure: undefined };
  const written = kept('nova-compute', build);
  const kinds = (['context', 'instance', 'steps', 'interfaces'] as const).map((name) => ((written[name] as unknown) instanceof Uint8Array ? 'bytes' : typeof written[name]));
  assert.deepEqual(kinds, ['bytes', 'bytes', 'string', 'string'], 'what is short stays text');
  const { failure, ...said } = build;
  assert.equal(failure, undefined);
  assert.deepEqual(unpacked('nova-compute', JSON.parse(JSON.stringify(said)) as typeof said), said);
  assert.deepEqual(unpacked('nova-compute', { ...written, failure: undefined }), build);
});
