import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { v7 } from 'uuid';
import { allServersIndex, type Instance, instanceKey, secondsOf } from '../../shared/objects/instance.ts';
import { pack } from '../../shared/store/packing.ts';
import { startNovaApiRig, type NovaApiRig } from '../support/nova-api-rig.ts';
import { adminToken, token } from './rig.ts';

let cloud: NovaApiRig;
let model: Instance;
before(async () => {
  cloud = await startNovaApiRig();
  const { id } = (await cloud.launch({}, { minor: 90 })).body.server;
  model = (await cloud.record(id))!;
});
after(() => cloud.stop());

const SECOND = 1000;
const BEGIN = Date.parse('2026-02-01T00:00:00Z');

/** Servers with their ids, their times and their places in a request for several. */
async function put(project: string, servers: { uuid: string; at: number; index?: number }[]): Promise<void> {
  for (const { uuid, at, index = 0 } of servers) {
    const created_at = secondsOf(new Date(at));
    const { due_pk: _, due_at: __, ...rest } = model;
    await cloud.store.put(pack('nova', { ...rest, ...instanceKey(project, uuid), uuid, project_id: project, created_at, launch_index: index, ...allServersIndex(uuid, created_at) }));
  }
}
/** As they are made: several in a second, two requests for five at once among them. */
const made = (count: number, from = BEGIN) => Array.from({ length: count }, (_, i) => {
  const at = from + Math.floor(i / 6) * SECOND + (i % 6) * 90;
  return { uuid: v7({ msecs: at }), at, index: i % 5 };
});
/** As earlier code made them, before all others. */
const random = (count: number) => Array.from({ length: count }, (_, i) => ({ uuid: i % 9 ? randomUUID() as string : `00${randomUUID().slice(2)}`, at: BEGIN - (i + 1) * 400 })); // before and behind the others' ids

interface Asked { as?: string; all?: boolean; limit?: number; more?: string }
const idsOf = (body: { servers: { id: string }[] }) => body.servers.map(({ id }) => id);
const ask = async ({ as, all, limit, more = '' }: Asked, marker = '') => {
  const answer = await cloud.call('GET', `/servers?${all ? 'all_tenants=1&' : ''}${limit ? `limit=${limit}` : ''}${marker && `&marker=${marker}`}${more}`, { ...(as && { as }), minor: 90 });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body as { servers: { id: string }[]; servers_links?: { href: string }[] };
};
/** All pages, each by the link of the one before. */
async function paged(asked: Asked): Promise<string[]> {
  const ids: string[] = [];
  for (let marker: string | undefined = ''; marker !== undefined;) {
    const body = await ask(asked, marker);
    ids.push(...idsOf(body));
    const next = body.servers_links?.[0] && new URL(body.servers_links[0].href).searchParams.get('marker')!;
    assert.ok(body.servers.length <= asked.limit!);
    marker = next;
  }
  return ids;
}

for (const [what, servers] of [['', made(80)], [' with those of earlier code', [...made(70), ...random(40)]], [' of earlier code alone', random(30)]] as const) {
  test(`page after page a project's servers${what} are the whole list, each once`, async () => {
    const project = `pages${servers.length}`;
    await put(project, [...servers]);
    await put(`${project}-other`, made(30));
    const as = token(project);
    const whole = idsOf(await ask({ as }));
    assert.equal(whole.length, servers.length);
    for (const limit of [1, 7, 25, 60, 999]) assert.deepEqual(await paged({ as, limit }), whole, `${limit} at a time`);
    assert.deepEqual(await paged({ as, limit: 9, more: '&sort_dir=asc' }), idsOf(await ask({ as, more: '&sort_dir=asc' })));
    assert.deepEqual(await paged({ as, limit: 9, more: '&sort_key=created_at&sort_key=uuid&sort_dir=desc&sort_dir=asc' }), idsOf(await ask({ as, more: '&sort_key=created_at&sort_key=uuid&sort_dir=desc&sort_dir=asc' })));
    const [first, second] = whole;
    assert.deepEqual(idsOf(await ask({ as, limit: 1 }, first)), [second]);
    for (const marker of [randomUUID(), v7(), v7({ msecs: BEGIN }), 'ffffffff-ffff-7fff-8fff-ffffffffffff', '00000000-0000-7', 'somebody-else-7', 'nobody']) assert.equal((await cloud.call('GET', `/servers?limit=5&marker=${marker}`, { as })).status, 400, marker);
    assert.deepEqual((await ask({ as, limit: 5 }, whole.at(-1))).servers, []);
  });
}

test("page after page an admin sees every project's servers, each once and in order", async () => {
  const whole = idsOf(await ask({ as: adminToken, all: true, more: 'name=.' }));
  assert.ok(whole.length > 300);
  for (const limit of [13, 90]) assert.deepEqual(await paged({ as: adminToken, all: true, limit }), whole, `${limit} at a time`);
  const project = idsOf(await ask({ as: token('pages80') }));
  assert.deepEqual(await paged({ as: adminToken, all: true, limit: 33, more: '&project_id=pages80' }), project);
});

test('a new server is on the first page at once, and a request for several is in its order', async () => {
  const as = token('pages80');
  const { id } = (await cloud.launch({}, { as, minor: 90 })).body.server;
  assert.deepEqual(idsOf(await ask({ as, limit: 1 })), [id]);
  const { reservation_id } = (await cloud.launch({ min_count: 6, max_count: 6, return_reservation_id: true }, { as, minor: 90 })).body;
  const all = (await cloud.call('GET', '/servers/detail?limit=6', { as, minor: 90 })).body.servers;
  assert.deepEqual(all.map((each: any) => [each['OS-EXT-SRV-ATTR:reservation_id'] ?? reservation_id, each.name.at(-1)]), [6, 5, 4, 3, 2, 1].map((n) => [reservation_id, String(n)]));
});
