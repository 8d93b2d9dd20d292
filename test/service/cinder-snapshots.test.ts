import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { adminToken, caller, deliver, startRig, token, type Envelope, type Rig } from './rig.ts';

let rig: Rig;
let cinder: ReturnType<typeof caller>;
let reports: Parameters<typeof deliver>[0];
let sweep: () => Promise<void>;
before(async () => {
  rig = await startRig();
  cinder = caller((await import('../../functions/cinder-api/http.ts')).handler);
  reports = (await import('../../functions/cinder-api/rpc.ts')).handler;
  sweep = (await import('../../functions/cinder-api/sweep.ts')).handler;
  await report('update_service_capabilities', { host: 'h1', total_gb: 1000, free_gb: 500, reported_at: '2026-01-01T00:00:00Z' });
  await report('update_service_capabilities', { host: 'h2', total_gb: 1000, free_gb: 900, reported_at: '2026-01-01T00:00:00Z' });
});
after(() => rig.stop());

const mine = token('mine');
const context = { request_id: `req-${randomUUID()}`, user_id: 'u', user_name: 'u', user_domain_id: 'd', project_id: 'mine', roles: [], service_roles: [], token: '', token_expires_at: '' };
async function report(method: string, args: object) {
  const envelope = { version: 1, id: randomUUID(), correlation_id: randomUUID(), method, args, context, trace: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, hops: 1, steps: [] } as Envelope;
  assert.deepEqual(await deliver(reports, [envelope]), { batchItemFailures: [] });
}
const ask = (method: string, path: string, body?: object, as = mine, version = '3.70') =>
  cinder(method, `/volume/v3${path}`, { token: as, headers: { 'OpenStack-API-Version': `volume ${version}` }, ...(body && { body }) });
const asked = async () => (await rig.take('nova-compute')).map(({ method, args }) => ({ method, args }));
const usage = async () => (await ask('GET', '/os-quota-sets/mine?usage=True', undefined, adminToken)).body.quota_set;
async function volume(fields: object = {}): Promise<string> {
  const { body } = await ask('POST', '/volumes', { volume: { size: 2, name: 'v', ...fields } });
  const [command] = await asked();
  await report('volume_created', { volume_id: body.volume.id, project_id: 'mine', host: (command!.args as { host: string }).host });
  return body.volume.id;
}
async function snapshot(volume_id: string, fields: object = {}): Promise<any> {
  const answer = await ask('POST', '/snapshots', { snapshot: { volume_id, name: 's', ...fields } });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return answer.body.snapshot;
}
const show = async (id: string) => (await ask('GET', `/snapshots/${id}`)).body.snapshot;
const told = (method: string, id: string, more: object = {}) => report(method, { volume_id: id, project_id: 'mine', host: 'h2', ...more });

test('a snapshot is a copy on its volume\'s host, outlives reports that come twice, and makes volumes there', async () => {
  const before = await usage();
  const id = await volume();
  const made = await snapshot(id, { description: 'before the change', metadata: { a: 'b' } });
  assert.deepEqual(
    { ...made, created_at: '', updated_at: '' },
    {
      id: made.id, created_at: '', updated_at: '', name: 's', description: 'before the change', volume_id: id, status: 'creating', size: 2, metadata: { a: 'b' },
      'os-extended-snapshot-attributes:progress': '0%', 'os-extended-snapshot-attributes:project_id': 'mine', group_snapshot_id: null, user_id: made.user_id, consumes_quota: true,
    },
  );
  assert.deepEqual(await asked(), [{ method: 'create_volume', args: { host: 'h2', volume_id: made.id, project_id: 'mine', size_gb: 2, source_volume_id: id } }]);
  for (let i = 0; i < 2; i++) await told('volume_created', made.id);
  assert.equal((await show(made.id)).status, 'available');
  const counted = await usage();
  assert.deepEqual([counted.snapshots.in_use, counted.gigabytes.in_use], [before.snapshots.in_use + 1, before.gigabytes.in_use + 4]);

  const copy = (await ask('POST', '/volumes', { volume: { snapshot_id: made.id, size: 3 } })).body.volume;
  assert.equal(copy.snapshot_id, made.id);
  assert.deepEqual(await asked(), [{ method: 'create_volume', args: { host: 'h2', volume_id: copy.id, project_id: 'mine', size_gb: 3, source_volume_id: made.id } }]);
  assert.equal((await ask('POST', '/volumes', { volume: { snapshot_id: made.id } })).body.volume.size, 2, 'as large as the snapshot where nothing else is said');
  assert.match((await ask('POST', '/volumes', { volume: { snapshot_id: made.id, size: 1 } })).body.badRequest.message, /cannot be smaller than the snapshot size 2GB/);
  await rig.take('nova-compute');

  assert.match((await ask('DELETE', `/volumes/${id}`)).body.badRequest.message, /have snapshots/);
  assert.equal((await ask('DELETE', `/snapshots/${made.id}`)).status, 202);
  assert.deepEqual(await asked(), [{ method: 'delete_volume', args: { host: 'h2', volume_id: made.id, project_id: 'mine' } }]);
  assert.equal((await show(made.id)).status, 'deleting');
  for (let i = 0; i < 2; i++) await told('volume_deleted', made.id);
  assert.equal((await ask('GET', `/snapshots/${made.id}`)).status, 404);
  assert.equal((await usage()).snapshots.in_use, before.snapshots.in_use);
  assert.equal((await ask('DELETE', `/volumes/${id}`)).status, 202, 'the volume may go now');
  await rig.take('nova-compute');
});

test('a volume that a server has is not copied, however much it is wished', async () => {
  const id = await volume();
  await ask('POST', '/attachments', { attachment: { volume_uuid: id, instance_uuid: randomUUID() } });
  for (const force of [{}, { force: true }]) {
    const refused = await ask('POST', '/snapshots', { snapshot: { volume_id: id, ...force } });
    assert.equal(refused.status, 400);
    assert.match(refused.body.badRequest.message, /must be available, but current status is: reserved/);
  }
  assert.equal((await ask('POST', '/snapshots', { snapshot: { volume_id: id, force: false } })).status, 400);
  assert.equal((await usage()).snapshots.in_use, 0);
});

test('a volume goes with its snapshots where that is asked for, and not while one of them is being made', async () => {
  const id = await volume();
  const [one, two] = [await snapshot(id), await snapshot(id)];
  await told('volume_created', one.id);
  assert.match((await ask('DELETE', `/volumes/${id}?cascade=True`)).body.badRequest.message, /its snapshots must be available/);
  await told('volume_created', two.id);
  await rig.take('nova-compute');
  assert.equal((await ask('DELETE', `/volumes/${id}?cascade=True`)).status, 202);
  assert.deepEqual((await asked()).map(({ method, args }) => [method, (args as { volume_id: string }).volume_id]).sort(), [one.id, two.id, id].map((each) => ['delete_volume', each]).sort());
  for (const each of [id, one.id, two.id]) await told('volume_deleted', each);
  for (const path of [`/volumes/${id}`, `/snapshots/${one.id}`, `/snapshots/${two.id}`]) assert.equal((await ask('GET', path)).status, 404);
});

test('what a host could not do is an error that the owner can delete', async () => {
  const { id } = await snapshot(await volume());
  await told('volume_created', id, { error: 'The host\'s disk is full.' });
  assert.equal((await show(id)).status, 'error');
  assert.match((await ask('POST', '/volumes', { volume: { snapshot_id: id } })).body.badRequest.message, /Originating snapshot status/);
  await ask('DELETE', `/snapshots/${id}`);
  await told('volume_deleted', id, { error: 'busy' });
  assert.equal((await show(id)).status, 'error_deleting');
  assert.equal((await ask('DELETE', `/snapshots/${id}`)).status, 202);
  assert.equal((await ask('DELETE', `/snapshots/${id}`)).status, 400);
  await told('volume_deleted', id);
  assert.equal((await ask('GET', `/snapshots/${id}`)).status, 404);
  await rig.take('nova-compute');
});

test('a host that does not answer is asked again, and in the end the snapshot says so', async (t) => {
  const { id } = await snapshot(await volume());
  await rig.take('nova-compute');
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  // the last time it has as long as nova-compute gives the host for 2 GB
  for (const [minutes, expected] of [[6, 1], [6, 1], [6, 0], [6, 0]] as const) {
    assert.equal((await show(id)).status, 'creating');
    t.mock.timers.tick(minutes * 60_000);
    await sweep();
    assert.equal((await rig.take('nova-compute')).filter(({ args }) => (args as { volume_id: string }).volume_id === id).length, expected);
  }
  t.mock.timers.reset();
  assert.equal((await show(id)).status, 'error');
});

test('a large volume\'s copy, which takes an hour, is not given up while its host is at work', async (t) => {
  await ask('PUT', '/os-quota-sets/mine', { quota_set: { gigabytes: -1, volumes: -1, snapshots: -1 } }, adminToken);
  const { id } = await snapshot(await volume({ size: 100 }));
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  for (let minute = 0; minute < 90; minute += 6) {
    t.mock.timers.tick(6 * 60_000);
    await sweep();
  }
  t.mock.timers.reset();
  assert.equal((await rig.take('nova-compute')).filter(({ args }) => (args as { volume_id: string }).volume_id === id).length, 3);
  await told('volume_created', id);
  assert.equal((await show(id)).status, 'available');
});

test('where a snapshot lies is told to services alone', async () => {
  const { id } = await snapshot(await volume());
  const seen = async (headers: Record<string, string>) => (await cinder('GET', `/volume/v3/snapshots/${id}`, { token: mine, headers })).body.snapshot['os-vol-host-attr:host'];
  assert.deepEqual([await seen({ 'X-Service-Token': token('service', 'service,admin') }), await seen({})], ['h2', undefined]);
  await rig.take('nova-compute');
});

test('a server keeps a volume that an admin wants deleted by force, while it has snapshots', async () => {
  const id = await volume();
  await told('volume_created', (await snapshot(id)).id);
  const instance_uuid = randomUUID();
  await ask('POST', '/attachments', { attachment: { volume_uuid: id, instance_uuid } });
  const refused = await ask('POST', `/volumes/${id}/action`, { 'os-force_delete': {} }, adminToken);
  assert.equal(refused.status, 400);
  assert.match(refused.body.badRequest.message, /have snapshots/);
  assert.equal((await ask('GET', `/attachments?instance_id=${instance_uuid}`)).body.attachments.length, 1);
  assert.equal((await ask('GET', `/volumes/${id}`)).body.volume.status, 'reserved');
  await rig.take('nova-compute');
});

test('other projects see no snapshot, readers make none, and a quota of none means none', async () => {
  const id = await volume();
  const made = await snapshot(id);
  assert.equal((await ask('GET', `/snapshots/${made.id}`, undefined, token('theirs'))).status, 404);
  assert.equal((await ask('POST', '/snapshots', { snapshot: { volume_id: id } }, token('theirs'))).status, 404);
  assert.equal((await ask('POST', '/snapshots', { snapshot: { volume_id: id } }, token('mine', 'reader'))).status, 403);
  assert.deepEqual((await ask('GET', '/snapshots/detail', undefined, token('theirs'))).body.snapshots, []);
  await ask('PUT', '/os-quota-sets/theirs', { quota_set: { snapshots: 0 } }, adminToken);
  const other = (await ask('POST', '/volumes', { volume: { size: 1 } }, token('theirs'))).body.volume;
  await told('volume_created', other.id);
  const over = await ask('POST', '/snapshots', { snapshot: { volume_id: other.id } }, token('theirs'));
  assert.equal(over.status, 413);
  assert.match(over.body.overLimit.message, /Maximum number of snapshots allowed \(0\)/);
  await rig.take('nova-compute');
});

test('snapshots are listed, filtered, paged, renamed, and carry metadata', async () => {
  const id = await volume();
  const [first, second] = [await snapshot(id, { name: 'first' }), await snapshot(id, { name: 'second' })];
  const names = async (query: string) => (await ask('GET', `/snapshots?${query}`)).body.snapshots.map(({ name }: { name: string }) => name);
  assert.deepEqual(await names(`volume_id=${id}`), ['second', 'first']);
  assert.deepEqual(await names(`volume_id=${id}&sort=name:asc`), ['first', 'second']);
  assert.deepEqual(await names(`volume_id=${id}&name=first`), ['first']);
  for (const filter of ['valueOf', 'hasOwnProperty', '__proto__', 'constructor~']) assert.deepEqual(await names(`volume_id=${id}&${filter}=1`), ['second', 'first'], filter);
  assert.equal((await ask('GET', '/snapshots?sort=constructor')).status, 400);
  const page = (await ask('GET', `/snapshots/detail?volume_id=${id}&limit=1&with_count=1`)).body;
  assert.deepEqual([page.snapshots.length, page.count, page.snapshots_links[0].href.includes(`marker=${second.id}`)], [1, 2, true]);
  assert.equal((await ask('PUT', `/snapshots/${first.id}`, { snapshot: { name: 'renamed' } })).body.snapshot.name, 'renamed');
  assert.deepEqual((await ask('POST', `/snapshots/${first.id}/metadata`, { metadata: { a: '1', b: '2' } })).body.metadata, { a: '1', b: '2' });
  assert.equal((await ask('DELETE', `/snapshots/${first.id}/metadata/a`)).status, 200);
  assert.deepEqual((await show(first.id)).metadata, { b: '2' });
  for (const key of ['a', 'constructor']) for (const method of ['GET', 'DELETE']) assert.equal((await ask(method, `/snapshots/${first.id}/metadata/${key}`)).status, 404, `${method} ${key}`);
  assert.equal((await ask('PUT', `/snapshots/${first.id}/metadata/constructor`, { meta: { a: '1' } })).status, 400);
  for (const bad of [{}, { volume_id: 'x' }, { volume_id: id, name: 'x'.repeat(256) }, { volume_id: id, force: 'maybe' }, { volume_id: id, unknown: 1 }])
    assert.equal((await ask('POST', '/snapshots', { snapshot: bad })).status, 400, JSON.stringify(bad));
  await rig.take('nova-compute');
});
