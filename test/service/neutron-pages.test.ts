import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { table } from '../../shared/store/table.ts';
import { meter } from '../bench/meter.ts';
import { adminToken, caller, startRig, token, type Rig } from './rig.ts';

/* Pages of Neutron's lists: the same as the whole list in pieces, and as cheap for many as for few. */

interface Listed { id: string }
interface Link { rel: string; href: string }
const many = 64;
const me = token('many');
const few = token('few');
const counter = meter();
let rig: Rig;
let call: ReturnType<typeof caller>;
/** Everybody's, and those of the project with few, in the order of their ids. */
let everyone: string[], mine: string[], theirs: string[];

before(async () => {
  rig = await startRig();
  process.env['AWS_ENDPOINT_URL_DYNAMODB'] = await counter.wire('dynamodb', rig.engines.dynamodb.endpoint);
  call = caller((await import('../../functions/neutron-server/http.ts')).handler);
  [mine, theirs] = [await makePorts(me, many), await makePorts(few, 3)];
  everyone = [...mine, ...theirs].sort();
});
after(async () => {
  await rig.stop();
  counter.stop();
});

const get = (path: string, as: string) => call('GET', `/network/v2.0${path}`, { token: as });
async function post(path: string, body: object, as: string): Promise<any> {
  const answer = await call('POST', `/network/v2.0${path}`, { token: as, body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return Object.values(answer.body)[0];
}
async function makePorts(as: string, count: number): Promise<string[]> {
  const network_id = (await post('/networks', { network: { name: 'net' } }, as)).id;
  await post('/subnets', { subnet: { network_id, ip_version: 4, cidr: '10.0.0.0/24' } }, as);
  const made: Listed[] = await post('/ports', { ports: Array.from({ length: count }, (_, n) => ({ network_id, name: `port-${n}` })) }, as);
  return idsOf(made).sort();
}
const idsOf = (things: Listed[]) => things.map(({ id }) => id);
async function list(path: string, as: string): Promise<{ things: Listed[]; links: Partial<Record<string, string>> }> {
  const { status, body } = await get(path, as);
  assert.equal(status, 200, JSON.stringify(body));
  const links = Object.entries<Link[]>(body).find(([name]) => name.endsWith('_links'))?.[1] ?? [];
  return { things: Object.values<Listed[]>(body)[0]!, links: Object.fromEntries(links.map(({ rel, href }) => [rel, href.slice(`${rig.endpoint}/network/v2.0`.length)])) };
}

/** All pages, by following `next`; each but the first has a way back to the one before. */
async function paged(path: string, as: string): Promise<Listed[]> {
  const found: Listed[] = [];
  let before: Listed[] | undefined;
  for (let next: string | undefined = path; next; ) {
    const { things, links }: Awaited<ReturnType<typeof list>> = await list(next, as);
    assert.equal('previous' in links, before !== undefined && things.length > 0);
    if (links['previous']) assert.deepEqual((await list(links['previous'], as)).things, before);
    found.push(...things);
    before = things;
    next = links['next'];
  }
  return found;
}

for (const [who, as, expected] of [['a user', me, () => mine], ['an administrator', adminToken, () => everyone]] as const)
  for (const limit of [1, 7, 25])
    test(`${who} who pages through ports by ${limit} finds each once, as in the whole list`, async () => {
      const whole = (await list('/ports', as)).things;
      assert.deepEqual(idsOf(whole), expected());
      assert.deepEqual(await paged(`/ports?limit=${limit}`, as), whole);
    });

test('a page of one project, of some fields, of ids by name of the order, is what the whole list has there', async () => {
  assert.deepEqual(idsOf(await paged('/ports?limit=2&project_id=few', adminToken)), theirs);
  assert.deepEqual(idsOf(await paged('/ports?limit=20&tenant_id=many&project_id=many', adminToken)), mine);
  assert.deepEqual(idsOf(await paged('/ports?limit=30&project_id=many&project_id=few', adminToken)), everyone);
  assert.deepEqual(await paged('/ports?limit=2&project_id=many', few), []);
  assert.deepEqual(idsOf(await paged('/ports?limit=20&sort_key=id&sort_dir=asc', me)), mine);
  assert.deepEqual(idsOf(await paged('/ports?limit=20&sort_key=id&sort_dir=desc', me)), mine.toReversed());
  assert.deepEqual(await paged('/ports?limit=50&fields=id', me), mine.map((id) => ({ id })));
  const whole = (await list('/ports', me)).things as (Listed & { name: string })[];
  assert.deepEqual(await paged('/ports?limit=1&name=port-3&name=port-40', me), whole.filter(({ name }) => name === 'port-3' || name === 'port-40'));
  assert.deepEqual(await paged('/ports?limit=20&sort_key=name', me), (await list('/ports?sort_key=name', me)).things);
});

test('the last page says that nothing follows, also where it is full', async () => {
  const rels = async (query: string) => Object.keys((await list(`/ports?${query}`, me)).links);
  assert.deepEqual(await rels(`limit=${many}`), []);
  assert.deepEqual(await rels(`limit=${many - 1}`), ['next']);
  assert.deepEqual(await rels('limit=999999999999'), []);
  assert.deepEqual(await rels(`limit=3&marker=${mine.at(-4)}`), ['previous']);
  assert.deepEqual(await rels(`limit=3&marker=${mine.at(-5)}`), ['next', 'previous']);
  const beyond = await list(`/ports?limit=3&marker=${mine.at(-1)}`, me);
  assert.deepEqual(beyond, { things: [], links: {} });
});

test("a marker that is unknown, another project's or deleted is refused; a page after one that went later is full", async () => {
  const refused = async (query: string, as: string) => {
    const { status, body } = await get(`/ports?${query}`, as);
    return [status, body.NeutronError?.message];
  };
  const gone = (await makePorts(me, 1))[0]!;
  assert.equal((await call('DELETE', `/network/v2.0/ports/${gone}`, { token: me })).status, 204);
  for (const marker of ['nothing', gone, theirs[0]!, 'x'.repeat(3000), '']) assert.deepEqual(await refused(`limit=2&marker=${marker}`, me), [400, `Invalid marker: ports has no ${marker}`]);
  for (const query of [`marker=${gone}`, `project_id=few&marker=${mine[0]}`]) assert.equal((await refused(`limit=2&${query}`, adminToken))[0], 400);
  assert.equal((await list(`/ports?limit=2&marker=${theirs[0]}`, adminToken)).things.length, 2);
  assert.equal((await refused('limit=-1', me))[0], 400);
  assert.equal((await refused('limit=2&colour=red', me))[0], 400);

  // as where ports go while their list is being read: the project names them still
  const places = Array.from({ length: 9 }, (_, n) => ({ pk: 'project#many', sk: `port#${mine[1]}-${n}` }));
  const db = table('neutron');
  await Promise.all(places.map((place) => db.put(place)));
  assert.deepEqual(idsOf(await paged('/ports?limit=4', me)), mine);
  await Promise.all(places.map((place) => db.remove(place)));
});

test("pages of networks hold one's own and those that are shared, pages of security groups all of one's own", async () => {
  const other = token('other');
  await post('/networks', { networks: Array.from({ length: 5 }, (_, n) => ({ name: `shared-${n}`, shared: true })) }, adminToken);
  await post('/networks', { networks: Array.from({ length: 5 }, (_, n) => ({ name: `own-${n}` })) }, other);
  await post('/security-groups', { security_groups: Array.from({ length: 4 }, (_, n) => ({ name: `group-${n}` })) }, other);
  for (const as of [other, me, adminToken])
    for (const path of ['/networks?', '/networks?project_id=admins&', '/security-groups?fields=id&fields=name&']) // rules within a group are in no order
      assert.deepEqual(await paged(`${path}limit=2`, as), (await list(path, as)).things, path);
  assert.equal((await list('/networks', other)).things.length, 10);
  const rules = (await list('/security-group-rules', other)).things;
  assert.deepEqual(await paged('/security-group-rules?limit=3', other), rules);
});

test('a page of many ports costs what a page of few does', async () => {
  const units = async (path: string, as: string) => {
    await get('/ports?limit=1', as); // whoever asks is known by now
    counter.take();
    await list(path, as);
    return counter.take().readUnits;
  };
  const ofFew = await units('/ports?limit=2', few);
  assert.equal(await units('/ports?limit=2', me), ofFew);
  assert.ok(await units(`/ports?limit=2&marker=${mine[30]}`, me) <= ofFew + 1, 'the marker is one more');
  assert.ok(await units(`/ports?limit=2&marker=${everyone[30]}`, adminToken) <= ofFew + 4, 'an index, and nothing of those before or behind');
  assert.ok(await units('/ports', me) > many / 2, 'the whole list costs each of them');
});
