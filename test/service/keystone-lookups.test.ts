import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { meter } from '../bench/meter.ts';
import { caller, startRig, type Rig } from './rig.ts';

/* Keystone's lists where something is asked for by its name, in pages, or for one user: right, and as cheap among many as among few. */

const password = 'correct horse battery staple';
const counter = meter();
let rig: Rig;
let login: ReturnType<typeof caller>, identity: ReturnType<typeof caller>;
let admin: string;
let roles: Record<string, string>;
let domains: string[];

before(async () => {
  rig = await startRig();
  rig.standIns.push(({ headers }) => (String(headers['x-amz-target']).endsWith('PutParameter') ? { status: 200, body: { Version: 1 } } : undefined));
  process.env['AWS_ENDPOINT_URL_DYNAMODB'] = await counter.wire('dynamodb', rig.engines.dynamodb.endpoint);
  login = caller((await import('../../functions/keystone/login.ts')).handler);
  identity = caller((await import('../../functions/keystone/api.ts')).handler);
  const manage = (await import('../../functions/keystone/manage.ts')).handler as (event: object) => Promise<any>;
  ({ roles } = await manage({ command: 'bootstrap', adminPassword: password, endpoint: rig.endpoint, region: 'RegionOne' }));
  admin = await tokenOf({ name: 'admin', domain: { id: 'default' } }, { project: { name: 'admin', domain: { id: 'default' } } });
  domains = ['default', (await made('domains', { name: 'east' })).id, (await made('domains', { name: 'west' })).id];
});
after(async () => {
  await rig.stop();
  counter.stop();
});

async function tokenOf(user: object, scope: object): Promise<string> {
  const { status, headers } = await login('POST', '/identity/v3/auth/tokens', { body: { auth: { identity: { methods: ['password'], password: { user: { ...user, password } } }, scope } } });
  assert.equal(status, 201);
  return headers['x-subject-token']!;
}
const api = (method: string, path: string, body?: unknown, token = admin) => identity(method, `/identity/v3${path}`, { token, ...(body !== undefined && { body }) });
async function made(plural: string, given: object): Promise<any> {
  const { status, body } = await api('POST', `/${plural}`, { [plural.slice(0, -1)]: given });
  assert.equal(status, 201, JSON.stringify(body));
  return body[plural.slice(0, -1)];
}
async function list(path: string, token?: string): Promise<any[]> {
  const { status, body } = await api('GET', path, undefined, token);
  assert.equal(status, 200, JSON.stringify(body));
  return body[path.slice(1).split('?')[0]!.split('/').at(-1)!];
}
const idsOf = (things: { id: string }[]) => things.map(({ id }) => id);
const sorted = (things: { id: string }[]) => idsOf(things).sort();

for (const plural of ['projects', 'users'])
  test(`${plural} of one name in several domains are all found by it, and each by its domain`, async () => {
    const each: any[] = [];
    for (const [n, domain_id] of domains.entries()) each.push(await made(plural, { name: 'Twice Told', domain_id, enabled: n !== 1 }));
    await made(plural, { name: 'twice told', domain_id: domains[1] });
    const named = `/${plural}?name=Twice%20Told`;
    assert.deepEqual(await list(named), each.toSorted((a, b) => (a.id < b.id ? -1 : 1)), 'in the order of every list');
    for (const [n, domain_id] of domains.entries()) assert.deepEqual(await list(`${named}&domain_id=${domain_id}`), [each[n]]);
    assert.deepEqual(sorted(await list(`${named}&enabled=False`)), [each[1].id]);
    assert.deepEqual(sorted(await list(`${named}&enabled=True`)), sorted([each[0], each[2]]));
    assert.deepEqual(sorted(await list(`${named}&name__startswith=Twice`)), sorted(each));
    for (const none of ['&name__startswith=twice', '&name=other', '&domain_id=nowhere', '&domain_id=', `&domain_id=${'x'.repeat(3000)}`]) assert.deepEqual(await list(named + none), [], none);
    for (const none of ['', 'Twice', 'TWICE%20TOLD', 'Twice%20Told%20', 'x'.repeat(2000)]) assert.deepEqual(await list(`/${plural}?name=${none}`), [], none);
    const page = await api('GET', `${named}&limit=2`);
    assert.deepEqual(idsOf(page.body[plural]), sorted(each).slice(0, 2));
    assert.deepEqual(idsOf((await api('GET', page.body.links.next.split('/v3')[1])).body[plural]), sorted(each).slice(2));
    assert.equal((await api('GET', `${named}&marker=nothing`)).status, 404);

    const renamed = await api('PATCH', `/${plural}/${each[2].id}`, { [plural.slice(0, -1)]: { name: 'Told Anew' } });
    assert.equal(renamed.status, 200);
    assert.deepEqual(sorted(await list(named)), sorted([each[0], each[1]]), 'the old name finds it no more');
    assert.deepEqual(await list(`${named}&domain_id=${domains[2]}`), []);
    assert.deepEqual(idsOf(await list(`/${plural}?name=Told%20Anew`)), [each[2].id]);
    await api('DELETE', `/${plural}/${each[0].id}`);
    assert.deepEqual(idsOf(await list(named)), [each[1].id]);
  });

test('beside a name, tags, parents and the asker\'s domain narrow projects as ever', async () => {
  const parent = await made('projects', { name: 'parent', domain_id: domains[1] });
  const inside = await made('projects', { name: 'inside', parent_id: parent.id, domain_id: domains[1], tags: ['red', 'blue'] });
  const other = await made('projects', { name: 'inside', domain_id: domains[2], tags: ['red'] });
  assert.deepEqual(sorted(await list('/projects?name=inside&tags=red')), sorted([inside, other]));
  assert.deepEqual(idsOf(await list('/projects?name=inside&tags=red,blue')), [inside.id]);
  assert.deepEqual(idsOf(await list('/projects?name=inside&not-tags=blue')), [other.id]);
  assert.deepEqual(idsOf(await list(`/projects?name=inside&parent_id=${parent.id}`)), [inside.id]);
  assert.deepEqual(sorted(await list('/projects?is_domain=true&limit=50')), domains.toSorted());

  const manager = await made('users', { name: 'manager', password, domain_id: domains[1] });
  await api('PUT', `/domains/${domains[1]}/users/${manager.id}/roles/${roles['manager']}`);
  const token = await tokenOf({ id: manager.id }, { domain: { id: domains[1] } });
  assert.deepEqual(idsOf(await list('/projects?name=inside', token)), [inside.id]);
  assert.deepEqual(idsOf(await list('/projects?is_domain=true', token)), [domains[1]], "others' domains are not this one's to see");
  assert.deepEqual(idsOf(await list('/projects?is_domain=true&name=Default')), ['default']);
  assert.deepEqual(sorted(await list('/projects?limit=9', token)), sorted(await list(`/projects?domain_id=${domains[1]}`)));
});

test("roles are found by name: the cloud's own, or a domain's", async () => {
  const inDomain = await made('roles', { name: 'member', domain_id: domains[1] });
  assert.deepEqual(idsOf(await list('/roles?name=member')), [roles['member']]);
  assert.deepEqual(idsOf(await list(`/roles?name=member&domain_id=${domains[1]}`)), [inDomain.id]);
  assert.deepEqual(await list('/roles?name=member&domain_id=default'), []);
  assert.deepEqual(await list('/roles?name=Member'), []);
  assert.deepEqual(idsOf(await list('/domains?name=east')), [domains[1]]);
});

test('role assignments of a branch of projects name each with its domain, for the cloud and for the domain it is in', async () => {
  const trunk = await made('projects', { name: 'trunk', domain_id: domains[2] });
  const branch = await made('projects', { name: 'branch', parent_id: trunk.id, domain_id: domains[2] });
  const user = await made('users', { name: 'gardener', password, domain_id: domains[1] });
  for (const place of [`projects/${branch.id}`, `projects/${trunk.id}`, `domains/${domains[2]}`, 'system']) assert.equal((await api('PUT', `/${place}/users/${user.id}/roles/${roles['manager']}`)).status, 204);
  const shown = (query: string, token?: string) => list(`/role_assignments?include_names&${query}`, token)
    .then((found) => found.map(({ user: { name, domain }, scope }) => [name, domain.name, scope.project?.name ?? scope.domain?.name ?? 'system'].join()).sort());
  const all = ['branch', 'system', 'trunk', 'west'].map((place) => `gardener,east,${place}`);
  assert.deepEqual(await shown(`user.id=${user.id}`), all);
  assert.deepEqual(await shown(`scope.project.id=${trunk.id}`), [all[2]]);
  assert.deepEqual(await shown(`scope.project.id=${trunk.id}&include_subtree`), [all[0], all[2]]);
  assert.deepEqual(await shown(`scope.domain.id=${domains[2]}`), [all[3]]);
  assert.deepEqual(await shown('user.id=nobody'), []);
  assert.ok((await shown('')).length > all.length);
  const token = await tokenOf({ id: user.id }, { domain: { id: domains[2] } });
  assert.deepEqual(await shown(`user.id=${user.id}`, token), [all[0], all[2], all[3]], 'what is outside the domain is not for its manager');
});

test('among many, a name, a page, and what one user was given cost what they cost among few', async () => {
  const user = await made('users', { name: 'modest' });
  const project = await made('projects', { name: 'modest', domain_id: 'default' });
  await api('PUT', `/projects/${project.id}/users/${user.id}/roles/${roles['member']}`);
  const asked = [
    '/projects?name=modest', '/users?name=modest', '/users?name=modest&domain_id=default', '/projects?limit=2', '/users?limit=2',
    `/role_assignments?user.id=${user.id}&include_names`, `/role_assignments?scope.project.id=${project.id}&include_names`, `/users/${user.id}/projects`,
  ];
  const measured = async () => {
    const costs: number[] = [];
    for (const path of asked) {
      await api('GET', path); // roles and keys are known by now
      counter.take();
      await api('GET', path);
      costs.push(counter.take().readUnits);
    }
    return costs;
  };
  const few = await measured();
  const description = 'x'.repeat(2000);
  for (let n = 0; n < 40; n++) for (const plural of ['projects', 'users']) await made(plural, { name: `one-of-many-${n}`, description, domain_id: domains[n % 3] });
  counter.take();
  await list('/projects');
  assert.ok(counter.take().readUnits >= 20, 'the whole list costs all of them');
  const many = await measured();
  for (const [n, path] of asked.entries()) assert.ok(many[n]! <= few[n]! + (path.includes('limit') ? 2 : 0), `${path}: ${few[n]}, then ${many[n]} read units`); // a page's own may be longer
});

for (const plural of ['projects', 'users'])
  test(`whoever pages through ${plural} finds each once, as in the whole list`, async () => {
    const whole = await list(`/${plural}`);
    for (const limit of [1, 7, 1000]) {
      const found: any[] = [];
      for (let next: string | null = `/${plural}?limit=${limit}`; next !== null;) {
        const { status, body }: Awaited<ReturnType<typeof api>> = await api('GET', next);
        assert.equal(status, 200);
        assert.equal(body.links.self, `${rig.endpoint}/identity/v3${next}`);
        found.push(...body[plural]);
        next = body.links.next?.split('/v3')[1] ?? null;
      }
      assert.deepEqual(found, whole);
    }
    assert.deepEqual(await list(`/${plural}?limit=0`), whole);
    assert.deepEqual(await list(`/${plural}?limit=5&marker=${whole.at(-1).id}`), []);
    for (const marker of ['nothing', 'x'.repeat(3000), '']) {
      const { status, body } = await api('GET', `/${plural}?limit=2&marker=${marker}`);
      assert.deepEqual([status, body.error.message], [404, `Could not find marker: ${marker}.`]);
    }
    for (const limit of ['-1', 'all', '99999999999']) assert.equal((await api('GET', `/${plural}?limit=${limit}`)).status, 400);
  });
