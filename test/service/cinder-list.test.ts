import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { snapshotItem } from '../../functions/cinder-api/snapshot/record.ts';
import { volumeItem, volumeKey } from '../../functions/cinder-api/volume/record.ts';
import { countedReads } from '../support/reads.ts';
import { adminToken, caller, startRig, token, type Rig } from './rig.ts';

let rig: Rig;
let reads: Awaited<ReturnType<typeof countedReads>>;
let call: ReturnType<typeof caller>;
let store: (typeof import('../../functions/cinder-api/volume/store.ts'))['cinder'];
before(async () => {
  rig = await startRig();
  reads = await countedReads(process.env['AWS_ENDPOINT_URL_DYNAMODB']!);
  process.env['AWS_ENDPOINT_URL_DYNAMODB'] = reads.endpoint;
  call = caller((await import('../../functions/cinder-api/http.ts')).handler);
  store = (await import('../../functions/cinder-api/volume/store.ts')).cinder;
});
after(() => {
  reads.stop();
  return rig.stop();
});

/** Some share a moment, some a second. */
const moment = (i: number) => `2026-01-01T00:00:${String(Math.floor(i / 6) % 60).padStart(2, '0')}.${i % 6 < 3 ? '000' : '500'}Z`;
interface Made { id: string; project_id: string; created_at: string }
async function add(kind: 'volumes' | 'snapshots', project_id: string, at: string): Promise<Made> {
  const both = { id: randomUUID(), project_id, user_id: 'u', name: null, description: null, status: 'available' as const, metadata: {}, host: 'h', bootable: false, created_at: at, updated_at: at, hold: 'h' };
  await store.put(kind === 'snapshots' ? snapshotItem({ ...both, volume_id: randomUUID(), volume_size: 1 })
    : volumeItem({ ...both, size: 1, availability_zone: 'nova', volume_type_id: 't', readonly: false, source_volid: null, attachments: {} }));
  return both;
}
const newestFirst = (a: Made, b: Made) => (`${a.created_at}#${a.id}` < `${b.created_at}#${b.id}` ? 1 : -1);
const idsOf = (made: Made[]) => made.map(({ id }) => id);

const get = (path: string, as: string) => call('GET', `/volume/v3/${path}`, { token: as, headers: { 'OpenStack-API-Version': 'volume 3.70' } });
async function paged(kind: 'volumes' | 'snapshots', path: string, as: string): Promise<string[]> {
  const ids: string[] = [];
  for (let next: string | undefined = path; next; ) {
    const { status, body } = await get(next, as);
    assert.equal(status, 200, JSON.stringify(body));
    ids.push(...idsOf(body[kind]));
    next = body[`${kind}_links`]?.[0].href.replace(/^.*\/volume\/v3\//, '');
  }
  return ids;
}

for (const kind of ['volumes', 'snapshots'] as const)
  test(`page after page, whatever its size, each of the ${kind} comes once, newest first; so do everyone's`, async () => {
    const [me, all] = [token('pager'), [] as Made[]];
    for (let i = 0; i < 100; i++) all.push(await add(kind, i % 3 ? 'pager' : 'another', moment(i)));
    all.sort(newestFirst);
    const [mine, others] = [all.filter(({ project_id }) => project_id === 'pager'), all.filter(({ project_id }) => project_id === 'another')];
    for (const [query, as, expected] of [['', me, mine], ['sort=created_at:desc', me, mine], ['all_tenants=1', me, mine], ['all_tenants=1', adminToken, all], ['all_tenants=1&project_id=another', adminToken, others]] as const)
      for (const limit of [1, 7, 25, 1000]) assert.deepEqual(await paged(kind, `${kind}/detail?${query}&limit=${limit}`, as), idsOf(expected), `${query}, ${limit} a page`);
    const ids = async (query: string) => idsOf((await get(`${kind}?${query}`, me)).body[kind]);
    assert.deepEqual(await ids(''), idsOf(mine));
    assert.deepEqual(await ids('offset=60&limit=3'), idsOf(mine.slice(60, 63)));
    assert.deepEqual(await ids(`marker=${mine[4]!.id}&offset=5&limit=7`), idsOf(mine.slice(10, 17)));
    assert.deepEqual(await ids('offset=999999999'), []);
    assert.deepEqual(await paged(kind, `${kind}?sort=created_at:asc,id:asc&limit=7`, me), idsOf(mine).reverse());
    assert.equal((await get(`${kind}?limit=1&with_count=true`, me)).body.count, mine.length);
    for (const marker of ['none', '', others[0]!.id, randomUUID()]) assert.equal((await get(`${kind}?limit=5&marker=${marker}`, me)).status, 400, marker);
  });

test('a page goes on after no volume that is gone', async () => {
  const volumes = [await add('volumes', 'leaver', moment(12)), await add('volumes', 'leaver', moment(6)), await add('volumes', 'leaver', moment(0))];
  const after = (id: string) => get(`volumes?limit=1&marker=${id}`, token('leaver'));
  assert.deepEqual(idsOf((await after(volumes[1]!.id)).body.volumes), [volumes[2]!.id]);
  await store.remove(volumeKey(volumes[1]!.id));
  assert.equal((await after(volumes[1]!.id)).status, 400);
  assert.deepEqual(idsOf((await after(volumes[0]!.id)).body.volumes), [volumes[2]!.id]);
});

for (const kind of ['volumes', 'snapshots'] as const)
  test(`ten times as many ${kind} cost a page nothing`, async () => {
    const addMany = async (from: number, to: number) => {
      for (let i = from; i < to; i++) await add(kind, 'hoarder', new Date(Date.parse('2027-01-01') + i * 1000).toISOString());
    };
    const cost = async (query: string, as = token('hoarder')) => {
      reads.take();
      assert.equal((await get(`${kind}?limit=20${query}`, as)).status, 200);
      return reads.take();
    };
    await addMany(0, 40);
    const few = await cost('');
    await addMany(40, 400);
    assert.deepEqual(await cost(''), few);
    const marker = (await get(`${kind}?limit=20`, token('hoarder'))).body[kind][9].id;
    assert.ok((await cost(`&marker=${marker}`)).units <= few.units + 1, 'and the marker');
    assert.ok((await cost('&all_tenants=1', adminToken)).items < 150, "everyone's lie in 16 parts");
  });
