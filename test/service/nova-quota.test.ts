import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { quotaKey, useChange } from '../../shared/objects/quota.ts';
import { adminToken, caller, startRig, token, type Rig } from './rig.ts';

const SETS = '/compute/v2.1/os-quota-sets';
const CLASS = '/compute/v2.1/os-quota-class-sets/default';
let rig: Rig;
let nova: ReturnType<typeof caller>;
let use: (project: string, user: string, instances: number) => Promise<unknown>;
before(async () => {
  rig = await startRig();
  rig.standIns.push(({ path }) => (/^\/identity\/v3\/projects\/p\d+$/.test(path) ? { status: 200, body: { project: {} } } : undefined));
  nova = caller((await import('../../functions/nova-api/http.ts')).handler);
  const { nova: table } = await import('../../functions/nova-api/store.ts');
  use = (project, user, instances) => table.update(quotaKey(project), { add: useChange({ instances, cores: instances * 2, ram: instances * 512 }, user) });
});
after(() => rig.stop());

let projects = 0;
const newProject = () => `p${projects++}`;
const call = (method: string, path: string, { as = adminToken, minor = 1, body }: { as?: string; minor?: number; body?: object } = {}) =>
  nova(method, path, { token: as, headers: { 'X-OpenStack-Nova-API-Version': `2.${minor}` }, ...(body && { body }) });
const set = (project: string, quota_set: object, more = '', minor = 57) => call('PUT', `${SETS}/${project}${more}`, { minor, body: { quota_set } });
const show = async (project: string, more = '', minor = 57) => (await call('GET', `${SETS}/${project}${more}`, { minor })).body.quota_set;

const compute = ['cores', 'instances', 'key_pairs', 'metadata_items', 'ram', 'server_group_members', 'server_groups'];
const injected = ['injected_file_content_bytes', 'injected_file_path_bytes', 'injected_files'];
const network = ['fixed_ips', 'floating_ips', 'security_group_rules', 'security_groups'];
const keys = (object: object) => Object.keys(object).filter((key) => key !== 'id').sort();

test("a project has Nova's defaults until an admin says otherwise, and has them again after a reset", async () => {
  const project = newProject();
  assert.deepEqual(await show(project), { id: project, instances: 10, cores: 20, ram: 51200, metadata_items: 128, key_pairs: 100, server_groups: 0, server_group_members: 0 });
  const changed = await set(project, { cores: 40, ram: '-1' });
  assert.deepEqual([changed.status, changed.body.quota_set.cores, changed.body.quota_set.ram, changed.body.quota_set.id], [200, 40, -1, undefined]);
  assert.deepEqual([(await show(project)).cores, (await show(project)).instances], [40, 10]);
  assert.equal((await show(project, '/defaults')).cores, 20);
  assert.equal((await call('DELETE', `${SETS}/${project}`)).status, 202);
  assert.equal((await show(project)).cores, 20);
});

test('each microversion names the resources that it knows', async () => {
  const project = newProject();
  for (const [minor, names] of [[1, [...compute, ...network, ...injected]], [35, [...compute, ...network, ...injected]], [36, [...compute, ...injected]], [56, [...compute, ...injected]], [57, compute], [96, compute]] as const)
    for (const more of ['', '/detail', '/defaults']) assert.deepEqual(keys(await show(project, more, minor)), [...names].sort(), `2.${minor}${more}`);
  assert.equal((await set(project, { floating_ips: -1 }, '', 35)).status, 200);
  assert.equal((await set(project, { floating_ips: -1 }, '', 36)).status, 400);
  assert.equal((await set(project, { injected_files: 0 }, '', 56)).status, 200);
  assert.equal((await set(project, { injected_files: 0 }, '', 57)).status, 400);
  assert.equal((await call('GET', `${SETS}/${project}?color=red`, { minor: 74 })).status, 200);
  assert.equal((await call('GET', `${SETS}/${project}?color=red`, { minor: 75 })).status, 400);
  const byClass = async (minor: number) => keys((await call('GET', CLASS, { minor })).body.quota_class_set);
  const groups = ['server_group_members', 'server_groups'];
  assert.deepEqual(await byClass(49), [...compute, ...network, ...injected].filter((name) => !groups.includes(name)).sort());
  assert.deepEqual(await byClass(50), [...compute, ...injected].sort());
  assert.deepEqual(await byClass(57), compute);
});

test('what is in use is shown, by project and by user, and no limit goes below it unless forced', async () => {
  const project = newProject();
  await use(project, 'ann', 3);
  await use(project, 'bob', 1);
  const { instances, cores, ram } = await show(project, '/detail');
  assert.deepEqual([instances, cores, ram], [{ limit: 10, in_use: 4, reserved: 0 }, { limit: 20, in_use: 8, reserved: 0 }, { limit: 51200, in_use: 2048, reserved: 0 }]);
  assert.equal((await show(project, '/detail?user_id=ann')).instances.in_use, 3);
  const low = await set(project, { instances: 3 });
  assert.deepEqual([low.status, low.body.badRequest.message], [400, 'Quota limit 3 for instances must be greater than or equal to already used and reserved 4.']);
  assert.equal((await set(project, { instances: 3, force: true })).body.quota_set.instances, 3);
  assert.equal((await set(project, { instances: 4 })).status, 200);
});

test("users' own limits fit into their project's together", async () => {
  const project = newProject();
  assert.equal((await set(project, { instances: 6 }, '?user_id=ann')).body.quota_set.instances, 6);
  assert.deepEqual([(await show(project, '?user_id=ann')).instances, (await show(project, '?user_id=bob')).instances, (await show(project)).instances], [6, 10, 10]);
  const much = await set(project, { instances: 5 }, '?user_id=bob');
  assert.deepEqual([much.status, much.body.badRequest.message], [400, 'Quota limit 5 for instances must be less than or equal to 4.']);
  assert.equal((await set(project, { instances: -1 }, '?user_id=bob')).status, 400);
  assert.equal((await set(project, { instances: 4 }, '?user_id=bob')).status, 200);
  assert.equal((await set(project, { instances: 9 })).status, 400, "less than its users' limits");
  assert.equal((await call('DELETE', `${SETS}/${project}?user_id=bob`)).status, 202);
  assert.deepEqual([(await show(project, '?user_id=ann')).instances, (await show(project, '?user_id=bob')).instances], [6, 10]);
});

test('admins who change different limits at the same time both have their way', async () => {
  const project = newProject();
  const answers = await Promise.all([set(project, { cores: 30 }), set(project, { ram: 1000 }), set(project, { instances: 30 }), set(project, { key_pairs: 5 }, '?user_id=ann')]);
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200]);
  const { cores, ram, instances } = await show(project);
  assert.deepEqual([cores, ram, instances, (await show(project, '?user_id=ann')).key_pairs], [30, 1000, 30, 5]);
});

test('the default class holds for every project without limits of its own', async () => {
  const [own, other] = [newProject(), newProject()];
  await set(own, { metadata_items: 7 });
  const changed = await call('PUT', CLASS, { minor: 57, body: { quota_class_set: { metadata_items: 50 } } });
  assert.deepEqual([changed.status, changed.body.quota_class_set.metadata_items, changed.body.quota_class_set.id], [200, 50, undefined]);
  assert.equal((await call('GET', CLASS, { minor: 57 })).body.quota_class_set.id, 'default');
  assert.deepEqual([(await show(own)).metadata_items, (await show(other)).metadata_items, (await show(other, '/defaults')).metadata_items], [7, 50, 50]);
  await call('PUT', CLASS, { minor: 57, body: { quota_class_set: { metadata_items: 128 } } });
});

test('limits say what may be used and what is, each microversion with its names', async () => {
  const project = newProject();
  const as = token(project);
  await use(project, 'someone', 2);
  const absolute = async (minor: number, more = '') => (await call('GET', `/compute/v2.1/limits${more}`, { as, minor })).body.limits.absolute;
  assert.deepEqual(await absolute(57), {
    maxTotalInstances: 10, maxTotalCores: 20, maxTotalRAMSize: 51200, maxServerMeta: 128, maxTotalKeypairs: 100, maxServerGroups: 0, maxServerGroupMembers: 0,
    totalInstancesUsed: 2, totalCoresUsed: 4, totalRAMUsed: 1024, totalServerGroupsUsed: 0,
  });
  assert.deepEqual((await call('GET', '/compute/v2.1/limits', { as })).body.limits.rate, []);
  const has = async (minor: number, name: string) => name in (await absolute(minor));
  for (const [name, last] of [['maxSecurityGroups', 35], ['maxTotalFloatingIps', 35], ['totalSecurityGroupsUsed', 35], ['maxImageMeta', 38], ['maxPersonality', 56]] as const)
    assert.deepEqual([await has(last, name), await has(last + 1, name)], [true, false], name);
  assert.equal((await absolute(96, '?reserved=1')).totalCoresUsed, 4);
  assert.equal((await call('GET', '/compute/v2.1/limits?color=red', { as, minor: 75 })).status, 400);
});

test("another project's limits and quotas are for admins", async () => {
  const [mine, theirs] = [newProject(), newProject()];
  const as = token(mine);
  await use(theirs, 'someone', 1);
  assert.equal((await call('GET', `/compute/v2.1/limits?tenant_id=${theirs}`, { as })).status, 403);
  assert.equal((await call('GET', `/compute/v2.1/limits?tenant_id=${theirs}`)).body.limits.absolute.totalInstancesUsed, 1);
  for (const more of ['', '/detail']) {
    assert.equal((await call('GET', `${SETS}/${mine}${more}`, { as })).status, 200);
    assert.equal((await call('GET', `${SETS}/${theirs}${more}`, { as })).status, 403);
  }
  assert.equal((await call('PUT', `${SETS}/${mine}`, { as, body: { quota_set: { cores: 99 } } })).status, 403);
  assert.equal((await call('DELETE', `${SETS}/${mine}`, { as })).status, 403);
  assert.equal((await call('GET', CLASS, { as })).status, 403);
});

test('a misspelt project gets no quota, and bad limits are refused by name, never by a failure', async () => {
  const wrong = await set('no-such-project', { cores: 1 });
  assert.deepEqual([wrong.status, wrong.body.badRequest.message], [400, 'Project ID no-such-project is not a valid project.']);
  const project = newProject();
  for (const quota_set of [{ cores: -2 }, { cores: 'many' }, { cores: 1.5 }, { cores: null }, { cores: 2 ** 31 }, { cores: '9999999999' }, { cores: '' }, { shoes: 2 }, { server_groups: 3 }, { force: 'perhaps' }]) {
    const { status, body } = await set(project, quota_set);
    assert.equal(status, 400, JSON.stringify(quota_set));
    assert.match(body.badRequest.message, new RegExp(Object.keys(quota_set)[0]!));
  }
  const long = 'x'.repeat(3000);
  assert.equal((await set(long, { cores: 1 })).status, 400);
  assert.equal((await call('DELETE', `${SETS}/${long}`)).status, 202);
  assert.equal((await set(project, { cores: 1 }, `?user_id=${long}`)).status, 400);
  assert.equal((await call('GET', `/compute/v2.1/limits?tenant_id=${long}`)).status, 400);
  assert.equal((await call('GET', `/compute/v2.1/os-quota-class-sets/${long}`)).status, 200);
  assert.equal((await call('PUT', `/compute/v2.1/os-quota-class-sets/${long}`, { body: { quota_class_set: { cores: 1 } } })).status, 400);
});
