import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { actionKey, type InstanceAction, stepsOf } from '../../shared/objects/action.ts';
import { type ProjectQuota, quotaKey } from '../../shared/objects/quota.ts';
import { requestedOf } from '../../shared/objects/request_spec.ts';
import { ids, startNovaApiRig, type NovaApiRig } from '../support/nova-api-rig.ts';
import { adminToken, token } from './rig.ts';

let cloud: NovaApiRig;
before(async () => { cloud = await startNovaApiRig(); });
after(() => cloud.stop());
beforeEach(() => { cloud.world.asked.length = 0; });

let users = 0;
/** A project of its own, where use and limits of others don't matter. */
const someone = () => token(`p${++users}`, 'member,reader', `u${users}`);
const projectOf = (as: string) => as.split(':')[0]!;
const quota = async (project: string) => (await cloud.store.get<ProjectQuota>(quotaKey(project))) ?? ({} as ProjectQuota);
const messageOf = (answer: { body: any }) => Object.values<any>(answer.body)[0].message as string;

test('a launch is accepted, on record, and on its way to the scheduler', async () => {
  const as = someone();
  const answer = await cloud.launch({ metadata: { role: 'web' }, user_data: 'aGk=', config_drive: true }, { as });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  const { id, links, adminPass, security_groups, 'OS-DCF:diskConfig': disk } = answer.body.server;
  assert.equal(answer.headers['location'], links[0].href);
  assert.match(adminPass, /^\w{12}$/);
  assert.deepEqual([security_groups, disk], [[{ name: 'default' }], 'MANUAL']);
  const record = (await cloud.record(id, projectOf(as)))!;
  assert.deepEqual([record.vm_state, record.task_state, record.host, record.sequence, record.attempt], ['building', 'scheduling', null, 0, 0]);
  assert.deepEqual([record.requested_networks, record.security_groups, record.config_drive, record.user_data, record.metadata], [[{ network_id: ids.network }], ['default'], true, 'aGk=', { role: 'web' }]);
  assert.equal(record.block_devices[0]!.device_name, '/dev/vda');
  assert.ok(record.due_at && Date.parse(record.due_at) > Date.now(), 'the sweeper would find it, had its message been lost');
  const messages = (await cloud.rig.take('nova-scheduler')).filter(({ args }) => args.instance_uuid === id);
  assert.deepEqual(messages.map(({ method, args, steps }) => [method, args, steps.map(({ step }) => step)]), [['select_destinations', { instance_uuid: id, project_id: projectOf(as), request_spec: requestedOf(record) }, [8]]]);
  const action = (await cloud.store.get<InstanceAction>(actionKey(id, record.create_request_id)))!;
  assert.equal(action.action, 'create');
  assert.deepEqual(stepsOf(action).map(({ step }) => step), [3, 4, 6, 7]); // 1, 2 and 5 are keystone's, which is not here
  assert.deepEqual({ ...(await quota(projectOf(as))), changes: 0, reserved_at: 0, due_at: 0, due_pk: 0 }, {
    ...quotaKey(projectOf(as)), instances: 1, cores: 1, ram: 512, [`instances@u${users}`]: 1, [`cores@u${users}`]: 1, [`ram@u${users}`]: 512, changes: 0, reserved_at: 0, due_at: 0, due_pk: 0,
  });
});

test('the same request sent twice makes two servers', async () => {
  const as = someone();
  const [one, two] = [await cloud.launch({}, { as }), await cloud.launch({}, { as })];
  assert.notEqual(one.body.server.id, two.body.server.id);
  assert.equal((await cloud.call('GET', '/servers', { as })).body.servers.length, 2);
});

test('several at once have names and hosts of their own, and one reservation', async () => {
  const as = someone();
  const answer = await cloud.launch({ name: 'Web Farm', min_count: 2, max_count: '3', return_reservation_id: true }, { as });
  assert.match(answer.body.reservation_id, /^r-/);
  const { servers } = (await cloud.call('GET', `/servers/detail?reservation_id=${answer.body.reservation_id}&sort_key=display_name&sort_dir=asc`, { as, minor: 90 })).body;
  assert.deepEqual(servers.map((s: any) => [s.name, s['OS-EXT-SRV-ATTR:hostname']]), [['Web Farm-1', 'web-farm-1'], ['Web Farm-2', 'web-farm-2'], ['Web Farm-3', 'web-farm-3']]);
  assert.equal((await quota(projectOf(as))).instances, 3);
});

test('no two requests at once get more than the quota has, and a refusal takes nothing', async () => {
  const as = someone();
  const project = projectOf(as);
  await cloud.store.update(quotaKey(project), { set: { limits: { instances: 5 } } });
  const answers = await Promise.all(Array.from({ length: 12 }, () => cloud.launch({}, { as })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(5).fill(202), ...Array(7).fill(403)]);
  const refused = answers.find(({ status }) => status === 403)!;
  assert.match(messageOf(refused), /^Quota exceeded for instances: Requested 1, but already used 5 of 5 instances$/);
  assert.equal((await quota(project)).instances, 5);
  assert.equal((await cloud.call('GET', '/servers', { as })).body.servers.length, 5);
});

test('as many as the quota has are made, between the least and the most', async () => {
  const as = someone();
  await cloud.store.update(quotaKey(projectOf(as)), { set: { limits: { cores: 2 } } });
  assert.equal((await cloud.launch({ min_count: 3, max_count: 5 }, { as })).status, 403);
  assert.equal((await quota(projectOf(as))).instances ?? 0, 0);
  assert.equal((await cloud.launch({ min_count: 1, max_count: 5 }, { as })).status, 202);
  assert.equal((await quota(projectOf(as))).instances, 2);
});

test('what cannot be launched is refused by what is wrong with it, and takes no quota', async () => {
  const as = someone();
  const refused = async (status: number, message: RegExp, server: object, more: object = {}) => {
    const answer = await cloud.launch(server, { as, ...more });
    assert.equal(answer.status, status, JSON.stringify([server, answer.body]));
    assert.match(messageOf(answer), message);
  };
  assert.equal((await cloud.launch({}, { as: token('unscoped', 'admin') })).status, 403);
  await refused(400, /Flavor nothing could not be found/, { flavorRef: 'nothing' });
  await refused(400, /Can not find requested image/, { imageRef: '99999999-9999-4999-8999-999999999999' });
  await refused(400, /is not active/, { imageRef: ids.queued });
  await refused(400, /memory is too small/, { imageRef: ids.large });
  await refused(400, /disk is too small.*1073741824 bytes/, { imageRef: ids.large, flavorRef: 'thin' });
  await refused(403, /Only volume-backed servers/, { flavorRef: 'diskless' });
  await refused(400, /Invalid key_name/, { key_name: 'nokey' });
  await refused(400, /Security group nogroup not found/, { security_groups: [{ name: 'nogroup' }] });
  await refused(400, /Network 22222222-2222-4222-8222-999999999999 could not be found/, { networks: [{ uuid: '22222222-2222-4222-8222-999999999999' }] });
  await refused(400, /not in proper format/, { networks: [{ uuid: 'private' }] });
  await refused(400, /requires a subnet/, { networks: [{ uuid: ids.bare }] });
  await refused(403, /external network/, { networks: [{ uuid: ids.external }] });
  await refused(409, /still in use/, { networks: [{ port: ids.usedPort }] });
  await refused(400, /could not be found/, { networks: [{ port: '33333333-3333-4333-8333-999999999999' }] });
  await refused(400, /specified twice/, { networks: [{ port: ids.port }, { port: ids.port }] });
  await refused(400, /already in use on instance somebody/, { networks: [{ uuid: ids.network, fixed_ip: '10.0.0.10' }] });
  await refused(400, /not a valid ip address for network/, { networks: [{ uuid: ids.network, fixed_ip: '192.0.2.1' }] });
  await refused(400, /max_count cannot be greater than 1/, { max_count: 2, networks: [{ uuid: ids.network, fixed_ip: '10.0.0.50' }] });
  await refused(400, /single configured port/, { max_count: 2, networks: [{ port: ids.port }] });
  await refused(400, /availability zone is not available/, { availability_zone: 'mars' });
  await refused(403, /forced_host/, { availability_zone: 'nova:compute-1' });
  await refused(400, /failed to get volume/, { imageRef: '', block_device_mapping_v2: [{ source_type: 'volume', destination_type: 'volume', uuid: '44444444-4444-4444-8444-999999999999', boot_index: 0 }] });
  await refused(400, /is not bootable/, { imageRef: '', block_device_mapping_v2: [{ source_type: 'volume', destination_type: 'volume', uuid: ids.volume, boot_index: 0 }] });
  await refused(400, /must be 'available'/, { block_device_mapping: [{ volume_id: ids.usedVolume, device_name: 'vdb' }] });
  await refused(400, /different hosts/, { block_device_mapping: [{ volume_id: ids.volume, device_name: 'vdb' }, { volume_id: ids.farVolume, device_name: 'vdc' }] });
  await refused(400, /syntaxes/, { block_device_mapping: [{ volume_id: ids.volume }], block_device_mapping_v2: [{ source_type: 'blank' }] });
  await refused(403, /metadata items exceeds 128/, { metadata: Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`k${i}`, 'v'])) });
  assert.equal((await quota(projectOf(as))).instances ?? 0, 0);
  assert.equal((await cloud.call('GET', '/servers', { as })).body.servers.length, 0);
  await cloud.store.update(quotaKey(projectOf(as)), { set: { limits: { instances: 0 } } });
  await refused(400, /Can not find requested image/, { imageRef: '99999999-9999-4999-8999-999999999999' });
  await refused(403, /Quota exceeded for instances/, {});
});

test('bodies that the schema does not know are refused with the field named', async () => {
  const bad = async (status: number, message: RegExp, body: unknown, minor = 1) => {
    const answer = await cloud.call('POST', '/servers', { body, minor });
    assert.equal(answer.status, status, JSON.stringify([body, answer.body]));
    assert.match(messageOf(answer), message);
  };
  const server = (more: object) => ({ server: { name: 'vm', flavorRef: 'tiny', imageRef: ids.image, ...more } });
  await bad(400, /not valid JSON/, '{');
  await bad(400, /'server' is a required property/, {});
  await bad(400, /'name' is a required property/, { server: { flavorRef: '1' } });
  await bad(400, /'colour' was unexpected/, server({ colour: 'red' }));
  await bad(400, /attribute name/, server({ name: '' }));
  await bad(400, /attribute name/, server({ name: ' vm' }));
  await bad(400, /attribute name/, server({ name: 'x'.repeat(256) }));
  await bad(400, /user_data/, server({ user_data: '!' }));
  await bad(400, /min_count/, server({ min_count: 0 }));
  await bad(400, /'networks' is a required property/, server({}), 37);
  await bad(413, /too large/, server({ user_data: 'A'.repeat(120_000) }));
});

test('a network is chosen where there is one, and asked for where there are several', async () => {
  const as = token('mine');
  cloud.world.networks.push({ id: ids.other, name: 'second', tenant_id: 'mine', shared: false, 'router:external': false, subnets: ['t'], admin_state_up: true });
  try {
    for (const [server, minor] of [[{}, 1], [{ networks: 'auto' }, 37]] as const) {
      const answer = await cloud.launch(server, { as, minor });
      assert.equal(answer.status, 409);
      assert.match(messageOf(answer), /Multiple possible networks found/);
    }
    const chosen = await cloud.launch({ networks: [{ uuid: ids.other }] }, { as, minor: 37 });
    assert.equal(chosen.status, 202);
    const none = await cloud.launch({ networks: 'none' }, { as, minor: 37 });
    const record = (await cloud.record(none.body.server.id))!;
    assert.deepEqual([record.requested_networks, record.security_groups], ['none', []]);
  } finally {
    cloud.world.networks.pop();
  }
});

test('a server from a volume can only go to the host of the volume', async () => {
  const as = someone();
  const root = { source_type: 'volume', destination_type: 'volume', uuid: ids.bootable, boot_index: 0 };
  const answer = await cloud.launch({ imageRef: '', block_device_mapping_v2: [root] }, { as });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  const record = (await cloud.record(answer.body.server.id, projectOf(as)))!;
  assert.deepEqual([record.image_ref, record.forced_host, record.image_properties, record.block_devices[0]!.volume_size], ['', 'compute-1', { hw_disk_bus: 'scsi' }, 2]);
  const elsewhere = await cloud.launch({ imageRef: '', block_device_mapping_v2: [root], availability_zone: 'nova:compute-2' }, { as: adminToken });
  assert.equal(elsewhere.status, 400);
  assert.match(messageOf(elsewhere), /on host compute-1/);
});

test('a server from a snapshot can only go to the host that has the snapshot', async () => {
  const as = someone();
  const disk = (uuid: string, boot_index = 0) => ({ source_type: 'snapshot', destination_type: 'volume', uuid, boot_index });
  const volume = { source_type: 'volume', destination_type: 'volume', uuid: ids.volume, boot_index: -1 };
  const launch = (...disks: object[]) => cloud.launch({ imageRef: '', block_device_mapping_v2: disks }, { as });
  const answer = await launch(disk(ids.farSnapshot));
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  const record = (await cloud.record(answer.body.server.id, projectOf(as)))!;
  assert.deepEqual([record.forced_host, record.block_devices[0]!.volume_size], ['compute-2', 3]);
  assert.equal((await launch(disk(ids.snapshot), volume)).status, 202);
  for (const [refused, said] of [[[disk(ids.farSnapshot), volume], /different hosts/], [[disk(ids.snapshot), disk(ids.farSnapshot, 1)], /different hosts/], [[disk(ids.newSnapshot)], /must be 'available'.*'creating'/]] as const) {
    const no = await launch(...refused);
    assert.equal(no.status, 400, JSON.stringify(no.body));
    assert.match(messageOf(no), said);
  }
});

test('fields come and go with the versions that have them', async () => {
  const accepts = async (minor: number, server: object) => (await cloud.launch(server, { minor, as: adminToken })).status === 202;
  const since = async (minor: number, server: object) => assert.deepEqual([await accepts(minor - 1, server), await accepts(minor, server)], [false, true], `2.${minor}: ${JSON.stringify(server)}`);
  await cloud.store.update(quotaKey('admins'), { set: { limits: { instances: -1, cores: -1, ram: -1 } } });
  cloud.world.networks[0].tenant_id = 'admins';
  await since(19, { description: 'a server' });
  await since(52, { tags: ['a'] });
  await since(74, { host: 'compute-1' });
  await since(90, { hostname: 'web-1' });
  await since(94, { hostname: 'web-1.example.org' });
  const disk = { source_type: 'image', destination_type: 'local', uuid: ids.image, boot_index: 0 };
  await since(67, { block_device_mapping_v2: [disk, { source_type: 'blank', destination_type: 'volume', volume_size: 1, volume_type: 'fast' }] });
  const tagged = (minor: number) => accepts(minor, { block_device_mapping_v2: [{ ...disk, tag: 'root' }] });
  assert.deepEqual(await Promise.all([31, 32, 33, 41, 42].map(tagged)), [false, true, false, false, true]);
  const nic = (minor: number) => accepts(minor, { networks: [{ uuid: ids.network, tag: 'nic' }] });
  assert.deepEqual(await Promise.all([31, 32, 36, 37, 41, 42].map(nic)), [false, true, true, false, false, true]);
  assert.equal((await cloud.launch({ personality: [] }, { minor: 56, as: adminToken })).status, 202);
  assert.equal((await cloud.launch({ personality: [] }, { minor: 57, as: adminToken })).status, 400);
  cloud.world.networks[0].tenant_id = 'mine';
});

test('an unknown version is refused, and every answer says which one it speaks', async () => {
  const answer = await cloud.call('GET', '/servers', { minor: 999 });
  assert.equal(answer.status, 406);
  const fine = await cloud.call('GET', '/servers', { minor: 42 });
  assert.deepEqual([fine.headers['openstack-api-version'], fine.headers['x-openstack-nova-api-version']], ['compute 2.42', '2.42']);
  assert.match(fine.headers['vary']!, /OpenStack-API-Version.*X-OpenStack-Nova-API-Version/);
  assert.match(fine.headers['x-compute-request-id']!, /^req-/);
  assert.equal((await cloud.nova('GET', '/compute/v2.1/servers', { token: cloud.mine, headers: { 'X-OpenStack-Nova-API-Version': '2.x' } })).status, 400);
  const versions = await cloud.nova('GET', '/compute/', {});
  assert.deepEqual([versions.status, versions.body.versions[0].min_version, versions.body.versions[0].version], [200, '2.1', '2.100']);
  assert.equal((await cloud.nova('GET', '/compute/v2.1', {})).body.version.version, '2.100');
  assert.equal((await cloud.nova('GET', '/compute/v2.1/servers', {})).status, 401);
  assert.equal((await cloud.call('GET', '/nowhere')).status, 404);
  assert.equal((await cloud.call('DELETE', '/servers')).status, 405);
});
