import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Image } from '../../functions/glance-api/image/record.ts';
import { countedReads } from '../support/reads.ts';
import { adminToken, caller, startRig, token, type Rig } from './rig.ts';

let rig: Rig;
let reads: Awaited<ReturnType<typeof countedReads>>;
let glance: ReturnType<typeof caller>;
let store: typeof import('../../functions/glance-api/image/store.ts');
before(async () => {
  rig = await startRig();
  reads = await countedReads(process.env['AWS_ENDPOINT_URL_DYNAMODB']!);
  process.env['AWS_ENDPOINT_URL_DYNAMODB'] = reads.endpoint;
  glance = caller((await import('../../functions/glance-api/http.ts')).handler);
  store = await import('../../functions/glance-api/image/store.ts');
});
after(() => {
  reads.stop();
  return rig.stop();
});

/** Some share a moment, some a second. */
const moment = (i: number) => `2026-01-01T00:00:${String(Math.floor(i / 6)).padStart(2, '0')}.${i % 6 < 3 ? '000' : '500'}Z`;
async function add(fields: Partial<Image>): Promise<Image> {
  const at = fields.created_at ?? moment(0);
  const image: Image = {
    id: randomUUID(), name: null, status: 'active', visibility: 'shared', owner: null, disk_format: 'raw', container_format: 'bare', min_disk: 0, min_ram: 0, protected: false, os_hidden: false,
    size: 1, virtual_size: null, checksum: null, os_hash_algo: null, os_hash_value: null, tags: [], properties: {}, created_at: at, updated_at: at, revision: 1, ...fields,
  };
  await store.addImage(image);
  return image;
}
const newestFirst = (a: Image, b: Image) => (`${a.created_at}#${a.id}` < `${b.created_at}#${b.id}` ? 1 : -1);

async function get(query: string, as: string) {
  const answer = await glance('GET', query.startsWith('/') ? query : `/image/v2/images?${query}`, { token: as });
  assert.equal(answer.status, 200, `${query}: ${JSON.stringify(answer.body)}`);
  return answer.body as { images: { id: string }[]; next?: string };
}
async function paged(query: string, limit: number, as: string): Promise<string[]> {
  const ids: string[] = [];
  for (let next: string | undefined = `/image/v2/images?${query}&limit=${limit}`; next; ) {
    const page = await get(next, as);
    assert.ok(page.images.length === limit || !page.next, `${query}: a page before the last is full`);
    ids.push(...page.images.map(({ id }) => id));
    next = page.next && `/image${page.next}`;
  }
  return ids;
}

test('page after page, whatever its size, each image that is mine, public or shared with me comes once, newest first', async () => {
  const [me, visibilities] = [token('pager'), ['public', 'shared', 'private', 'community'] as const];
  const all: (Image & { accepted: boolean })[] = [];
  for (let i = 0; i < 120; i++) {
    const [owner, visibility] = [i % 3 ? 'pager' : 'another', visibilities[Math.floor(i / 3) % 4]!];
    const image = await add({ owner, visibility, created_at: moment(i), os_hidden: i % 20 === 7, name: i % 4 ? 'common' : 'rare', tags: i % 5 ? [] : ['fifth'], properties: i % 7 ? {} : { os_distro: 'seventh' } });
    const accepted = owner === 'another' && visibility === 'shared' && i % 2 === 0;
    if (visibility === 'shared' && owner === 'another')
      await store.putMember({ image_id: image.id, member_id: 'pager', status: accepted ? 'accepted' : 'pending', created_at: image.created_at, updated_at: image.created_at }, 'new');
    all.push({ ...image, accepted });
  }
  const mine = (image: (typeof all)[number]) => image.owner === 'pager' || image.accepted || image.visibility === 'public';
  const cases: [string, string, (image: (typeof all)[number]) => boolean][] = [
    ['', me, mine],
    ['sort=created_at:desc', me, mine],
    ['sort_key=created_at&sort_key=id&sort_dir=desc', me, mine],
    ['visibility=all', me, (image) => mine(image) || image.visibility === 'community'],
    ...visibilities.map((v): (typeof cases)[number] => [`visibility=${v}`, me, (image) => image.visibility === v && (v === 'community' || mine(image))]),
    ['name=rare', me, (image) => mine(image) && image.name === 'rare'],
    ['name=in:rare,none', me, (image) => mine(image) && image.name === 'rare'],
    ['name=rare&visibility=public&status=active', me, (image) => image.visibility === 'public' && image.name === 'rare'],
    ['tag=fifth', me, (image) => mine(image) && image.tags.length > 0],
    ['os_distro=seventh', me, (image) => mine(image) && image.properties['os_distro'] === 'seventh'],
    ['name=', me, () => false],
    ['', adminToken, () => true],
    ['owner=another', adminToken, (image) => image.owner === 'another'],
  ];
  for (const [query, as, listed] of cases) {
    const expected = all.filter((image) => !image.os_hidden && listed(image)).sort(newestFirst).map(({ id }) => id);
    assert.deepEqual((await get(`${query}&limit=1000`, as)).images.map(({ id }) => id), expected, query);
    for (const limit of [1, 7, 25]) assert.deepEqual(await paged(query, limit, as), expected, `${query}, ${limit} a page`);
  }
  assert.deepEqual(await paged('os_hidden=true', 1, adminToken), all.filter((image) => image.os_hidden).sort(newestFirst).map(({ id }) => id));
  const upwards = all.filter((image) => !image.os_hidden && mine(image)).sort(newestFirst).reverse().map(({ id }) => id);
  assert.deepEqual(await paged('sort=created_at:asc', 7, me), upwards, 'another order is paged as well');
});

test('a page goes on after an image that is no longer listed, and after none that is gone', async () => {
  const who = token('leaver');
  const [first, second, third] = [await add({ owner: 'leaver', created_at: moment(12) }), await add({ owner: 'leaver', created_at: moment(6) }), await add({ owner: 'leaver', created_at: moment(0) })];
  const after = (id: string) => glance('GET', `/image/v2/images?visibility=shared&limit=1&marker=${id}`, { token: who });
  await store.changeImage(second.id, (image) => ({ ...image, os_hidden: true }));
  assert.deepEqual((await after(first.id)).body.images.map(({ id }: Image) => id), [third.id]);
  assert.deepEqual((await after(second.id)).body.images.map(({ id }: Image) => id), [third.id]);
  assert.equal((await glance('DELETE', `/image/v2/images/${second.id}`, { token: who })).status, 204);
  assert.equal((await after(second.id)).status, 400);
});

test('ten times as many images cost a page nothing, and one found by its name brings no others along', async () => {
  const who = token('hoarder');
  const addMany = async (from: number, to: number) => {
    for (let i = from; i < to; i++) await add({ owner: 'hoarder', created_at: new Date(Date.parse('2025-01-01') + i * 1000).toISOString(), name: `n${i}`, properties: { filler: 'x'.repeat(1000) } });
  };
  const cost = async (query: string) => {
    reads.take();
    await get(query, who);
    return reads.take();
  };
  await addMany(0, 40);
  const few = await cost('limit=20');
  await addMany(40, 400);
  const page = await get('limit=20', who);
  assert.deepEqual(await cost('limit=20'), few);
  assert.ok((await cost(`limit=20&marker=${page.images[9]!.id}`)).units <= few.units + 1, 'and the marker');
  assert.equal((await cost('name=n7')).items, 1);
});
