import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { dyingAt, itemsOf, passTime } from './crashing.ts';
import { caller, deliver, startRig, token, type Envelope, type Rig } from './rig.ts';

/* cinder's functions die at each of their requests to AWS, one after the other; each time everything must come right by itself. */

let rig: Rig;
let cinder: ReturnType<typeof caller>;
let reports: Parameters<typeof deliver>[0];
let sweep: () => Promise<void>;
/** The files on the one host. */
const files = new Set<string>();

before(async () => {
  rig = await startRig();
  cinder = caller((await import('../../functions/cinder-api/http.ts')).handler);
  reports = (await import('../../functions/cinder-api/rpc.ts')).handler;
  sweep = (await import('../../functions/cinder-api/sweep.ts')).handler;
  await deliver(reports, [envelope('update_service_capabilities', { host: 'h1', total_gb: 10_000, free_gb: 10_000, reported_at: '2026-01-01T00:00:00Z' })]);
  await create(randomUUID()); // the clients' first calls are not those of a request
  await settle();
});
after(() => rig.stop());

const context = { request_id: `req-${randomUUID()}`, user_id: 'u', user_name: 'u', user_domain_id: 'd', project_id: 'mine', roles: [], service_roles: [], token: '', token_expires_at: '' };
const envelope = (method: string, args: object): Envelope =>
  ({ version: 1, id: randomUUID(), correlation_id: randomUUID(), method, args, context, trace: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, hops: 1, steps: [] }) as Envelope;
const headers = { 'X-Service-Token': token('service', 'service,admin'), 'OpenStack-API-Version': 'volume 3.44' };
const as = { token: token('mine'), headers };
const create = (key: string) => cinder('POST', '/volume/v3/volumes', { ...as, headers: { ...headers, 'X-Novaless-Idempotency-Key': key }, body: { volume: { size: 1 } } });
const remove = (id: string) => cinder('DELETE', `/volume/v3/volumes/${id}`, as);
const list = async (): Promise<any[]> => (await cinder('GET', '/volume/v3/volumes/detail', as)).body.volumes;

const snapshots = async (): Promise<any[]> => (await cinder('GET', '/volume/v3/snapshots', as)).body.snapshots;

/** The host does what it is asked, and its answers arrive; each of them twice. */
async function hostWorks(): Promise<void> {
  for (const { method, args } of await rig.take('nova-compute')) {
    if (method === 'create_volume') files.add(args.volume_id);
    if (method === 'delete_volume') files.delete(args.volume_id);
    if (method === 'volume_ready') continue;
    const answer = envelope(method === 'create_volume' ? 'volume_created' : 'volume_deleted', { volume_id: args.volume_id, project_id: 'mine', host: 'h1' });
    await deliver(reports, [answer, answer]);
  }
}

/** Until nothing is under way any more. */
async function inTime(): Promise<void> {
  for (let round = 0; round < 6; round++) {
    await hostWorks();
    if (!(await itemsOf(rig, 'cinder')).some((item) => item['due_at'])) return;
    await passTime(rig, 'cinder');
    await sweep();
  }
  throw new Error('something is never done');
}

async function settle(): Promise<void> {
  await inTime();
  for (const { id } of (await cinder('GET', '/volume/v3/attachments', as)).body.attachments) await cinder('DELETE', `/volume/v3/attachments/${id}`, as);
  for (const { id } of await snapshots()) await cinder('DELETE', `/volume/v3/snapshots/${id}`, as);
  await inTime();
  for (const { id } of await list()) await remove(id);
  await inTime();
}

async function assertNothingLeft(): Promise<void> {
  const left = (await itemsOf(rig, 'cinder')).filter(({ pk }) => pk.S !== 'pools' && !pk.S.startsWith('quota#'));
  assert.deepEqual(left, []);
  const quota = (await itemsOf(rig, 'cinder')).find(({ pk }) => pk.S === 'quota#mine')!;
  assert.deepEqual([quota['volumes'], quota['gigabytes'], quota['snapshots'] ?? { N: '0' }, quota['pending']], [{ N: '0' }, { N: '0' }, { N: '0' }, { M: {} }]);
  assert.deepEqual([...files], []);
}

/** Every request of `work`, dying before and after it. */
async function each(prepare: () => Promise<string>, work: (subject: string) => Promise<unknown>, check: (subject: string) => Promise<void>) {
  const first = await prepare();
  const requests = await dyingAt(0, 'before', () => work(first));
  await settle();
  await assertNothingLeft();
  assert.ok(requests > 0);
  for (let nth = 1; nth <= requests; nth++) {
    for (const when of ['before', 'after'] as const) {
      const subject = await prepare();
      await dyingAt(nth, when, () => work(subject));
      await check(subject).catch((error: Error) => { throw new Error(`dying ${when} request ${nth} of ${requests}: ${error.message}`, { cause: error }); });
      await settle();
      await assertNothingLeft().catch((error: Error) => { throw new Error(`dying ${when} request ${nth} of ${requests}: ${error.message}`, { cause: error }); });
    }
  }
}

const available = async () => {
  const { id } = (await create(randomUUID())).body.volume;
  await hostWorks();
  return id as string;
};
const nothing = async () => {};

test('a volume whose creation dies anywhere is one volume when asked for again, and none when not', { timeout: 240_000 }, async () => {
  await each(async () => randomUUID(), create, async (key) => {
    assert.equal((await create(key)).status, 202);
    await inTime();
    assert.deepEqual((await list()).map(({ status }) => status), ['available']);
    assert.equal(files.size, 1);
  });
  await each(async () => randomUUID(), create, nothing);
});

test('a deletion that dies anywhere is carried through', { timeout: 240_000 }, async () => {
  await each(available, remove, async (id) => {
    await inTime();
    const [left] = await list();
    assert.ok(left === undefined || (left.id === id && left.status === 'available'), left?.status);
  });
});

test("a host's report that dies anywhere is taken in when it comes again", { timeout: 240_000 }, async () => {
  for (const [prepare, method, gone] of [
    [async () => (await create(randomUUID())).body.volume.id as string, 'volume_created', false],
    [async () => { const id = await available(); await remove(id); return id; }, 'volume_deleted', true],
  ] as const) {
    const message = (id: string) => envelope(method, { volume_id: id, project_id: 'mine', host: 'h1' });
    const again = async (id: string) => {
      await rig.take('nova-compute'); // the host was heard already
      if (method === 'volume_created') files.add(id);
      else files.delete(id);
      assert.deepEqual(await deliver(reports, [message(id), message(id)]), { batchItemFailures: [] });
      await inTime();
      assert.deepEqual((await list()).map(({ status }) => status), gone ? [] : ['available']);
    };
    await each(prepare, (id) => deliver(reports, [message(id)]), again);
  }
});

test('an attachment that dies anywhere is one attachment when asked for again; so with its end', { timeout: 240_000 }, async () => {
  const instance = randomUUID();
  const attach = (id: string) =>
    cinder('POST', '/volume/v3/attachments', { ...as, headers: { ...headers, 'X-Novaless-Idempotency-Key': id }, body: { attachment: { volume_uuid: id, instance_uuid: instance, connector: { host: 'h1' } } } });
  const listed = async () => (await cinder('GET', `/volume/v3/attachments?instance_id=${instance}`, as)).body.attachments as { id: string }[];
  const detach = async () => {
    for (const { id } of await listed()) await cinder('DELETE', `/volume/v3/attachments/${id}`, as);
  };
  await each(available, attach, async (id) => {
    assert.equal((await attach(id)).status, 200);
    assert.equal((await listed()).length, 1);
    await detach();
  });
  await each(async () => { const id = await available(); await attach(id); return id; }, detach, async () => {
    await detach();
    assert.deepEqual(await listed(), []);
    assert.deepEqual((await list()).map(({ status }) => status), ['available']);
  });
});

test('a snapshot whose making or end dies anywhere is one or none, and its volume can be deleted after it', { timeout: 240_000 }, async () => {
  const key = () => ({ ...headers, 'X-Novaless-Idempotency-Key': 'one' });
  const take = (volume_id: string) => cinder('POST', '/volume/v3/snapshots', { ...as, headers: key(), body: { snapshot: { volume_id } } });
  await each(available, take, async (volume_id) => {
    assert.equal((await take(volume_id)).status, 202);
    await inTime();
    assert.deepEqual((await snapshots()).map(({ status }) => status), ['available']);
    assert.equal((await remove(volume_id)).status, 400);
  });
  const taken = async () => {
    const { id } = (await take(await available())).body.snapshot;
    await hostWorks();
    return id as string;
  };
  await each(taken, (id) => cinder('DELETE', `/volume/v3/snapshots/${id}`, as), async (id) => {
    await cinder('DELETE', `/volume/v3/snapshots/${id}`, as);
    await inTime();
    assert.deepEqual(await snapshots(), []);
  });
});
