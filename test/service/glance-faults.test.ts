import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { dyingAt, itemsOf, passTime } from './crashing.ts';
import { caller, deliver, startRig, token, type Envelope, type Rig } from './rig.ts';

/* glance's functions die at each of their requests to AWS, one after the other; each time everything must come right by itself. */

let rig: Rig;
let glance: ReturnType<typeof caller>;
let importer: Parameters<typeof deliver>[0];
let sweep: () => Promise<void>;
const bytes = randomBytes(17 * 1024 * 1024); // two parts
const web = createServer((_, response) => response.end(bytes));
before(async () => {
  rig = await startRig();
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  process.env['IMPORT_ALLOWED_HOSTS'] = '127.0.0.1';
  glance = caller((await import('../../functions/glance-api/http.ts')).handler);
  importer = (await import('../../functions/glance-api/rpc.ts')).handler;
  sweep = (await import('../../functions/glance-api/sweep.ts')).handler;
});
after(async () => {
  web.closeAllConnections();
  web.close();
  await rig.stop();
});

const as = { token: token('mine') };
const show = async (id: string) => (await glance('GET', `/image/v2/images/${id}`, as)).body;
const remove = (id: string) => glance('DELETE', `/image/v2/images/${id}`, as);
const upload = (id: string) => glance('PUT', `/image/v2/images/${id}/file`, { ...as, body: Buffer.from('the bytes') });
async function create(): Promise<string> {
  const { id } = (await glance('POST', '/image/v2/images', { ...as, body: { name: 'i', disk_format: 'raw', container_format: 'bare' } })).body;
  await glance('POST', `/image/v2/images/${id}/members`, { ...as, body: { member: 'theirs' } });
  return id;
}
async function inTime(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await passTime(rig, 'glance');
    await sweep();
  }
}
async function assertNothingLeft(what: string): Promise<void> {
  for (const { id } of (await glance('GET', '/image/v2/images', as)).body.images) assert.equal((await remove(id)).status, 204);
  await inTime();
  assert.deepEqual(await itemsOf(rig, 'glance'), [], what);
  const listing = await (await fetch(`${rig.engines.s3.endpoint}/images?list-type=2`)).text();
  assert.ok(!listing.includes('<Key>'), `${what}: ${listing}`);
}

async function each(prepare: () => Promise<string>, work: (id: string) => Promise<unknown>, check: (id: string, what: string) => Promise<void>) {
  const first = await prepare();
  const requests = await dyingAt(0, 'before', () => work(first));
  await assertNothingLeft('without any fault');
  for (let nth = 1; nth <= requests; nth++) {
    for (const when of ['before', 'after'] as const) {
      const what = `dying ${when} request ${nth} of ${requests}`;
      const id = await prepare();
      await dyingAt(nth, when, () => work(id));
      await check(id, what);
      await assertNothingLeft(what);
    }
  }
}

test('an upload that dies anywhere leaves an image with all its bytes, or one that takes them again', { timeout: 120_000 }, async () => {
  await each(create, upload, async (id, what) => {
    await inTime();
    if ((await show(id)).status === 'queued') assert.equal((await upload(id)).status, 204, what);
    assert.equal((await show(id)).status, 'active', what);
    assert.equal((await glance('GET', `/image/v2/images/${id}/file`, as)).bytes.toString(), 'the bytes', what);
  });
});

test('a deletion that dies anywhere leaves the image whole, or nothing of it', { timeout: 120_000 }, async () => {
  await each(async () => { const id = await create(); await upload(id); return id; }, remove, async (id, what) => {
    const answer = await glance('GET', `/image/v2/images/${id}/file`, as);
    assert.ok(answer.status === 404 || answer.bytes.toString() === 'the bytes', what);
  });
});

test('an import that dies anywhere is done when its message comes again', { timeout: 240_000 }, async () => {
  const messages = new Map<string, Envelope>();
  const order = async () => {
    const id = await create();
    await glance('POST', `/image/v2/images/${id}/import`, { ...as, body: { method: { name: 'web-download', uri: `http://127.0.0.1:${(web.address() as { port: number }).port}/` } } });
    messages.set(id, (await rig.take('glance-api'))[0]!);
    return id;
  };
  const run = (id: string) => deliver(importer, [messages.get(id)!]);
  await each(order, run, async (id, what) => {
    // its visibility is longer than its lease
    const leased = (await itemsOf(rig, 'glance')).find(({ image_id, lease_until }) => image_id?.S === id && lease_until);
    if (leased) await glanceStore().then((store) => store.update({ pk: leased['pk'].S, sk: leased['sk'].S }, { remove: ['lease_until'] }));
    await run(id);
    const shown = await show(id);
    assert.deepEqual([shown.status, shown.size], ['active', bytes.length], what);
  });
});

const glanceStore = async () => (await import('../../functions/glance-api/image/store.ts')).glance;
