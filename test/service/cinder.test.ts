import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { adminToken, caller, deliver, startRig, token, type Envelope, type Rig } from './rig.ts';

let rig: Rig;
let cinder: ReturnType<typeof caller>;
let reports: Parameters<typeof deliver>[0];
const images = new Map<string, object>();
/** What nova tells of the hosts; where nothing, it does not answer. */
let hosts: Record<string, object> | undefined;
before(async () => {
  rig = await startRig();
  rig.standIns.push(({ path }) => {
    if (path.startsWith('/compute/v2.1/os-services')) return hosts && { status: 200, body: { services: Object.entries(hosts).map(([host, more]) => ({ host, binary: 'nova-compute', status: 'enabled', state: 'up', disabled_reason: null, ...more })) } };
    const id = /^\/image\/v2\/images\/([^?]+)$/.exec(path)?.[1];
    if (id) return images.has(id) ? { status: 200, body: images.get(id) } : { status: 404, body: { message: 'no image' } };
    return path.startsWith('/image/v2/images?') ? { status: 200, body: { images: [] } } : undefined;
  });
  cinder = caller((await import('../../functions/cinder-api/http.ts')).handler);
  reports = (await import('../../functions/cinder-api/rpc.ts')).handler;
  await report('update_service_capabilities', { host: 'h1', total_gb: 1000, free_gb: 500, reported_at: '2026-01-01T00:00:00Z' });
  await cinder('PUT', '/volume/v3/os-quota-sets/mine', { token: adminToken, body: { quota_set: { volumes: 100 } } });
  await report('update_service_capabilities', { host: 'h2', total_gb: 1000, free_gb: 100, reported_at: '2026-01-01T00:00:00Z' });
});
after(() => rig.stop());

const mine = token('mine');
const nova = { 'X-Service-Token': token('service', 'service,admin'), 'OpenStack-API-Version': 'volume 3.44' };
const context = { request_id: `req-${randomUUID()}`, user_id: 'u', user_name: 'u', user_domain_id: 'd', project_id: 'mine', roles: [], service_roles: [], token: '', token_expires_at: '' };
const envelope = (method: string, args: object): Envelope =>
  ({ version: 1, id: randomUUID(), correlation_id: randomUUID(), method, args, context, trace: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, hops: 1, steps: [] }) as Envelope;
async function report(method: string, args: object) {
  assert.deepEqual(await deliver(reports, [envelope(method, args)]), { batchItemFailures: [] });
}
async function create(fields: object = {}, as = mine, headers: Record<string, string> = {}): Promise<any> {
  const answer = await cinder('POST', '/volume/v3/volumes', { token: as, body: { volume: { size: 1, name: 'v', ...fields } }, headers });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return answer.body.volume;
}
const show = async (id: string, as = mine, version = '3.70') => (await cinder('GET', `/volume/v3/volumes/${id}`, { token: as, headers: { 'OpenStack-API-Version': `volume ${version}` } })).body.volume;
const done = (method: string, id: string, more: object = {}) => report(method, { volume_id: id, project_id: 'mine', host: 'h1', ...more });
async function createAvailable(fields: object = {}) {
  const { id } = await create(fields);
  await done('volume_created', id);
  return id as string;
}
const attach = (id: string, instance: string, more: object = {}, headers: Record<string, string> = {}) =>
  cinder('POST', '/volume/v3/attachments', { token: mine, body: { attachment: { volume_uuid: id, instance_uuid: instance, ...more } }, headers: { ...nova, ...headers } });
const usage = async (project = 'mine') => (await cinder('GET', `/volume/v3/os-quota-sets/${project}?usage=True`, { token: adminToken })).body.quota_set;

test('a volume is made on the host with the most room, and deleted there; its count goes with it', async () => {
  await rig.take('nova-compute');
  const before = await usage();
  const made = await create({ size: 3 });
  assert.equal(made.status, 'creating');
  const [asked] = await rig.take('nova-compute');
  assert.equal(asked!.method, 'create_volume');
  assert.deepEqual(asked!.args, { host: 'h1', volume_id: made.id, project_id: 'mine', size_gb: 3 });
  for (let i = 0; i < 2; i++) await done('volume_created', made.id);
  assert.equal((await show(made.id)).status, 'available');
  assert.equal((await usage()).gigabytes.in_use, before.gigabytes.in_use + 3);
  assert.equal((await cinder('DELETE', `/volume/v3/volumes/${made.id}`, { token: mine })).status, 202);
  assert.equal((await rig.take('nova-compute'))[0]!.method, 'delete_volume');
  assert.equal((await show(made.id)).status, 'deleting');
  for (let i = 0; i < 2; i++) await done('volume_deleted', made.id);
  assert.equal((await cinder('GET', `/volume/v3/volumes/${made.id}`, { token: mine })).status, 404);
  assert.deepEqual(await usage(), before);
});

test('what a host could not do is an error that the owner can delete', async () => {
  const { id } = await create();
  await done('volume_created', id, { error: 'no space left' });
  assert.equal((await show(id)).status, 'error');
  await cinder('DELETE', `/volume/v3/volumes/${id}`, { token: mine });
  await done('volume_deleted', id, { error: 'busy' });
  assert.equal((await show(id)).status, 'error_deleting');
  await cinder('DELETE', `/volume/v3/volumes/${id}`, { token: mine });
  await done('volume_deleted', id);
  assert.equal((await cinder('GET', `/volume/v3/volumes/${id}`, { token: mine })).status, 404);
});

test('a volume too large for every host is in error, not forgotten', async () => {
  assert.equal((await create({ size: 600 })).status, 'error');
});

test('a host that is drained, down or gone gets no new volume, except from a launch that was sent there', async () => {
  const hostOf = async (body: object, headers: Record<string, string> = {}) =>
    (await cinder('POST', '/volume/v3/volumes', { token: adminToken, body: { volume: { size: 1 }, ...body }, headers })).body.volume['os-vol-host-attr:host'];
  const source = await createAvailable();
  const hint = { 'OS-SCH-HNT:scheduler_hints': { host: 'h1', local_to_instance: randomUUID() } };
  try {
    hosts = { h1: {}, h2: {} };
    assert.equal(await hostOf({}), 'h1', 'it has the most room');
    for (const closed of [{ h1: { status: 'disabled', disabled_reason: 'new disks' }, h2: {} }, { h1: { state: 'down' }, h2: {} }, { h2: {} }] as Record<string, object>[]) {
      hosts = closed;
      assert.deepEqual([await hostOf({}), await hostOf(hint, nova)], ['h2', 'h1'], JSON.stringify(closed));
      const copy = await create({ source_volid: source });
      assert.equal(copy.status, 'error', 'what is copied lies on a host that takes nothing new');
    }
    hosts = { h1: { status: 'disabled', disabled_reason: 'new disks' }, h2: {} };
    const { services } = (await call('GET', '/os-services?binary=cinder-volume', undefined, adminToken)).body;
    assert.deepEqual(services.map((s: any) => [s.host, s.status, s.state, s.disabled_reason]), [['h1', 'disabled', 'up', 'new disks'], ['h2', 'enabled', 'up', null]]);
    hosts = { h1: { state: 'down' }, h2: { state: 'down' } };
    assert.equal(await hostOf({}), null);
  } finally {
    hosts = undefined;
  }
  assert.equal(await hostOf({}), 'h1', 'nova does not answer: a volume is made all the same');
  await rig.take('nova-compute');
});

test('a launch asks for a volume on its host, may ask again, and is told when it is there', async () => {
  await rig.take('nova-compute');
  const instance = randomUUID();
  const body = { volume: { size: 1, name: '', description: '' }, 'OS-SCH-HNT:scheduler_hints': { host: 'h2', local_to_instance: instance } };
  const ask = () => cinder('POST', '/volume/v3/volumes', { token: mine, body, headers: { ...nova, 'X-Novaless-Idempotency-Key': `${instance}:1:0` } });
  const [first, second] = await Promise.all([ask(), ask()]);
  const third = await ask();
  assert.equal(first.body.volume.id, second.body.volume.id);
  assert.equal(first.body.volume.id, third.body.volume.id);
  assert.equal(first.body.volume['os-vol-host-attr:host'], 'h2');
  await report('volume_created', { volume_id: first.body.volume.id, project_id: 'mine', host: 'h2' });
  const told = (await rig.take('nova-compute')).filter(({ method }) => method === 'volume_ready');
  assert.deepEqual(told.map(({ args }) => args), [{ instance_uuid: instance, project_id: 'mine', volume_id: first.body.volume.id, status: 'available' }]);
});

test('a volume belongs to one server at a time: reserved, connected, in use, and available again', async () => {
  const id = await createAvailable();
  const instance = randomUUID();
  const reserved = await attach(id, instance);
  assert.equal(reserved.status, 200, JSON.stringify(reserved.body));
  const attachment = reserved.body.attachment;
  assert.equal(attachment.status, 'reserved');
  assert.equal((await show(id)).status, 'reserved');
  assert.equal((await attach(id, randomUUID())).status, 400);
  const url = `/volume/v3/attachments/${attachment.id}`;
  const elsewhere = await cinder('PUT', url, { token: mine, headers: nova, body: { attachment: { connector: { host: 'h2' } } } });
  assert.equal(elsewhere.status, 400);
  assert.match(elsewhere.body.badRequest.message, /h1.*h2/);
  const connected = await cinder('PUT', url, { token: mine, headers: nova, body: { attachment: { connector: { host: 'h1', mountpoint: '/dev/vdb' } } } });
  assert.equal(connected.body.attachment.connection_info.data.volume_id, id);
  for (let i = 0; i < 2; i++) assert.equal((await cinder('POST', `${url}/action`, { token: mine, headers: nova, body: { 'os-complete': null } })).status, 204);
  const shown = await show(id);
  assert.equal(shown.status, 'in-use');
  assert.deepEqual([shown.attachments[0].server_id, shown.attachments[0].device], [instance, '/dev/vdb']);
  const listed = await cinder('GET', `/volume/v3/attachments?instance_id=${instance}`, { token: mine, headers: nova });
  assert.deepEqual(listed.body.attachments, [{ id: attachment.id, status: 'attached', instance, volume_id: id }]);
  assert.equal((await cinder('DELETE', `/volume/v3/volumes/${id}`, { token: mine })).status, 400);
  const user = { 'OpenStack-API-Version': 'volume 3.44' };
  assert.equal((await cinder('DELETE', url, { token: mine, headers: user })).status, 409, 'a user cannot take a disk from under a guest');
  assert.equal((await cinder('DELETE', url, { token: mine, headers: nova })).status, 200);
  assert.equal((await cinder('DELETE', url, { token: mine, headers: nova })).status, 404);
  assert.equal((await show(id)).status, 'available');
  assert.deepEqual((await cinder('GET', `/volume/v3/attachments?instance_id=${instance}`, { token: mine, headers: nova })).body.attachments, []);
});

test('two servers that want one volume at the same time do not both get it', async () => {
  const id = await createAvailable();
  const answers = await Promise.all(Array.from({ length: 5 }, () => attach(id, randomUUID())));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400, 400, 400]);
});

test('a repeated attach with the same key answers with the same attachment', async () => {
  const id = await createAvailable();
  const instance = randomUUID();
  const key = { 'X-Novaless-Idempotency-Key': 'attach-1' };
  const answers = await Promise.all([attach(id, instance, {}, key), attach(id, instance, {}, key)]);
  answers.push(await attach(id, instance, {}, key));
  assert.equal(new Set(answers.map(({ body }) => body.attachment.id)).size, 1);
});

test('a quota holds exactly when many ask at once', async () => {
  const crowd = token('crowd');
  const answers = await Promise.all(Array.from({ length: 25 }, () => cinder('POST', '/volume/v3/volumes', { token: crowd, body: { volume: { size: 2 } } })));
  assert.equal(answers.filter(({ status }) => status === 202).length, 10);
  const refused = answers.find(({ status }) => status === 413)!;
  assert.match(refused.body.overLimit.message, /volumes.*10|10.*volumes/);
  const { volumes, gigabytes } = await usage('crowd');
  assert.deepEqual([volumes.in_use, gigabytes.in_use], [10, 20]);
});

test('a volume out of an image is bootable, knows the image, and its host learns where the bytes are', async () => {
  const id = randomUUID();
  images.set(id, { id, name: 'centos7', status: 'active', size: 1_500_000_000, virtual_size: null, min_disk: 2, min_ram: 0, checksum: 'c', disk_format: 'qcow2', container_format: 'bare', direct_url: 's3://images/x', os_distro: 'centos' });
  for (const [fields, said] of [[{ size: 1 }, /larger than volume size/], [{ size: 2 }, undefined]] as const) {
    const answer = await cinder('POST', '/volume/v3/volumes', { token: mine, body: { volume: { ...fields, imageRef: id } } });
    assert.equal(answer.status, said ? 400 : 202, JSON.stringify(answer.body));
    if (said) assert.match(answer.body.badRequest.message, said);
    else {
      assert.equal(answer.body.volume.bootable, 'true');
      assert.equal(answer.body.volume.volume_image_metadata.os_distro, 'centos');
      assert.equal(answer.body.volume.volume_image_metadata.image_id, id);
      const asked = (await rig.take('nova-compute')).at(-1)!;
      assert.deepEqual(asked.args.image, { id, location: 's3://images/x', size: 1_500_000_000, checksum: 'c', disk_format: 'qcow2' });
    }
  }
  assert.equal((await cinder('POST', '/volume/v3/volumes', { token: mine, body: { volume: { size: 1, imageRef: randomUUID() } } })).status, 400);
});

test("another project's volume does not exist; paths of other projects are refused", async () => {
  const id = await createAvailable();
  const theirs = token('theirs');
  assert.equal((await cinder('GET', `/volume/v3/volumes/${id}`, { token: theirs })).status, 404);
  assert.equal((await cinder('DELETE', `/volume/v3/volumes/${id}`, { token: theirs })).status, 404);
  assert.equal((await cinder('GET', '/volume/v3/mine/volumes', { token: theirs })).status, 400);
  assert.equal((await cinder('GET', `/volume/v3/mine/volumes/${id}`, { token: mine })).status, 200);
  assert.deepEqual((await cinder('GET', '/volume/v3/volumes?all_tenants=1', { token: theirs })).body.volumes, []);
  const all = (await cinder('GET', '/volume/v3/admins/volumes/detail?all_tenants=1', { token: adminToken })).body.volumes;
  assert.ok(all.some((v: any) => v.id === id && v['os-vol-host-attr:host'] === 'h1'));
});

test('wrong fields are refused with their names', async () => {
  for (const [volume, status, said, version] of [
    [{ size: 0 }, 400, /size/, '3.0'], [{ size: 'big' }, 400, /size/, '3.0'], [{}, 400, /size/, '3.0'], [{ size: 1, name: 'x'.repeat(256) }, 400, /name/, '3.0'],
    [{ size: 1, colour: 'red' }, 400, /colour/, '3.53'], [{ size: 1, volume_type: 'none' }, 404, /none/, '3.0'], [{ size: 1, multiattach: true }, 400, /multiattach/, '3.0'],
    [{ size: 1, availability_zone: 'mars' }, 400, /mars/, '3.0'], [{ size: 1, snapshot_id: randomUUID() }, 404, /Snapshot/, '3.0'],
  ] as [object, number, RegExp, string][]) {
    const answer = await cinder('POST', '/volume/v3/volumes', { token: mine, body: { volume }, headers: { 'OpenStack-API-Version': `volume ${version}` } });
    assert.equal(answer.status, status, JSON.stringify([volume, answer.body]));
    assert.match(JSON.stringify(answer.body), said);
  }
});

const call = (method: string, path: string, body?: unknown, as = mine, version = '3.70') =>
  cinder(method, `/volume/v3${path}`, { token: as, ...(body !== undefined && { body }), headers: { 'OpenStack-API-Version': `volume ${version}` } });

test('metadata is added to, replaced, and kept where two write at once', async () => {
  const { id } = await create({ metadata: { a: '1' } });
  assert.deepEqual((await call('POST', `/volumes/${id}/metadata`, { metadata: { b: '2' } })).body.metadata, { a: '1', b: '2' });
  await Promise.all(['c', 'd', 'e'].map((key) => call('PUT', `/volumes/${id}/metadata/${key}`, { meta: { [key]: 'x' } })));
  const read = await call('GET', `/volumes/${id}/metadata`);
  assert.deepEqual(read.body.metadata, { a: '1', b: '2', c: 'x', d: 'x', e: 'x' });
  const guarded = (tag: string) => cinder('PUT', `/volume/v3/volumes/${id}/metadata`, { token: mine, body: { metadata: { f: '1' } }, headers: { 'OpenStack-API-Version': 'volume 3.15', 'If-Match': tag } });
  assert.equal((await guarded('"0000"')).status, 412);
  assert.equal((await guarded(`"${read.headers['etag']}"`)).status, 200);
  assert.equal((await call('DELETE', `/volumes/${id}/metadata/f`)).status, 200);
  assert.equal((await call('DELETE', `/volumes/${id}/metadata/f`)).status, 404);
  assert.equal((await call('GET', `/volumes/${id}/metadata/f`)).status, 404);
  assert.equal((await call('PUT', `/volumes/${id}/metadata/g`, { meta: { h: '1' } })).status, 400);
  for (const [method, status] of [['GET', 404], ['DELETE', 404], ['PUT', 400]] as const) assert.equal((await call(method, `/volumes/${id}/metadata/constructor`, method === 'PUT' ? { meta: { h: '1' } } : undefined)).status, status, method);
  assert.equal((await call('POST', `/volumes/${id}/metadata`, { metadata: { x: 3 } })).status, 400);
});

test('a volume is renamed, made bootable and read-only; only an admin resets its state', async () => {
  const id = await createAvailable();
  const act = (body: object, as = mine) => call('POST', `/volumes/${id}/action`, body, as);
  assert.equal((await call('PUT', `/volumes/${id}`, { volume: { name: ' n ', description: null } })).body.volume.name, 'n');
  assert.equal((await call('PUT', `/volumes/${id}`, { volume: { size: 5 } })).status, 400);
  assert.equal((await act({ 'os-set_bootable': { bootable: true } })).status, 200);
  assert.equal((await act({ 'os-update_readonly_flag': { readonly: 'True' } })).status, 202);
  const shown = await show(id);
  assert.deepEqual([shown.bootable, shown.metadata.readonly], ['true', 'True']);
  const attachment = (await attach(id, randomUUID(), { connector: { host: 'h1', mode: 'rw' } })).body.attachment;
  assert.deepEqual([attachment.attach_mode, attachment.connection_info.data.access_mode], ['ro', 'ro']);
  assert.equal((await act({ 'os-reset_status': { status: 'error' } })).status, 403);
  assert.equal((await act({ 'os-reset_status': { status: 'strange' } }, adminToken)).status, 400);
  assert.equal((await act({ 'os-reset_status': { status: 'available', attach_status: 'detached' } }, adminToken)).status, 202);
  assert.equal((await show(id)).status, 'available');
  for (const body of [{}, { 'os-extend': { new_size: 2 } }, { 'os-set_bootable': {} }, { toString: {} }, { 'os-set_bootable': { bootable: true }, 'os-force_delete': {} }]) assert.equal((await act(body)).status, 400, JSON.stringify(body));
  assert.equal((await act({ 'os-set_image_metadata': { metadata: { os: 'x' } } })).body.metadata.os, 'x');
  assert.equal((await act({ 'os-unset_image_metadata': { key: 'os' } })).status, 200);
  for (const key of ['os', 'constructor']) assert.equal((await act({ 'os-unset_image_metadata': { key } })).status, 404);
});

test('a list is filtered, sorted, counted and paged', async () => {
  const who = token('lister');
  for (const [name, size] of [['one', 1], ['two', 2], ['three', 3]] as const) await create({ name, size, metadata: { odd: String(size % 2), constructor: name } }, who);
  const names = async (query: string, version?: string) => {
    const answer = await call('GET', `/volumes/detail?${query}`, undefined, who, version);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.volumes.map((v: any) => v.name) as string[];
  };
  assert.deepEqual(await names('sort=size:asc'), ['one', 'two', 'three']);
  assert.deepEqual(await names('sort_key=name&sort_dir=desc'), ['two', 'three', 'one']);
  assert.deepEqual(await names('name=two'), ['two']);
  assert.deepEqual(await names('name~=t&sort=name:asc'), ['three', 'two']);
  assert.deepEqual(await names(`metadata=${encodeURIComponent("{'odd': '0'}")}`), ['two']);
  assert.deepEqual(await names(`created_at=gt:${new Date(Date.now() + 60_000).toISOString()}`), []);
  const first = (await call('GET', '/volumes?limit=2&sort=size:asc&with_count=true', undefined, who)).body;
  assert.deepEqual([first.volumes.length, first.count], [2, 3]);
  const second = await cinder('GET', first.volumes_links[0].href.replace(rig.endpoint, ''), { token: who });
  assert.deepEqual(second.body.volumes.map((v: any) => v.name), ['three']);
  assert.deepEqual((await call('GET', '/volumes/summary', undefined, who)).body['volume-summary'], { total_count: 3, total_size: 6, metadata: { odd: ['1', '0'], constructor: ['three', 'two', 'one'] } });
  for (const wrong of ['limit=x', 'marker=none', 'sort=colour', 'sort=size:up', 'colour=red', 'created_at=soon', 'sort=constructor', 'created_at=constructor:2026-01-01T00:00:00Z', 'sort=size:asc&sort_key=name']) assert.equal((await call('GET', `/volumes?${wrong}`, undefined, who)).status, 400, wrong);
});

test('an admin makes, changes and deletes types; users see the public ones and no backend specs', async () => {
  const made = await call('POST', '/types', { volume_type: { name: 'fast', extra_specs: { speed: 'high', multiattach: '<is> False' } } }, adminToken);
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const { id } = made.body.volume_type;
  assert.equal((await call('POST', '/types', { volume_type: { name: 'fast' } }, adminToken)).status, 409);
  assert.equal((await call('POST', '/types', { volume_type: { name: 'mine' } })).status, 403);
  assert.deepEqual([(await call('GET', `/types/${id}/extra_specs/constructor`, undefined, adminToken)).status, (await call('DELETE', `/types/${id}/extra_specs/constructor`, undefined, adminToken)).status], [404, 404]);
  assert.deepEqual((await call('GET', `/types/${id}`)).body.volume_type.extra_specs, { multiattach: '<is> False' });
  assert.equal((await call('PUT', `/types/${id}`, { volume_type: { name: 'faster', is_public: false } }, adminToken)).body.volume_type.name, 'faster');
  assert.equal((await call('GET', `/types/${id}`)).status, 404);
  assert.equal((await call('POST', '/types', { volume_type: { name: 'fast' } }, adminToken)).status, 200, 'the old name is free');
  assert.deepEqual((await call('GET', '/types')).body.volume_types.map((t: any) => t.name).sort(), ['__DEFAULT__', 'fast']);
  assert.equal((await call('DELETE', `/types/${id}`, undefined, adminToken)).status, 202);
  const fallback = (await call('GET', '/types/default')).body.volume_type;
  assert.equal(fallback.name, '__DEFAULT__');
  assert.equal((await call('DELETE', `/types/${fallback.id}`, undefined, adminToken)).status, 400);
  assert.equal((await call('PUT', '/default-types/chooser', { default_type: { volume_type: 'fast' } }, adminToken)).status, 200);
  assert.equal((await create({}, token('chooser'))).volume_type, 'fast');
  assert.equal((await call('GET', '/default-types', undefined, adminToken, '3.61')).status, 404);
});

test('quotas are shown, changed by an admin, never below what is used, and limits tell of them', async () => {
  const who = token('quoted');
  await create({ size: 4 }, who);
  assert.deepEqual((await call('GET', '/os-quota-sets/quoted', undefined, who)).body.quota_set.volumes, 10);
  assert.equal((await call('GET', '/os-quota-sets/mine', undefined, who)).status, 403);
  const put = (set: object, as = adminToken) => call('PUT', '/os-quota-sets/quoted', { quota_set: set }, as);
  assert.equal((await put({ volumes: 1 }, who)).status, 403);
  assert.equal((await put({ gigabytes: 3 })).status, 400);
  assert.equal((await put({ colours: 3 })).status, 400);
  assert.equal((await put({ volumes: 1, per_volume_gigabytes: 5 })).body.quota_set.volumes, 1);
  assert.equal((await call('POST', '/volumes', { volume: { size: 1 } }, who)).status, 413);
  await put({ volumes: -1 });
  assert.equal((await call('POST', '/volumes', { volume: { size: 6 } }, who)).status, 413);
  assert.equal((await call('POST', '/volumes', { volume: { size: 5 } }, who)).status, 202);
  const { absolute } = (await call('GET', '/limits', undefined, who)).body.limits;
  assert.deepEqual([absolute.maxTotalVolumes, absolute.totalVolumesUsed, absolute.totalGigabytesUsed], [-1, 2, 9]);
  assert.equal((await call('DELETE', '/os-quota-sets/quoted', undefined, adminToken)).status, 200);
  assert.equal((await call('GET', '/os-quota-sets/quoted', undefined, who)).body.quota_set.volumes, 10);
});

test('what clients look at first is there: versions, zones, services', async () => {
  assert.equal((await cinder('GET', '/volume')).status, 300);
  assert.equal((await cinder('GET', '/volume/v3/')).body.versions[0].version, '3.70');
  assert.equal((await call('GET', '/os-availability-zone')).body.availabilityZoneInfo[0].zoneName, 'nova');
  assert.deepEqual((await call('GET', '/os-services?binary=cinder-volume', undefined, adminToken)).body.services.map((s: any) => s.host), ['h1', 'h2']);
  assert.equal((await call('GET', '/os-services')).status, 403);
  assert.equal((await call('GET', '/scheduler-stats/get_pools?detail=True', undefined, adminToken)).body.pools[0].capabilities.total_capacity_gb, 1000);
  assert.equal((await call('GET', '/volumes', undefined, mine, '3.99')).status, 406);
  assert.equal((await call('GET', '/attachments', undefined, mine, '3.26')).status, 404);
  assert.equal((await call('GET', '/backups')).status, 404);
});

test('fields come with the microversion that added them', async () => {
  const { id } = await create();
  const fields = async (version: string, as = mine) => Object.keys((await call('GET', `/volumes/${id}`, undefined, as, version)).body.volume);
  for (const [field, version, before, as] of [
    ['group_id', '3.13', '3.12', mine], ['provider_id', '3.21', '3.20', adminToken], ['shared_targets', '3.48', '3.47', mine], ['cluster_name', '3.61', '3.60', adminToken],
    ['volume_type_id', '3.63', '3.62', mine], ['consumes_quota', '3.65', '3.64', mine],
  ] as const) {
    assert.ok((await fields(version, as)).includes(field), field);
    assert.ok(!(await fields(before, as)).includes(field), field);
  }
});

test('a host that does not answer is asked again, then its volume is in error; its launch is told', async () => {
  const { handler: sweep } = await import('../../functions/cinder-api/sweep.ts');
  const { cinder: store } = await import('../../functions/cinder-api/volume/store.ts');
  const instance = randomUUID();
  const made = await cinder('POST', '/volume/v3/volumes', { token: mine, body: { volume: { size: 1 }, 'OS-SCH-HNT:scheduler_hints': { local_to_instance: instance } }, headers: nova });
  const { id } = made.body.volume;
  const round = async () => {
    await store.update({ pk: `volume#${id}`, sk: 'volume' }, { set: { due_at: new Date(0).toISOString() } }, { status: made.body.volume.status });
    await sweep();
    return (await rig.take('nova-compute')).filter(({ args }) => args.volume_id === id).map(({ method }) => method);
  };
  await rig.take('nova-compute');
  assert.deepEqual([await round(), await round(), await round()], [['create_volume'], ['create_volume'], ['volume_ready']]);
  assert.equal((await show(id)).status, 'error');
});

test('what a broken-off request had counted is counted no more', async () => {
  const { holdQuota } = await import('../../functions/cinder-api/quota/count.ts');
  const { handler: sweep } = await import('../../functions/cinder-api/sweep.ts');
  const { cinder: store } = await import('../../functions/cinder-api/volume/store.ts');
  await create({ size: 2 }, token('broken'));
  const lost = await holdQuota('broken', randomUUID(), 7);
  const long = new Date(0).toISOString();
  await store.update({ pk: 'quota#broken', sk: 'quota' }, { set: { due_at: long, [`pending.${lost}.at`]: long } });
  await sweep();
  const { volumes, gigabytes } = await usage('broken');
  assert.deepEqual([volumes.in_use, gigabytes.in_use], [1, 2]);
});

test('nova undoes a volume that its launch is still waiting for, and may say so twice', async () => {
  const made = await cinder('POST', '/volume/v3/volumes', { token: mine, body: { volume: { size: 1 } }, headers: nova });
  const url = `/volume/v3/volumes/${made.body.volume.id}`;
  assert.equal((await cinder('DELETE', url, { token: mine })).status, 400);
  for (let i = 0; i < 2; i++) assert.equal((await cinder('DELETE', url, { token: mine, headers: nova })).status, 202);
  await done('volume_created', made.body.volume.id);
  assert.equal((await show(made.body.volume.id)).status, 'deleting');
  await done('volume_deleted', made.body.volume.id);
  assert.equal((await cinder('GET', url, { token: mine })).status, 404);
});

test("a service in its own name works for its launch's project", async () => {
  const own = token('service', 'service,admin,member,reader', 'nova');
  const made = await cinder('POST', '/volume/v3/mine/volumes', { token: own, body: { volume: { size: 1 } } });
  assert.equal(made.status, 202, JSON.stringify(made.body));
  const { id } = made.body.volume;
  assert.equal((await show(id)).id, id, 'the project sees it as its own');
  await done('volume_created', id, { host: made.body.volume['os-vol-host-attr:host'] });
  const instance = randomUUID();
  await attach(id, instance);
  const listed = await cinder('GET', `/volume/v3/attachments?instance_id=${instance}`, { token: own, headers: { 'OpenStack-API-Version': 'volume 3.44' } });
  assert.equal(listed.body.attachments.length, 1);
});

test('nothing that a client may send makes a 500', async () => {
  const id = await createAvailable();
  for (const [method, path, body] of [
    ['POST', '/volumes', []], ['POST', '/volumes', { volume: null }], ['POST', '/volumes', 'not json'], ['PUT', `/volumes/${id}`, { volume: [] }], ['POST', `/volumes/${id}/action`, []], ['POST', `/volumes/${id}/action`, { 'os-set_bootable': null }],
    ['POST', '/attachments', { attachment: { volume_uuid: 'x' } }], ['POST', '/attachments', { attachment: { volume_uuid: id, connector: {} } }], ['GET', '/attachments?instance_id=nobody', undefined],
    ['GET', '/volumes/%00', undefined], ['GET', `/volumes/${'x'.repeat(3000)}`, undefined], ['GET', '/types/%20', undefined], ['POST', '/types', { volume_type: { name: ' ' } }], ['PUT', '/os-quota-sets/mine', { quota_set: { volumes: 1e20 } }],
    ['GET', '/volumes?metadata=[1', undefined], ['GET', `/volumes?metadata=${encodeURIComponent("{'a': {'toString': 1, 'valueOf': 1}}")}`, undefined], ['GET', '/volumes?size=x', undefined], ['GET', `/volumes?name=${'%F0%9F%98%80'}`, undefined],
  ] as [string, string, unknown][]) {
    const answer = await call(method, path, body, adminToken);
    assert.ok(answer.status < 500, `${method} ${path} ${JSON.stringify(body)}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
});
