import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { adminToken, caller, deliver, startRig, token, type Envelope, type Rig } from './rig.ts';

let rig: Rig;
let cinder: ReturnType<typeof caller>;
let reports: Parameters<typeof deliver>[0];
const images = new Map<string, object>();
before(async () => {
  rig = await startRig();
  rig.standIns.push(({ path }) => {
    const id = /^\/image\/v2\/images\/([^?]+)$/.exec(path)?.[1];
    if (id) return images.has(id) ? { status: 200, body: images.get(id) } : { status: 404, body: { message: 'no image' } };
    return path.startsWith('/image/v2/images?') ? { status: 200, body: { images: [] } } : undefined;
  });
  cinder = caller((await import('../../functions/cinder-api/http.ts')).handler);
  reports = (await import('../../functions/cinder-api/rpc.ts')).handler;
  await report('update_service_capabilities', { host: 'h1', total_gb: 1000, free_gb: 500, reported_at: '2026-01-01T00:00:00Z' });
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
