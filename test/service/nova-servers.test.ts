import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeJwt } from 'jose';
import { consoleLogKey } from '../../shared/agent/console.ts';
import { environment } from '../../shared/deployment/declaration.ts';
import { actionKey, type InstanceAction } from '../../shared/objects/action.ts';
import { quotaKey } from '../../shared/objects/quota.ts';
import { ids, startNovaApiRig, type NovaApiRig } from '../support/nova-api-rig.ts';
import { adminToken, token } from './rig.ts';

let cloud: NovaApiRig;
before(async () => {
  cloud = await startNovaApiRig();
  await cloud.store.update(quotaKey('mine'), { set: { limits: { instances: -1, cores: -1, ram: -1 } } });
});
after(() => cloud.stop());

const stranger = token('theirs', 'member,reader', 'them');
const readerOnly = token('mine', 'reader');
const messageOf = (answer: { body: any }) => Object.values<any>(answer.body)[0].message as string;
async function server(more: object = {}, record: object = {}): Promise<string> {
  const answer = await cloud.launch(more, { minor: 90 });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  await cloud.active(answer.body.server.id, record);
  return answer.body.server.id;
}
const show = async (id: string, minor = 1, as?: string) => (await cloud.call('GET', `/servers/${id}`, { minor, ...(as && { as }) })).body.server;
const act = (id: string, body: object, options: { as?: string; minor?: number } = {}) => cloud.call('POST', `/servers/${id}/action`, { body, ...options });
const messagesOf = async (id: string) => (await cloud.rig.take('nova-compute')).filter(({ args }) => args.instance_uuid === id);
const admin = () => token('mine', 'admin,member,reader', 'root');

test('each version of a server shows what it added, and takes away what it took', async () => {
  const id = await server({ tags: ['a'], description: 'd', metadata: { k: 'v' } });
  const keys = async (minor: number, as?: string) => Object.keys(await show(id, minor, as));
  const added: Record<string, number> = { locked: 9, description: 19, tags: 26, trusted_image_certificates: 63, server_groups: 71, locked_reason: 73, 'OS-EXT-SRV-ATTR:hostname': 90, pinned_availability_zone: 96, scheduler_hints: 100 };
  for (const [key, minor] of Object.entries(added)) assert.deepEqual([(await keys(minor - 1)).includes(key), (await keys(minor)).includes(key)], [false, true], `${key} since 2.${minor}`);
  const adminSees = async (minor: number) => (await keys(minor, admin())).filter((key) => key.startsWith('OS-EXT-SRV-ATTR') || key === 'host_status');
  assert.deepEqual(await adminSees(1), ['OS-EXT-SRV-ATTR:host', 'OS-EXT-SRV-ATTR:instance_name', 'OS-EXT-SRV-ATTR:hypervisor_hostname']);
  assert.ok((await adminSees(3)).includes('OS-EXT-SRV-ATTR:user_data'));
  assert.deepEqual([(await adminSees(15)).includes('host_status'), (await show(id, 16, admin())).host_status], [false, 'UP']);
  assert.ok(!(await keys(89)).some((key) => key.startsWith('OS-EXT-SRV-ATTR')), 'where it runs is not for its owner');
  assert.deepEqual(Object.keys((await show(id, 46)).flavor), ['id', 'links']);
  assert.deepEqual((await show(id, 47)).flavor, { vcpus: 1, ram: 512, disk: 1, ephemeral: 0, swap: 0, original_name: 'tiny', extra_specs: {} });
  assert.equal((await show(id, 97)).image.properties, undefined);
  assert.deepEqual((await show(id, 98)).image.properties, { hw_disk_bus: 'virtio', os_distro: 'centos' });
  assert.equal((await cloud.call('GET', '/servers/detail', { minor: 71 })).body.servers[0].server_groups, undefined);
});

test('a server looks as clients expect it to while it is built, runs, fails and ends', async () => {
  const answer = await cloud.launch();
  const { id } = answer.body.server;
  const building = await show(id);
  assert.deepEqual([building.status, building['OS-EXT-STS:task_state'], building.addresses, building.hostId, building.progress, building['OS-EXT-AZ:availability_zone']], ['BUILD', 'scheduling', {}, '', 0, '']);
  await cloud.active(id);
  const running = await show(id);
  assert.deepEqual(running.addresses, { private: [{ version: 4, addr: '10.0.0.10', 'OS-EXT-IPS:type': 'fixed', 'OS-EXT-IPS-MAC:mac_addr': 'fa:16:3e:00:00:02' }] });
  assert.deepEqual([running.status, running['OS-EXT-STS:power_state'], running['OS-SRV-USG:launched_at'], running['OS-EXT-AZ:availability_zone']], ['ACTIVE', 1, '2026-01-31T12:00:00.000000', 'nova']);
  assert.match(running.hostId, /^[0-9a-f]{56}$/);
  await cloud.active(id, { vm_state: 'error', fault: { code: 500, created: '2026-01-31T12:00:00Z', message: 'No valid host was found. There are not enough hosts available.', details: 'Filter results: []' } });
  const failed = await show(id);
  assert.deepEqual([failed.status, failed.fault, failed.progress], ['ERROR', { code: 500, created: '2026-01-31T12:00:00Z', message: 'No valid host was found. There are not enough hosts available.' }, undefined]);
  assert.equal((await show(id, 1, admin())).fault.details, 'Filter results: []');
  for (const [vm_state, task_state, status] of [['stopped', null, 'SHUTOFF'], ['paused', null, 'PAUSED'], ['suspended', null, 'SUSPENDED'], ['active', 'rebooting', 'REBOOT'], ['active', 'rebooting_hard', 'HARD_REBOOT']]) {
    await cloud.active(id, { vm_state, task_state });
    assert.equal((await show(id)).status, status);
  }
});

test("another project's server is not there; an admin sees it", async () => {
  const id = await server();
  const paths = [['GET', ''], ['DELETE', ''], ['GET', '/ips'], ['GET', '/metadata'], ['GET', '/os-interface'], ['GET', '/os-volume_attachments'], ['GET', '/os-instance-actions']] as const;
  for (const [method, path] of paths) assert.equal((await cloud.call(method, `/servers/${id}${path}`, { as: stranger })).status, 404, `${method} ${path}`);
  assert.equal((await act(id, { 'os-stop': null }, { as: stranger })).status, 404);
  assert.equal((await show(id, 1, adminToken)).id, id);
  assert.equal((await cloud.call('GET', '/servers/detail?all_tenants=1', { as: stranger })).status, 403);
  assert.ok((await cloud.call('GET', '/servers/detail?all_tenants=1', { as: adminToken })).body.servers.some((each: any) => each.id === id));
  assert.equal((await cloud.call('GET', '/servers/detail', { as: stranger })).body.servers.length, 0);
});

test('a reader may look and no more', async () => {
  const id = await server();
  assert.equal((await cloud.call('GET', `/servers/${id}`, { as: readerOnly })).status, 200);
  for (const answer of [await cloud.call('DELETE', `/servers/${id}`, { as: readerOnly }), await act(id, { 'os-stop': null }, { as: readerOnly }), await cloud.launch({}, { as: readerOnly })]) {
    assert.equal(answer.status, 403);
    assert.match(messageOf(answer), /^Policy doesn't allow os_compute_api:servers:\w+ to be performed\.$/);
  }
});

test('lists are filtered, sorted and paged', async () => {
  const as = token('lists', 'member,reader', 'lister');
  const make = async (name: string, more: object = {}, record: object = {}) => {
    const { body } = await cloud.launch({ name, ...more }, { as, minor: 52 });
    await cloud.active(body.server.id, { updated_at: '2026-01-31T12:00:00Z', ...record }, 'lists');
    return body.server.id as string;
  };
  const [a, bb, ccc] = [await make('a', { tags: ['red'] }), await make('bb', { tags: ['red', 'green'], flavorRef: 'small' }, { vm_state: 'stopped' }), await make('ccc', { key_name: undefined }, { updated_at: '2026-02-02T00:00:00Z', vm_state: 'error' })];
  const list = async (query: string, minor = 90) => {
    const answer = await cloud.call('GET', `/servers?${query}`, { as, minor });
    return answer.status === 200 ? answer.body.servers.map(({ name }: any) => name).join(' ') : answer.status;
  };
  assert.equal(await list(''), 'ccc bb a');
  assert.equal(await list('sort_key=display_name&sort_dir=asc'), 'a bb ccc');
  assert.equal(await list('name=^.b'), 'bb');
  assert.equal(await list('name=('), 400);
  assert.equal(await list('status=SHUTOFF'), 'bb');
  assert.equal(await list('status=ACTIVE&status=error'), 'ccc a');
  assert.equal(await list('status=purple'), 400);
  assert.equal(await list('status=purple', 37), '');
  assert.equal(await list('status=deleted'), 403);
  assert.equal(await list('flavor=small'), 'bb');
  assert.equal(await list(`image=${ids.image}`), 'ccc bb a');
  assert.equal(await list('ip=10.0.0'), 'ccc bb a');
  assert.equal(await list('ip=10.9'), '');
  assert.equal(await list('tags=red'), 'bb a');
  assert.equal(await list('tags=red,green'), 'bb');
  assert.equal(await list('tags-any=green,blue'), 'bb');
  assert.equal(await list('not-tags=red'), 'ccc');
  assert.equal(await list('not-tags-any=green'), 'ccc a');
  assert.equal(await list('changes-since=2026-02-01T00:00:00Z'), 'ccc');
  assert.equal(await list('changes-before=2026-02-01T00:00:00Z'), 'bb a');
  assert.equal(await list('changes-since=yesterday'), 400);
  assert.equal(await list('vm_state=stopped', 82), 'ccc bb a');
  assert.equal(await list('vm_state=stopped', 83), 'bb');
  assert.equal(await list('host=nowhere', 74), 'ccc bb a', 'what only admins may ask by is passed over');
  assert.equal(await list('colour=red', 74), 'ccc bb a');
  assert.equal(await list('colour=red', 75), 400);
  assert.equal(await list('sort_key=host'), 403);
  assert.equal(await list('limit=-1'), 400);
  assert.equal(await list('marker=nobody'), 400);
  const first = await cloud.call('GET', '/servers?limit=2', { as });
  assert.deepEqual(first.body.servers.map(({ id }: any) => id), [ccc, bb]);
  const next = new URL(first.body.servers_links[0].href);
  assert.equal(next.searchParams.get('marker'), bb);
  const second = await cloud.nova('GET', next.pathname + next.search, { token: as });
  assert.deepEqual([second.body.servers.map(({ id }: any) => id), second.body.servers_links], [[a], undefined]);
  await cloud.deleted(a, 'lists');
  assert.equal(await list(''), 'ccc bb');
  assert.equal(await list('changes-since=2026-02-01T00:00:00Z'), 'ccc a', 'changes show what is gone');
  const everywhere = async (query: string) => (await cloud.call('GET', `/servers?all_tenants=1&${query}`, { as: adminToken, minor: 83 })).body.servers.map(({ id }: any) => id).filter((id: string) => [a, bb, ccc].includes(id));
  for (const [query, ids] of [['', [ccc, bb]], ['deleted=true', [a]], ['deleted=false', [ccc, bb]], ['status=DELETED', [a]], ['status=SHUTOFF', [bb]], ['changes-since=2026-02-01T00:00:00Z', [ccc, a]]] as const) {
    assert.deepEqual(await everywhere(query), ids, query);
    assert.deepEqual(await everywhere(`project_id=lists&${query}`), ids, `${query} of the project`);
  }
  assert.equal((await cloud.call('GET', `/servers/${a}`, { as })).status, 404);
  assert.equal((await cloud.call('DELETE', `/servers/${a}`, { as })).status, 404);
  assert.equal((await cloud.call('GET', `/servers/${a}/os-instance-actions`, { as, minor: 20 })).status, 404);
  assert.equal((await cloud.call('GET', `/servers/${a}/os-instance-actions`, { as, minor: 21 })).status, 200);
});

test('a long list is whole, also when it is read in parts, and so is what is left of it', async () => {
  const as = token('crowd');
  await cloud.store.update(quotaKey('crowd'), { set: { limits: { instances: -1, cores: -1, ram: -1 } } });
  for (let i = 0; i < 9; i++) assert.equal((await cloud.launch({ min_count: 50, max_count: 50, networks: 'none' }, { minor: 90, as })).status, 202);
  const list = async (path: string) => (await cloud.call('GET', path, { as, minor: 90 })).body.servers.map(({ id }: { id: string }) => id) as string[];
  const first = await list('/servers/detail');
  assert.equal(new Set(first).size, 450);
  for (const path of ['/servers/detail', '/servers', '/servers?status=BUILD']) assert.deepEqual(await list(path), first, path);
  for (const uuid of first.slice(10)) await cloud.deleted(uuid, 'crowd');
  for (const path of ['/servers/detail', '/servers']) assert.deepEqual(await list(path), first.slice(0, 10), path);
  assert.equal((await cloud.store.query({ pk: 'PROJECT#crowd', prefix: 'SERVER#' })).length, 10, 'what is gone is not read');
  assert.equal((await list('/servers/detail?changes-since=2026-01-01T00:00:00Z')).length, 450);
});

test('a change that a deletion goes before is refused, and does not bring the server back', async () => {
  const { changeAndRecord, changeServer } = await import('../../functions/nova-api/servers/change.ts');
  const id = await server({}, { vm_state: 'active' });
  const found = (await cloud.record(id))!;
  await cloud.deleted(id);
  const request = { context: { user_id: 'u' }, requestId: 'req-1', receivedAt: new Date() } as Parameters<typeof changeAndRecord>[3];
  for (const change of [() => changeServer(found, [], () => ({ display_name: 'late' })), () => changeServer(found, ['tags'], () => ({ tags: ['late'] })), () => changeAndRecord(found, { set: { locked: true } }, 'lock', request)])
    await assert.rejects(change, { status: 404 });
  assert.equal(await cloud.record(id), undefined);
});

test('an action is on record and on its way to the host, and the server says that it is under way', async () => {
  for (const [body, from, task, action, args] of [
    [{ 'os-stop': null }, 'active', 'powering-off', 'stop', {}], [{ 'os-start': null }, 'stopped', 'powering-on', 'start', {}], [{ reboot: { type: 'SOFT' } }, 'active', 'rebooting', 'reboot', { type: 'SOFT' }],
    [{ reboot: { type: 'Hard' } }, 'paused', 'rebooting_hard', 'reboot', { type: 'HARD' }], [{ pause: null }, 'active', 'pausing', 'pause', {}], [{ unpause: null }, 'paused', 'unpausing', 'unpause', {}],
    [{ suspend: null }, 'active', 'suspending', 'suspend', {}], [{ resume: null }, 'suspended', 'resuming', 'resume', {}],
  ] as const) {
    const id = await server({}, { vm_state: from });
    const answer = await act(id, body);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    const record = (await cloud.record(id))!;
    assert.deepEqual([record.task_state, record.sequence, typeof record.due_at], [task, 1, 'string']);
    const [message, ...more] = await messagesOf(id);
    assert.deepEqual(more, []);
    assert.deepEqual([message!.method, message!.args.action, message!.args.args, message!.args.host, message!.args.sequence], ['instance_action', action, args, 'compute-1', 1]);
    assert.equal((await cloud.store.get<InstanceAction>(actionKey(id, message!.args.request_id)))!.action, action);
  }
});

test("an action that the server's state does not allow is refused in Nova's words", async () => {
  const id = await server();
  const refused = async (body: object, message: RegExp, status = 409) => {
    const answer = await act(id, body);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.match(messageOf(answer), message);
  };
  await refused({ 'os-start': null }, new RegExp(`^Cannot 'start' instance ${id} while it is in vm_state active$`));
  await act(id, { 'os-stop': null });
  await refused({ pause: null }, new RegExp(`^Cannot 'pause' instance ${id} while it is in task_state powering-off$`));
  await refused({ levitate: null }, /There is no such action: levitate/, 400);
  await refused({ createImage: { name: 'x' } }, /There is no such action/, 400);
  await refused({ reboot: {} }, /'type' is a required property/, 400);
  await refused({ reboot: { type: 'GENTLY' } }, /GENTLY/, 400);
  await refused({ 'os-stop': null, 'os-start': null }, /'os-start' was unexpected/, 400);
  await refused({}, /Malformed/, 400);
  const building = (await cloud.launch()).body.server.id;
  assert.equal((await act(building, { reboot: { type: 'HARD' } })).status, 409);
});

test('an action whose message cannot be sent has not begun', async () => {
  const id = await server();
  const queue = process.env[environment.queue('nova-compute')]!;
  process.env[environment.queue('nova-compute')] = `${queue}-gone`;
  try {
    assert.equal((await act(id, { 'os-stop': null })).status, 503);
    assert.equal((await cloud.call('POST', `/servers/${id}/os-volume_attachments`, { body: { volumeAttachment: { volumeId: ids.volume } } })).status, 503);
  } finally {
    process.env[environment.queue('nova-compute')] = queue;
  }
  const record = (await cloud.record(id))!;
  assert.deepEqual([record.vm_state, record.task_state, record.due_at, record.block_devices.length], ['active', null, undefined, 1]);
  assert.equal(cloud.world.attachments.size, 0, 'the volume is free again');
  assert.equal((await act(id, { 'os-stop': null })).status, 202);
});

test('a launch whose message cannot be sent leaves nothing behind', async () => {
  const as = token('unsent', 'member,reader', 'unsent');
  const queue = process.env[environment.queue('nova-scheduler')]!;
  process.env[environment.queue('nova-scheduler')] = `${queue}-gone`;
  try {
    assert.equal((await cloud.launch({}, { as })).status, 503);
  } finally {
    process.env[environment.queue('nova-scheduler')] = queue;
  }
  assert.equal((await cloud.call('GET', '/servers', { as })).body.servers.length, 0);
  assert.equal((await cloud.call('GET', '/limits', { as })).body.limits.absolute.totalInstancesUsed, 0);
});

test('a server is deleted in any state, while it is built as well, and asking twice does no harm', async () => {
  const { id } = (await cloud.launch()).body.server;
  assert.equal((await cloud.call('DELETE', `/servers/${id}`)).status, 204);
  assert.equal((await cloud.call('DELETE', `/servers/${id}`)).status, 204);
  assert.equal((await show(id))['OS-EXT-STS:task_state'], 'deleting');
  const messages = await messagesOf(id);
  assert.deepEqual(messages.map(({ method, args }) => [method, args.host]), [['terminate_instance', null], ['terminate_instance', null]]);
  const running = await server();
  await cloud.call('DELETE', `/servers/${running}`);
  const [message] = await messagesOf(running);
  assert.deepEqual([message!.args.host, message!.args.interfaces.length, message!.args.block_devices.length], ['compute-1', 1, 1]);
  assert.equal((await act(running, { 'os-stop': null })).status, 409);
});

test('a locked server is for admins to change', async () => {
  const id = await server();
  assert.equal((await act(id, { lock: { locked_reason: 'hands off' } }, { minor: 73 })).status, 202);
  assert.deepEqual([(await show(id, 73)).locked, (await show(id, 73)).locked_reason], [true, 'hands off']);
  for (const answer of [await act(id, { 'os-stop': null }), await cloud.call('DELETE', `/servers/${id}`), await cloud.call('POST', `/servers/${id}/metadata`, { body: { metadata: { a: 'b' } } })]) {
    assert.equal(answer.status, 409);
    assert.equal(messageOf(answer), `Instance ${id} is locked`);
  }
  assert.equal((await act(id, { unlock: null })).status, 202);
  await act(id, { lock: null }, { as: adminToken });
  assert.equal((await act(id, { unlock: null })).status, 403, "an admin's lock is not the owner's to open");
  assert.equal((await act(id, { 'os-stop': null }, { as: adminToken })).status, 202);
});

test('an admin says how a server stands', async () => {
  const id = await server({}, { vm_state: 'error', task_state: 'deleting' });
  assert.equal((await act(id, { 'os-resetState': { state: 'active' } })).status, 403);
  assert.equal((await act(id, { 'os-resetState': { state: 'active' } }, { as: adminToken })).status, 202);
  assert.deepEqual([(await show(id)).status, (await show(id))['OS-EXT-STS:task_state']], ['ACTIVE', null]);
});

test('name, description, host name and metadata change, each by the versions that have it', async () => {
  const id = await server();
  const put = (body: object, minor = 1) => cloud.call('PUT', `/servers/${id}`, { body: { server: body }, minor });
  assert.equal((await put({ name: 'renamed', accessIPv4: '192.0.2.1' })).body.server.name, 'renamed');
  assert.equal((await put({ description: 'x' }, 18)).status, 400);
  assert.equal((await put({ description: 'x' }, 19)).body.server.description, 'x');
  assert.equal((await put({ hostname: 'h2' }, 89)).status, 400);
  assert.equal((await put({ hostname: 'h2' }, 90)).body.server['OS-EXT-SRV-ATTR:hostname'], 'h2');
  assert.equal((await put({ hostname: 'a.b' }, 93)).status, 400);
  assert.equal((await put({ hostname: 'a.b' }, 94)).status, 200);
  assert.deepEqual([(await put({ name: 'n' }, 74)).body.server['OS-EXT-STS:vm_state'], (await put({ name: 'n' }, 75)).body.server['OS-EXT-STS:vm_state']], [undefined, 'active']);
  const metadata = (method: string, path: string, body?: object) => cloud.call(method, `/servers/${id}/metadata${path}`, { ...(body && { body }) });
  assert.deepEqual((await metadata('POST', '', { metadata: { 'a.b': '1', c: '2' } })).body, { metadata: { 'a.b': '1', c: '2' } });
  assert.deepEqual((await metadata('PUT', '/c', { meta: { c: '3' } })).body, { meta: { c: '3' } });
  assert.equal((await metadata('PUT', '/c', { meta: { d: '3' } })).status, 400);
  assert.equal((await metadata('DELETE', '/a.b')).status, 204);
  assert.equal((await metadata('DELETE', '/a.b')).status, 404);
  assert.deepEqual((await metadata('GET', '/c')).body, { meta: { c: '3' } });
  assert.deepEqual([(await metadata('GET', '/constructor')).status, (await metadata('PUT', '/constructor', { meta: { c: '3' } })).status, (await metadata('DELETE', '/constructor')).status], [404, 400, 404]);
  assert.deepEqual((await metadata('PUT', '', { metadata: { only: 'this' } })).body, { metadata: { only: 'this' } });
  assert.equal((await metadata('POST', '', { metadata: { 'b@d': '1' } })).status, 400);
  assert.deepEqual(await Promise.all(Array.from({ length: 8 }, async (_, i) => (await metadata('POST', '', { metadata: { [`k${i}`]: 'v' } })).status)), Array(8).fill(200));
  assert.equal(Object.keys((await metadata('GET', '')).body.metadata).length, 9, 'none of many at once is lost');
  const told = (await messagesOf(id)).filter(({ method }) => method === 'refresh_metadata').map(({ args }) => args).sort((a, b) => a.revision - b.revision);
  assert.equal(new Set(told.map(({ revision }) => revision)).size, told.length, 'its host knows which of them is the last');
  assert.deepEqual([told[0].name, told[0].host, told.at(-1).name, Object.keys(told.at(-1).metadata).length], ['renamed', 'compute-1', 'n', 9]);
  await act(id, { reboot: { type: 'HARD' } });
  assert.deepEqual((await messagesOf(id)).map(({ method }) => method).sort(), ['instance_action', 'refresh_metadata'], 'a hard reboot makes good what its host missed');
});

test('tags are added, checked and taken away, from 2.26 on', async () => {
  const id = await server();
  const tags = (method: string, path = '', body?: object, minor = 26) => cloud.call(method, `/servers/${id}/tags${path}`, { minor, ...(body && { body }) });
  assert.equal((await tags('GET', '', undefined, 25)).status, 404);
  const added = await tags('PUT', '/blue');
  assert.deepEqual([added.status, added.headers['location']!.endsWith(`/servers/${id}/tags/blue`)], [201, true]);
  assert.deepEqual([(await tags('PUT', '/blue')).status, (await tags('GET', '/blue')).status, (await tags('GET', '/red')).status], [204, 204, 404]);
  assert.equal((await tags('PUT', '/a,b')).status, 400);
  assert.deepEqual((await tags('PUT', '', { tags: ['x', 'y', 'x'] })).body, { tags: ['x', 'y'] });
  assert.deepEqual([(await tags('DELETE', '/x')).status, (await tags('DELETE', '/x')).status, (await tags('DELETE')).status], [204, 404, 204]);
  assert.equal((await tags('PUT', '', { tags: Array.from({ length: 51 }, (_, i) => `t${i}`) })).status, 400);
});

test('a volume is attached under a name that is known at once, and detached', async () => {
  const id = await server();
  const volumes = (method: string, path = '', body?: object, minor = 1) => cloud.call(method, `/servers/${id}/os-volume_attachments${path}`, { minor, ...(body && { body: { volumeAttachment: body } }) });
  const answer = await volumes('POST', '', { volumeId: ids.volume, tag: 'data', delete_on_termination: true }, 79);
  assert.deepEqual([answer.status, answer.body.volumeAttachment], [200, { id: ids.volume, volumeId: ids.volume, serverId: id, device: '/dev/vdb', tag: 'data', delete_on_termination: true }]);
  const [message] = await messagesOf(id);
  assert.deepEqual([message!.args.action, message!.args.args.volume_id, message!.args.args.device_name, cloud.world.attachments.get(message!.args.args.attachment_id)?.volume_id], ['attach_volume', ids.volume, '/dev/vdb', ids.volume]);
  assert.deepEqual(Object.keys((await volumes('GET')).body.volumeAttachments[0]), ['id', 'volumeId', 'serverId', 'device']);
  assert.deepEqual(Object.keys((await volumes('GET', '', undefined, 89)).body.volumeAttachments[0]), ['volumeId', 'serverId', 'device', 'tag', 'delete_on_termination', 'attachment_id', 'bdm_uuid']);
  assert.deepEqual((await show(id, 3))['os-extended-volumes:volumes_attached'], [{ id: ids.volume, delete_on_termination: true }]);
  assert.equal((await volumes('PUT', `/${ids.volume}`, { volumeId: ids.volume, delete_on_termination: false }, 85)).status, 202);
  assert.equal((await volumes('GET', `/${ids.volume}`, undefined, 79)).body.volumeAttachment.delete_on_termination, false);
  assert.equal((await volumes('PUT', `/${ids.volume}`, { volumeId: ids.volume, device: '/dev/vdz' }, 85)).status, 400);
  const refused = async (status: number, message: RegExp, body: object) => {
    const no = await volumes('POST', '', body);
    assert.deepEqual([no.status, message.test(messageOf(no))], [status, true], JSON.stringify(no.body));
  };
  await refused(400, /another host/, { volumeId: ids.farVolume });
  await refused(400, /must be 'available'/, { volumeId: ids.usedVolume });
  await refused(400, /already attached/, { volumeId: ids.volume });
  await refused(404, /could not be found/, { volumeId: '44444444-4444-4444-8444-999999999999' });
  await refused(409, /is in use/, { volumeId: ids.bootable, device: '/dev/vdb' });
  assert.equal(cloud.world.attachments.size, 1, 'refused attachments are undone');
  assert.equal((await volumes('DELETE', `/${ids.volume}`)).status, 202);
  assert.equal((await messagesOf(id))[0]!.args.action, 'detach_volume');
  assert.equal((await volumes('DELETE', `/${ids.bootable}`)).status, 404);
});

test('a port is attached: one that is there, or a new one; and detached', async () => {
  const id = await server({}, { interfaces: [] });
  const ports = (method: string, path = '', body?: object, minor = 70) => cloud.call(method, `/servers/${id}/os-interface${path}`, { minor, ...(body && { body: { interfaceAttachment: body } }) });
  const made = await ports('POST', '', { net_id: ids.network, tag: 'nic' });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const { port_id, net_id, tag } = made.body.interfaceAttachment;
  assert.deepEqual([net_id, tag, cloud.world.ports[port_id].device_id, cloud.world.ports[port_id]['binding:host_id']], [ids.network, 'nic', id, 'compute-1']);
  assert.deepEqual((await messagesOf(id))[0]!.args.args, { port_id, created_by_nova: true, tag: 'nic' });
  assert.deepEqual([(await ports('GET')).body.interfaceAttachments.length, (await ports('GET', `/${port_id}`)).status, (await ports('GET', `/${ids.usedPort}`)).status], [1, 200, 404]);
  assert.equal((await ports('GET', '', undefined, 69)).body.interfaceAttachments[0].tag, undefined);
  const brought = await ports('POST', '', { port_id: ids.port }, 1);
  assert.equal(brought.status, 200, JSON.stringify(brought.body));
  assert.equal((await messagesOf(id))[0]!.args.args.created_by_nova, false);
  assert.equal((await ports('POST', '', { port_id: ids.usedPort }, 1)).status, 409);
  assert.equal((await ports('POST', '', { port_id: ids.port, net_id: ids.network }, 1)).status, 400);
  assert.equal((await ports('POST', '', { net_id: ids.external }, 1)).status, 403);
  assert.deepEqual([(await ports('DELETE', `/${port_id}`)).status, (await ports('DELETE', `/${ids.usedPort}`)).status], [202, 404]);
  cloud.world.ports[ids.port].device_id = '';
});

test("a group is put on the server's ports, and taken off", async () => {
  const id = await server();
  cloud.world.ports[ids.usedPort].device_id = id;
  assert.equal((await act(id, { addSecurityGroup: { name: 'web' } })).status, 202);
  assert.deepEqual([cloud.world.ports[ids.usedPort].security_groups, (await show(id)).security_groups], [['g1', 'g2'], [{ name: 'default' }, { name: 'web' }]]);
  const { security_groups } = (await cloud.call('GET', `/servers/${id}/os-security-groups`)).body;
  assert.deepEqual(security_groups[1].rules, [{ id: 'r', parent_group_id: 'g2', ip_protocol: 'tcp', from_port: 22, to_port: 22, group: {}, ip_range: { cidr: '0.0.0.0/0' } }]);
  assert.equal((await act(id, { removeSecurityGroup: { name: 'web' } })).status, 202);
  const groups = async (path: string, minor = 1) => (await cloud.call('GET', `/os-security-groups${path}`, { minor })).status;
  assert.deepEqual([await groups(''), await groups('/g2'), await groups('/web'), await groups('', 36)], [200, 200, 404, 404], 'where older clients look for it');
  assert.deepEqual([(await act(id, { removeSecurityGroup: { name: 'web' } })).status, (await act(id, { addSecurityGroup: { name: 'none' } })).status], [404, 404]);
});

test('the console log comes from the store, and its page opens one console once', async () => {
  const id = await server();
  const output = async (args: object) => (await act(id, { 'os-getConsoleOutput': args })).body.output;
  assert.equal(await output({}), '');
  await fetch(`${cloud.rig.engines.s3.endpoint}/consoles/${consoleLogKey(id)}`, { method: 'PUT', body: 'one\ntwo\nthree\n' });
  assert.deepEqual([await output({}), await output({ length: 2 }), await output({ length: '-1' }), await output({ length: null })], ['one\ntwo\nthree\n', 'two\nthree\n', 'one\ntwo\nthree\n', 'one\ntwo\nthree\n']);
  const old = await act(id, { 'os-getVNCConsole': { type: 'novnc' } }, { minor: 5 });
  assert.match(old.body.console.url, /^http:\/\/console\.example\/vnc_lite\.html\?path=/);
  assert.equal((await act(id, { 'os-getVNCConsole': { type: 'novnc' } }, { minor: 6 })).status, 400);
  const made = await cloud.call('POST', `/servers/${id}/remote-consoles`, { minor: 6, body: { remote_console: { protocol: 'vnc', type: 'novnc' } } });
  const claims = decodeJwt(new URL(made.body.remote_console.url).searchParams.get('path')!.replace('?token=', ''));
  assert.deepEqual([claims.sub, claims.aud, claims['protocol']], [id, 'novaless-console', 'vnc']);
  assert.ok(claims.jti && claims.exp! - Date.now() / 1000 <= 60);
  assert.equal((await cloud.call('POST', `/servers/${id}/remote-consoles`, { minor: 6, body: { remote_console: { protocol: 'spice', type: 'spice-html5' } } })).status, 400);
  const building = (await cloud.launch()).body.server.id;
  assert.equal((await act(building, { 'os-getConsoleOutput': {} })).status, 409);
});

test('what was done to a server is on record, newest first, with its events and the steps of its launch', async () => {
  const id = await server();
  await act(id, { 'os-stop': null });
  const list = (query = '', minor = 58) => cloud.call('GET', `/servers/${id}/os-instance-actions${query}`, { minor });
  const { instanceActions } = (await list()).body;
  assert.deepEqual(instanceActions.map(({ action }: any) => action), ['stop', 'create']);
  assert.equal((await list('', 57)).body.instanceActions[0].updated_at, undefined);
  assert.equal((await list('?limit=1')).body.links[0].rel, 'next');
  assert.deepEqual((await list(`?marker=${instanceActions[0].request_id}`)).body.instanceActions.map(({ action }: any) => action), ['create']);
  assert.deepEqual([(await list('?limit=1', 57)).body.instanceActions.length, (await list('?colour=red')).status], [2, 400]);
  const one = async (minor: number, as?: string) => (await cloud.call('GET', `/servers/${id}/os-instance-actions/${instanceActions[1].request_id}`, { minor, ...(as && { as }) })).body.instanceAction;
  await cloud.store.update(actionKey(id, instanceActions[1].request_id), { set: { 'events.compute__do_build_and_run_instance': { event: 'compute__do_build_and_run_instance', start_time: '2026-01-31T12:00:00Z', finish_time: null, result: null, host: 'compute-1' } } });
  assert.equal((await one(50)).events, undefined);
  const events = (await one(51)).events;
  assert.deepEqual(events.map(({ event }: any) => event).slice(0, 3), ['compute__do_build_and_run_instance', 'step-03 nova-api request the launch', 'step-04 nova-api ask keystone to validate the token']);
  assert.deepEqual([events[0].traceback, events[0].host, (await one(1, admin())).events[0].traceback, (await one(62)).events[0].hostId.length, (await one(62, admin())).events[0].host], [undefined, undefined, null, 56, 'compute-1']);
  assert.equal((await one(84, admin())).events[0].details, null);
  assert.equal((await cloud.call('GET', `/servers/${id}/os-instance-actions/req-none`)).status, 404);
});
