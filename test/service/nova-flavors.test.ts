import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { adminToken, caller, startRig, token, type Rig } from './rig.ts';

let rig: Rig;
let nova: ReturnType<typeof caller>;
before(async () => {
  rig = await startRig();
  nova = caller((await import('../../functions/nova-api/http.ts')).handler);
});
after(() => rig.stop());

const mine = token('mine');
const call = (method: string, path: string, { as = adminToken, minor = 1, body }: { as?: string; minor?: number; body?: object } = {}) =>
  nova(method, `/compute/v2.1/flavors${path}`, { token: as, headers: { 'OpenStack-API-Version': `compute 2.${minor}` }, ...(body && { body }) });
const create = (name: string, more: object = {}, minor = 1) => call('POST', '', { minor, body: { flavor: { name, ram: 512, vcpus: 1, disk: 1, ...more } } });
const names = async (query: string, as = adminToken) => (await call('GET', `?${query}`, { as })).body.flavors.map(({ name }: any) => name).sort().join(' ');

test('an admin makes a flavor, everybody launches with it, nobody else makes one', async () => {
  const made = await create('m1.one', { id: '101', swap: 0, 'OS-FLV-EXT-DATA:ephemeral': '2', rxtx_factor: 1.5 });
  assert.equal(made.status, 200);
  const { links, ...flavor } = made.body.flavor;
  assert.deepEqual(flavor, { id: '101', name: 'm1.one', ram: 512, disk: 1, swap: '', 'OS-FLV-EXT-DATA:ephemeral': 2, 'OS-FLV-DISABLED:disabled': false, vcpus: 1, 'os-flavor-access:is_public': true, rxtx_factor: 1.5 });
  assert.deepEqual(links.map(({ rel }: any) => rel), ['self', 'bookmark']);
  assert.equal((await call('GET', '/101', { as: mine })).body.flavor.name, 'm1.one');
  assert.equal((await call('POST', '', { as: mine, body: { flavor: { name: 'x', ram: 1, vcpus: 1, disk: 1 } } })).status, 403);
  assert.equal((await create('m1.one')).status, 409, 'a name is taken once');
  assert.equal((await create('other', { id: '101' })).status, 409, 'an id too');
  assert.match((await create('auto', { id: 'auto' })).body.flavor.id, /^[0-9a-f-]{36}$/);
  assert.equal((await call('DELETE', '/101', { as: mine })).status, 403);
  assert.deepEqual([(await call('DELETE', '/101')).status, (await call('DELETE', '/101')).status, (await call('GET', '/101')).status], [202, 404, 404]);
  assert.equal((await create('m1.one')).status, 200, 'its name is free again');
});

test('of many that make the same flavor at once, one does', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => create('contested')));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(409)]);
});

test('each version shows what it added', async () => {
  await create('versions', { id: 'v' });
  const show = async (minor: number) => (await call('GET', '/v', { minor })).body.flavor;
  assert.deepEqual([(await show(54)).description, (await show(55)).description], [undefined, null]);
  assert.deepEqual([(await show(60)).extra_specs, (await show(61)).extra_specs], [undefined, {}]);
  assert.deepEqual([(await show(74)).swap, (await show(75)).swap], ['', 0]);
  const list = async (minor: number) => Object.keys((await call('GET', '', { minor })).body.flavors[0]);
  assert.deepEqual([await list(54), await list(55)], [['id', 'name', 'links'], ['id', 'name', 'links', 'description']]);
  assert.equal((await create('described', { description: 'x' }, 54)).status, 400);
  assert.equal((await create('described', { id: 'd', description: 'x' }, 55)).body.flavor.description, 'x');
  const put = (minor: number) => call('PUT', '/d', { minor, body: { flavor: { description: 'y' } } });
  assert.deepEqual([(await put(54)).status, (await put(55)).body.flavor.description], [405, 'y']);
  assert.deepEqual([(await call('GET', '?colour=red', { minor: 74 })).status, (await call('GET', '?colour=red', { minor: 75 })).status], [200, 400]);
});

test('a private flavor is for the projects that have access', async () => {
  await create('private', { id: 'p', 'os-flavor-access:is_public': false });
  assert.equal((await call('GET', '/p', { as: mine })).status, 404);
  assert.ok(!(await names('', mine)).includes('private'));
  const access = (action: object, minor = 1, id = 'p') => call('POST', `/${id}/action`, { minor, body: action });
  assert.deepEqual((await access({ addTenantAccess: { tenant: 'mine' } })).body, { flavor_access: [{ flavor_id: 'p', tenant_id: 'mine' }] });
  assert.equal((await access({ addTenantAccess: { tenant: 'mine' } })).status, 409);
  assert.equal((await call('GET', '/p', { as: mine })).status, 200);
  assert.ok((await names('', mine)).includes('private'));
  assert.deepEqual((await call('GET', '/p/os-flavor-access')).body.flavor_access.length, 1);
  assert.deepEqual([(await access({ removeTenantAccess: { tenant: 'mine' } })).status, (await access({ removeTenantAccess: { tenant: 'mine' } })).status], [200, 404]);
  await create('public', { id: 'pub' });
  assert.deepEqual([(await access({ addTenantAccess: { tenant: 'mine' } }, 7, 'pub')).status, (await call('GET', '/pub/os-flavor-access')).status], [409, 404]);
  assert.equal(await names('is_public=false'), 'private');
  assert.ok((await names('is_public=None')).includes('private') && (await names('is_public=None')).includes('public'));
  assert.equal((await call('GET', '?is_public=perhaps')).status, 400);
});

test('extra specs are added, changed, shown and taken away', async () => {
  await create('specs', { id: 's' });
  const specs = (method: string, path = '', body?: object, as = adminToken) => call(method, `/s/os-extra_specs${path}`, { as, ...(body && { body }) });
  assert.deepEqual((await specs('POST', '', { extra_specs: { 'hw:cpu_policy': 'shared', 'trait:CUSTOM.X': 1 } })).body, { extra_specs: { 'hw:cpu_policy': 'shared', 'trait:CUSTOM.X': '1' } });
  assert.deepEqual((await specs('PUT', '/hw:cpu_policy', { 'hw:cpu_policy': 'dedicated' })).body, { 'hw:cpu_policy': 'dedicated' });
  assert.equal((await specs('PUT', '/a', { b: 'c' })).status, 400);
  assert.deepEqual((await specs('GET', '', undefined, mine)).body.extra_specs, { 'hw:cpu_policy': 'dedicated', 'trait:CUSTOM.X': '1' });
  assert.deepEqual([(await specs('DELETE', '/trait:CUSTOM.X')).status, (await specs('DELETE', '/trait:CUSTOM.X')).status, (await specs('GET', '/trait:CUSTOM.X')).status], [200, 404, 404]);
  assert.deepEqual([(await specs('GET', '/constructor')).status, (await specs('PUT', '/constructor', { a: 'b' })).status, (await specs('DELETE', '/constructor')).status], [404, 400, 404]);
  assert.equal((await specs('POST', '', { extra_specs: { a: 'b' } }, mine)).status, 403);
  await Promise.all(Array.from({ length: 6 }, (_, i) => specs('POST', '', { extra_specs: { [`k${i}`]: 'v' } })));
  assert.equal(Object.keys((await specs('GET')).body.extra_specs).length, 7, 'none of many at once is lost');
});

test('lists are filtered, sorted and paged', async () => {
  for (const [id, ram] of [['z1', 90_001], ['z2', 90_002], ['z3', 90_003]] as const) await create(id, { id, ram, disk: ram });
  assert.equal(await names('minRam=90002'), 'z2 z3');
  assert.equal(await names('minDisk=90003'), 'z3');
  assert.equal((await call('GET', '?minRam=much')).status, 400);
  const page = await call('GET', '/detail?minRam=90000&limit=2&sort_key=memory_mb&sort_dir=desc');
  assert.deepEqual(page.body.flavors.map(({ id }: any) => id), ['z3', 'z2']);
  const next = new URL(page.body.flavors_links[0].href);
  const rest = await nova('GET', next.pathname + next.search, { token: adminToken });
  assert.deepEqual(rest.body.flavors.map(({ id }: any) => id), ['z1']);
  assert.equal((await call('GET', '?marker=none')).status, 400);
  assert.equal((await call('GET', '?sort_key=colour')).status, 400);
});

test('bad input is refused with the field named', async () => {
  const bad = async (flavor: object, message: RegExp) => {
    const answer = await call('POST', '', { body: { flavor } });
    assert.deepEqual([answer.status, message.test(answer.body.badRequest?.message)], [400, true], JSON.stringify(answer.body));
  };
  await bad({ name: 'x', vcpus: 1, disk: 1 }, /'ram' is a required property/);
  await bad({ name: 'x', ram: 0, vcpus: 1, disk: 1 }, /ram/);
  await bad({ name: 'x', ram: 1, vcpus: 'many', disk: 1 }, /vcpus/);
  await bad({ name: 'x', ram: 1, vcpus: 1, disk: -1 }, /disk/);
  await bad({ name: ' x', ram: 1, vcpus: 1, disk: 1 }, /name/);
  await bad({ name: 'x', ram: 1, vcpus: 1, disk: 1, colour: 1 }, /'colour' was unexpected/);
  await bad({ name: 'x', ram: 1, vcpus: 1, disk: 1, id: 'a/b' }, /attribute id/);
});
