import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { adminToken, caller, startRig, token, type Rig } from './rig.ts';

let rig: Rig;
let glance: ReturnType<typeof caller>;
before(async () => {
  rig = await startRig();
  glance = caller((await import('../../functions/glance-api/http.ts')).handler);
});
after(() => rig.stop());

const mine = token('mine');
const theirs = token('theirs');
const image = (fields: object = {}) => ({ name: 'centos7', disk_format: 'raw', container_format: 'bare', ...fields });
async function create(fields: object = {}, as = mine): Promise<any> {
  const answer = await glance('POST', '/image/v2/images', { token: as, body: image(fields) });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}
async function createActive(bytes: Buffer, fields: object = {}, as = mine) {
  const { id } = await create(fields, as);
  const put = await glance('PUT', `/image/v2/images/${id}/file`, { token: as, body: bytes });
  assert.equal(put.status, 204, JSON.stringify(put.body));
  return id as string;
}
const show = async (id: string, as = mine) => (await glance('GET', `/image/v2/images/${id}`, { token: as })).body;

test('an uploaded image comes back byte for byte, with its size and hashes', async () => {
  const bytes = randomBytes(100_000);
  const id = await createActive(bytes, { os_distro: 'centos' });
  const shown = await show(id);
  assert.equal(shown.status, 'active');
  assert.equal(shown.size, bytes.length);
  assert.equal(shown.checksum, createHash('md5').update(bytes).digest('hex'));
  assert.equal(shown.os_hash_algo, 'sha512');
  assert.equal(shown.os_hash_value, createHash('sha512').update(bytes).digest('hex'));
  assert.equal(shown.os_distro, 'centos');
  assert.equal(shown.stores, 's3');
  assert.equal(shown.direct_url, undefined, 'where the data is, is for services only');
  const whole = await glance('GET', `/image/v2/images/${id}/file`, { token: mine });
  assert.deepEqual(whole.bytes, bytes);
  assert.equal(whole.headers['content-md5'], shown.checksum);
  const part = await glance('GET', `/image/v2/images/${id}/file`, { token: mine, headers: { Range: 'bytes=10-19' } });
  assert.equal(part.status, 206);
  assert.deepEqual(part.bytes, bytes.subarray(10, 20));
});

test('a service learns where a host fetches the image by itself', async () => {
  const id = await createActive(Buffer.from('data'));
  const answer = await glance('GET', `/image/v2/images/${id}`, { token: mine, headers: { 'X-Service-Token': token('service', 'service') } });
  assert.match(answer.body.direct_url, new RegExp(`^s3://images/${id}/`));
  assert.equal(answer.body.locations[0].url, answer.body.direct_url);
});

test('a second upload to an image is refused, and leaves the first as it is', async () => {
  const id = await createActive(Buffer.from('first'));
  const again = await glance('PUT', `/image/v2/images/${id}/file`, { token: mine, body: Buffer.from('second') });
  assert.equal(again.status, 409);
  assert.equal((await glance('GET', `/image/v2/images/${id}/file`, { token: mine })).bytes.toString(), 'first');
});

test('bytes that are not of the declared format are refused, and the image waits for others', async () => {
  const { id } = await create({ disk_format: 'qcow2' });
  const put = await glance('PUT', `/image/v2/images/${id}/file`, { token: mine, body: Buffer.from('not a disk') });
  assert.equal(put.status, 400);
  assert.match(put.body.message, /qcow2/);
  assert.equal((await show(id)).status, 'queued');
});

test('the front learns where an upload goes, and its report makes the image active', async () => {
  const { id } = await create();
  const begun = await glance('POST', '/image/v2/novaless/uploads', { token: mine, body: { image_id: id } });
  assert.equal(begun.status, 201);
  assert.equal((await show(id)).status, 'saving');
  const bytes = randomBytes(5000);
  await fetch(`${rig.engines.s3.endpoint}/${begun.body.bucket}/${begun.body.key}`, { method: 'PUT', body: bytes });
  const report = { size: 5000, checksum: createHash('md5').update(bytes).digest('hex'), os_hash_algo: 'sha512', os_hash_value: createHash('sha512').update(bytes).digest('hex') };
  const url = `/image/v2/novaless/uploads/${begun.body.id}`;
  assert.equal((await glance('PUT', url, { token: theirs, body: report })).status, 404);
  assert.equal((await glance('PUT', url, { token: mine, body: { ...report, size: 5001 } })).status, 400);
  assert.equal((await glance('PUT', url, { token: mine, body: report })).status, 204);
  assert.equal((await glance('PUT', url, { token: mine, body: report })).status, 204, 'a repeated report changes nothing');
  assert.equal((await show(id)).status, 'active');
  const where = await glance('GET', `/image/v2/novaless/downloads/${id}`, { token: mine });
  assert.deepEqual(where.body, { bucket: begun.body.bucket, key: begun.body.key, size: 5000, checksum: report.checksum });
  assert.equal((await glance('GET', `/image/v2/novaless/downloads/${id}`, { token: theirs })).status, 404);
});

test('an upload that the client broke off leaves the image queued and no bytes', async () => {
  const { id } = await create();
  const begun = await glance('POST', '/image/v2/novaless/uploads', { token: mine, body: { image_id: id } });
  const url = `${rig.engines.s3.endpoint}/${begun.body.bucket}/${begun.body.key}`;
  await fetch(url, { method: 'PUT', body: 'half' });
  for (let i = 0; i < 2; i++) assert.equal((await glance('DELETE', `/image/v2/novaless/uploads/${begun.body.id}`, { token: mine })).status, 204);
  assert.equal((await show(id)).status, 'queued');
  assert.equal((await fetch(url)).status, 404);
  assert.equal((await glance('POST', '/image/v2/novaless/uploads', { token: mine, body: { image_id: id } })).status, 201);
});

test("another project's image does not exist, a public one does", async () => {
  const id = await createActive(Buffer.from('mine'));
  const open = await createActive(Buffer.from('everyone'), { visibility: 'public', name: 'everyones' }, adminToken);
  assert.equal((await glance('GET', `/image/v2/images/${id}`, { token: theirs })).status, 404);
  assert.equal((await glance('PUT', `/image/v2/images/${id}/file`, { token: theirs, body: Buffer.from('x') })).status, 404);
  assert.equal((await show(open, theirs)).name, 'everyones');
  assert.equal((await glance('POST', '/image/v2/images', { token: mine, body: image({ visibility: 'public' }) })).status, 403);
  const names = (await glance('GET', '/image/v2/images?limit=1000', { token: theirs })).body.images.map((i: any) => i.id);
  assert.ok(names.includes(open) && !names.includes(id));
});

test('a list is found by name, filtered, sorted and paged', async () => {
  const who = token('lister');
  for (const [name, os_distro] of [['a', 'x'], ['b,c', 'y'], ['d', 'x']] as const) await create({ name, os_distro, tags: [name] }, who);
  const names = async (query: string) => {
    const answer = await glance('GET', `/image/v2/images?visibility=shared&${query}`, { token: who });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.images.map((i: any) => i.name) as string[];
  };
  assert.deepEqual(await names('sort=name:asc'), ['a', 'b,c', 'd']);
  assert.deepEqual(await names('name=a'), ['a']);
  assert.deepEqual(await names('sort_key=name&sort_dir=desc&name=in:a,"b,c"'), ['b,c', 'a']);
  assert.deepEqual(await names('os_distro=x&sort_key=name&sort_dir=asc'), ['a', 'd']);
  assert.deepEqual(await names('tag=d'), ['d']);
  assert.deepEqual(await names(`created_at=gt:${new Date(Date.now() + 60_000).toISOString()}`), []);
  const first = (await glance('GET', '/image/v2/images?visibility=shared&limit=2&sort=name:asc', { token: who })).body;
  assert.deepEqual(first.images.map((i: any) => i.name), ['a', 'b,c']);
  const second = (await glance('GET', `/image${first.next}`, { token: who })).body;
  assert.deepEqual(second.images.map((i: any) => i.name), ['d']);
  assert.equal(second.next, undefined);
  for (const wrong of ['limit=-1', 'limit=x', 'sort_key=nothing', 'sort=name:up', 'visibility=nobody', 'created_at=gt:yesterday', 'created_at=constructor:2026-01-01T00:00:00Z', 'marker=none', 'os_hidden=maybe'])
    assert.equal((await glance('GET', `/image/v2/images?${wrong}`, { token: who })).status, 400, wrong);
});

test('wrong fields are refused with their names', async () => {
  for (const [fields, status, said] of [
    [{ disk_format: 'floppy' }, 400, /floppy/], [{ min_disk: -1 }, 400, /min_disk/], [{ min_ram: 'much' }, 400, /min_ram/], [{ size: 3 }, 403, /size/],
    [{ os_glance_x: 'y' }, 403, /os_glance_x/], [{ some_property: 3 }, 400, /some_property/], [{ id: 'x' }, 400, /id/], [{ owner: 'theirs' }, 403, /theirs/],
  ] as [object, number, RegExp][]) {
    const answer = await glance('POST', '/image/v2/images', { token: mine, body: image(fields) });
    assert.equal(answer.status, status, JSON.stringify(fields));
    assert.match(answer.body.message, said);
  }
});

const patch = (id: string, changes: unknown, as = mine, type = 'application/openstack-images-v2.1-json-patch') =>
  glance('PATCH', `/image/v2/images/${id}`, { token: as, body: changes, headers: { 'Content-Type': type } });

test('fields, properties and tags are set, replaced and removed by JSON patch', async () => {
  const { id } = await create({ colour: 'red' });
  const done = await patch(id, [
    { op: 'replace', path: '/name', value: 'renamed' }, { op: 'add', path: '/a~1b', value: 'slash' }, { op: 'replace', path: '/colour', value: 'blue' },
    { op: 'add', path: '/min_disk', value: 5 }, { op: 'replace', path: '/tags', value: ['x', 'y', 'x'] }, { op: 'add', path: '/hw_disk_bus', value: 'virtio' }, { op: 'remove', path: '/hw_disk_bus' },
  ]);
  assert.equal(done.status, 200, JSON.stringify(done.body));
  const { name, colour, min_disk, tags, 'a/b': slash, hw_disk_bus } = done.body;
  assert.deepEqual([name, colour, min_disk, tags, slash, hw_disk_bus], ['renamed', 'blue', 5, ['x', 'y'], 'slash', undefined]);
  for (const [changes, status] of [
    [[{ op: 'replace', path: '/nothing', value: 'x' }], 409], [[{ op: 'remove', path: '/nothing' }], 409], [[{ op: 'replace', path: '/constructor', value: 'x' }], 409], [[{ op: 'remove', path: '/name' }], 403],
    [[{ op: 'replace', path: '/status', value: 'active' }], 403], [[{ op: 'replace', path: '/size', value: 1 }], 403], [[{ op: 'replace', path: '/owner', value: 'theirs' }], 403],
    [[{ op: 'replace', path: '/visibility', value: 'public' }], 403], [[{ op: 'replace', path: '/visibility', value: 'secret' }], 400], [[{ op: 'move', path: '/name' }], 400],
    [[{ op: 'add', path: 'name', value: 'x' }], 400], [[{ op: 'add', path: '/a/b', value: 'x' }], 400], [[{ op: 'add', path: '/name' }], 400], [{}, 400], ['[', 400], [[{ op: 'add', path: '/x', value: 3 }], 400],
    [[{ op: 'add', path: '/locations/-', value: {} }], 400], [[{ op: 'replace', path: '/min_ram', value: null }], 400],
  ] as [unknown, number][]) assert.equal((await patch(id, changes)).status, status, JSON.stringify(changes));
  assert.equal((await patch(id, [], mine, 'application/json')).status, 415);
  assert.equal((await patch(id, [], theirs)).status, 404);
  assert.equal((await glance('PUT', `/image/v2/images/${id}/tags/z`, { token: mine })).status, 204);
  assert.equal((await glance('DELETE', `/image/v2/images/${id}/tags/x`, { token: mine })).status, 204);
  assert.equal((await glance('DELETE', `/image/v2/images/${id}/tags/x`, { token: mine })).status, 404);
  assert.deepEqual((await show(id)).tags, ['y', 'z']);
});

test('changes that many send at once all stay', async () => {
  const { id } = await create();
  const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => patch(id, [{ op: 'add', path: `/p${i}`, value: 'v' }])));
  assert.deepEqual(answers.map(({ status }) => status), Array(5).fill(200));
  const shown = await show(id);
  for (let i = 0; i < 5; i++) assert.equal(shown[`p${i}`], 'v');
});

test('a protected image is not deleted; a deleted one leaves no bytes and no members', async () => {
  const id = await createActive(Buffer.from('bytes'), { protected: true });
  await glance('POST', `/image/v2/images/${id}/members`, { token: mine, body: { member: 'theirs' } });
  const where = (await glance('GET', `/image/v2/novaless/downloads/${id}`, { token: mine })).body;
  assert.equal((await glance('DELETE', `/image/v2/images/${id}`, { token: mine })).status, 403);
  await patch(id, [{ op: 'replace', path: '/protected', value: false }]);
  assert.equal((await glance('DELETE', `/image/v2/images/${id}`, { token: theirs })).status, 403);
  assert.equal((await glance('DELETE', `/image/v2/images/${id}`, { token: mine })).status, 204);
  assert.equal((await glance('DELETE', `/image/v2/images/${id}`, { token: mine })).status, 404);
  assert.equal((await fetch(`${rig.engines.s3.endpoint}/${where.bucket}/${where.key}`)).status, 404);
  const left = (await glance('GET', '/image/v2/images?visibility=shared&member_status=all', { token: theirs })).body.images;
  assert.ok(!left.some((i: any) => i.id === id));
});

test('a shared image is seen by its members, listed once they accept, and changed by its owner alone', async () => {
  const [owner, guest] = [token('owner'), token('guest')];
  const id = await createActive(Buffer.from('shared'), { name: 'shared' }, owner);
  assert.equal((await glance('GET', `/image/v2/images/${id}`, { token: guest })).status, 404);
  const added = await glance('POST', `/image/v2/images/${id}/members`, { token: owner, body: { member: 'guest' } });
  assert.deepEqual([added.status, added.body.status], [200, 'pending']);
  assert.equal((await glance('POST', `/image/v2/images/${id}/members`, { token: owner, body: { member: 'guest' } })).status, 409);
  assert.equal((await show(id, guest)).name, 'shared');
  const listed = async (query = '') => (await glance('GET', `/image/v2/images?${query}`, { token: guest })).body.images.some((i: any) => i.id === id);
  assert.equal(await listed(), false);
  assert.equal(await listed('member_status=pending&visibility=shared'), true);
  const url = `/image/v2/images/${id}/members/guest`;
  assert.equal((await glance('PUT', url, { token: owner, body: { status: 'accepted' } })).status, 403);
  assert.equal((await glance('PUT', url, { token: guest, body: { status: 'perhaps' } })).status, 400);
  assert.equal((await glance('PUT', url, { token: guest, body: { status: 'accepted' } })).body.status, 'accepted');
  assert.equal(await listed(), true);
  assert.equal((await glance('GET', `/image/v2/images/${id}/file`, { token: guest })).bytes.toString(), 'shared');
  assert.equal((await patch(id, [{ op: 'replace', path: '/name', value: 'taken' }], guest)).status, 403);
  assert.equal((await glance('GET', `/image/v2/images/${id}/members`, { token: owner })).body.members.length, 1);
  assert.equal((await glance('DELETE', url, { token: owner })).status, 204);
  assert.equal((await glance('GET', `/image/v2/images/${id}`, { token: guest })).status, 404);
});

test('a deactivated image cannot be downloaded until it is reactivated', async () => {
  const id = await createActive(Buffer.from('x'));
  const act = async (action: string) => (await glance('POST', `/image/v2/images/${id}/actions/${action}`, { token: mine })).status;
  assert.deepEqual([await act('deactivate'), await act('deactivate')], [204, 204]);
  assert.equal((await glance('GET', `/image/v2/images/${id}/file`, { token: mine })).status, 403);
  assert.equal((await glance('GET', `/image/v2/novaless/downloads/${id}`, { token: mine })).status, 403);
  assert.equal(await act('reactivate'), 204);
  assert.equal((await glance('GET', `/image/v2/images/${id}/file`, { token: mine })).status, 200);
});

test('an image that changed is seen at once, but by who says that a moment ago will do; what nobody may see is not seen so either', async () => {
  const id = await createActive(Buffer.from('x'));
  const get = async (as: string, headers: Record<string, string> = {}) => glance('GET', `/image/v2/images/${id}`, { token: as, headers });
  const known = { 'Cache-Control': 'max-age=5' };
  assert.equal((await get(mine)).body.status, 'active');
  await glance('POST', `/image/v2/images/${id}/actions/deactivate`, { token: mine });
  assert.equal((await get(mine, known)).body.status, 'active');
  assert.equal((await get(theirs, known)).status, 404);
  assert.equal((await get(mine, { 'Cache-Control': 'no-cache, max-age=0' })).body.status, 'deactivated');
  assert.equal((await get(mine, known)).body.status, 'deactivated', 'as it was read last');
});

test('clients find the versions, the schemas and the import methods', async () => {
  assert.equal((await glance('GET', '/image')).status, 300);
  assert.equal((await glance('GET', '/image/versions')).body.versions[0].status, 'CURRENT');
  for (const name of ['image', 'images', 'member', 'members']) assert.equal((await glance('GET', `/image/v2/schemas/${name}`, { token: mine })).status, 200);
  assert.deepEqual((await glance('GET', '/image/v2/info/import', { token: mine })).body['import-methods'].value, ['web-download']);
  assert.equal((await glance('GET', '/image/v2/tasks', { token: mine })).status, 404);
  assert.equal((await glance('GET', '/image/v2/images')).status, 401);
});

test('an upload that is never finished leaves the image queued after its deadline, and a late writer leaves nothing', async () => {
  const { handler: sweep } = await import('../../functions/glance-api/sweep.ts');
  const { glance: store } = await import('../../functions/glance-api/image/store.ts');
  const { id } = await create();
  const begun = (await glance('POST', '/image/v2/novaless/uploads', { token: mine, body: { image_id: id } })).body;
  const url = `${rig.engines.s3.endpoint}/${begun.bucket}/${begun.key}`;
  await sweep();
  assert.equal((await show(id)).status, 'saving', 'not before its time');
  const pass = () => store.update({ pk: `upload#${begun.id}`, sk: 'upload' }, { set: { due_at: new Date(0).toISOString() } });
  await pass();
  await sweep();
  assert.equal((await show(id)).status, 'queued');
  await fetch(url, { method: 'PUT', body: 'late' });
  const report = { size: 4, checksum: '0'.repeat(32), os_hash_algo: 'sha512', os_hash_value: '0'.repeat(128) };
  assert.equal((await glance('PUT', `/image/v2/novaless/uploads/${begun.id}`, { token: mine, body: report })).status, 409);
  assert.equal((await fetch(url)).status, 404);
  await pass();
  await sweep();
  assert.equal(await store.get({ pk: `upload#${begun.id}`, sk: 'upload' }), undefined);
});
