import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { caller, startRig, type Answer, type Rig } from './rig.ts';

/* Keystone's five functions on a real DynamoDB engine. */

type Call = ReturnType<typeof caller>;
const password = 'correct horse battery staple';
/** What the parameter store was given, by name. */
const parameters = new Map<string, string>();
let rig: Rig;
let login: Call, validate: Call, identity: Call;
let manage: (event: object) => Promise<any>, sweep: () => Promise<void>;
let admin: string;
let ids: { projects: Record<string, string>; users: Record<string, string>; roles: Record<string, string> };

before(async () => {
  rig = await startRig();
  rig.standIns.push(({ headers, body }) => {
    if (!String(headers['x-amz-target']).endsWith('PutParameter')) return undefined;
    parameters.set(body.Name, body.Value);
    return { status: 200, body: { Version: 1 } };
  });
  login = caller((await import('../../functions/keystone/login.ts')).handler);
  validate = caller((await import('../../functions/keystone/validate.ts')).handler);
  identity = caller((await import('../../functions/keystone/api.ts')).handler);
  manage = (await import('../../functions/keystone/manage.ts')).handler as typeof manage;
  sweep = (await import('../../functions/keystone/sweep.ts')).handler;
  ids = await manage({ command: 'bootstrap', adminPassword: password, endpoint: rig.endpoint, region: 'RegionOne' });
  admin = tokenOf(await logIn({ name: 'admin', password }, inProject('admin')));
});
after(() => rig.stop());

const inProject = (name: string) => ({ project: { name, domain: { id: 'default' } } });
const credentials = ({ name, password: given }: { name: string; password: string }) =>
  ({ methods: ['password'], password: { user: { name, domain: { id: 'default' }, password: given } } });
const logIn = (who: { name: string; password: string }, scope?: unknown) => login('POST', '/identity/v3/auth/tokens', { body: { auth: { identity: credentials(who), ...(scope !== undefined && { scope }) } } });
const rescope = (token: string, scope: unknown) => login('POST', '/identity/v3/auth/tokens', { body: { auth: { identity: { methods: ['token'], token: { id: token } }, scope } } });
const tokenOf = (answer: Answer) => {
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.headers['x-subject-token']!;
};
const check = (subject: string, by = subject, query = '', headers = {}) => validate('GET', `/identity/v3/auth/tokens${query}`, { token: by, headers: { 'X-Subject-Token': subject, ...headers } });
const names = (things: { name: string }[]) => things.map(({ name }) => name).sort();

test('a user logs in by password and gets a token with project, roles and the catalog of all services', async () => {
  const { body, headers } = await logIn({ name: 'admin', password }, inProject('admin'));
  assert.equal(body.token.project.name, 'admin');
  assert.equal(body.token.user.domain.name, 'Default');
  assert.deepEqual(names(body.token.roles), ['admin', 'manager', 'member', 'reader']);
  assert.deepEqual(body.token.methods, ['password']);
  assert.equal(headers['vary'], 'X-Auth-Token');
  assert.ok(headers['x-subject-token']!.length < 900, 'tokens travel in headers and messages: they must stay small');
  const urls = Object.fromEntries(body.token.catalog.map((s: any) => [s.type, s.endpoints.find((e: any) => e.interface === 'public').url]));
  assert.deepEqual(urls, {
    identity: `${rig.endpoint}/identity`, compute: `${rig.endpoint}/compute/v2.1`, image: `${rig.endpoint}/image`, network: `${rig.endpoint}/network`,
    volumev3: `${rig.endpoint}/volume/v3/${body.token.project.id}`, 'block-storage': `${rig.endpoint}/volume/v3`,
  });
});

test('a wrong password, an unknown user, project or domain, and a project without a role are all the same 401', async () => {
  const wrong = [
    logIn({ name: 'admin', password: 'guess' }, inProject('admin')),
    logIn({ name: 'nobody', password }, inProject('admin')),
    logIn({ name: 'admin', password }, inProject('nothing')),
    logIn({ name: 'admin', password }, inProject('service')),
    logIn({ name: 'admin', password }, { domain: { name: 'nowhere' } }),
    logIn({ name: 'nova', password: '' }, inProject('service')),
    rescope('not.a.token', { unscoped: {} }),
  ];
  for (const answer of await Promise.all(wrong)) {
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.body, { error: { code: 401, message: 'The request you have made requires authentication.', title: 'Unauthorized' } });
    assert.match(answer.headers['www-authenticate']!, /Keystone uri=/);
  }
});

test('a malformed login is a 400 that names the field', async () => {
  const post = (body: unknown) => login('POST', '/identity/v3/auth/tokens', { body });
  for (const [body, named] of [
    ['{', /not valid JSON/], [{}, /'auth'/], [{ auth: {} }, /'identity'/], [{ auth: { identity: { methods: ['password'] } } }, /password in identity/],
    [{ auth: { identity: { methods: ['password'], password: { user: { password } } } } }, /id or name/],
    [{ auth: { identity: { methods: ['password'], password: { user: { name: 'admin', password } } } } }, /domain in user/],
    [{ auth: { identity: credentials({ name: 'admin', password }), scope: { project: { name: 'admin' } } } }, /domain in project/],
    [{ auth: { identity: credentials({ name: 'admin', password }), scope: { project: { id: 'a' }, system: { all: true } } } }, /scope/],
  ] as const) {
    const answer = await post(body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.match(answer.body.error.message, named);
  }
  const secret = await post({ auth: { identity: { methods: ['password'], password: { user: { name: 'admin', domain: { id: 'default' }, password: 4711 } } } } });
  assert.equal(secret.status, 400);
  assert.doesNotMatch(JSON.stringify(secret.body), /4711/, 'a password is never echoed');
  assert.equal((await post({ auth: { identity: { methods: ['totp'], totp: {} } } })).status, 401);
});

test('services validate a token and get the identity, with the login and the validation recorded as steps 1, 2 and 5', async () => {
  const answer = await check(admin, admin, '?nocatalog=1', { 'x-novaless-steps': '1' });
  assert.equal(answer.status, 200);
  assert.equal(answer.body.token.catalog, undefined);
  assert.equal(answer.body.token.user.name, 'admin');
  const steps = JSON.parse(answer.headers['x-novaless-steps']!);
  assert.deepEqual(steps.map((s: any) => [s.step, s.actor, s.result]), [[1, 'client', 'Success'], [2, 'keystone', 'Success'], [5, 'keystone', 'Success']]);
  assert.match(steps[0].request_id, /^req-/);
  assert.equal(steps[0].request_id, steps[1].request_id);
  assert.notEqual(steps[0].request_id, steps[2].request_id);
  assert.ok(steps[0].start <= steps[1].start && steps[1].start <= steps[1].end && steps[1].end <= steps[2].start);
  const head = await validate('HEAD', '/identity/v3/auth/tokens', { token: admin, headers: { 'X-Subject-Token': admin } });
  assert.deepEqual([head.status, head.bytes.length], [200, 0]);
});

test('a forged or foreign token opens nothing', async () => {
  const [header, , signature] = admin.split('.') as [string, string, string];
  const payload = JSON.parse(Buffer.from(admin.split('.')[1]!, 'base64url').toString());
  const forged = [
    `${header}.${Buffer.from(JSON.stringify({ ...payload, sub: ids.users['nova'] })).toString('base64url')}.${signature}`,
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${admin.split('.')[1]}.`,
    `${Buffer.from(JSON.stringify({ alg: 'ES256', kid: '2000-01-01T00:00:00.000Z' })).toString('base64url')}.${admin.split('.')[1]}.${signature}`,
    `${Buffer.from(JSON.stringify({ alg: 'ES256', kid: 'x'.repeat(3000) })).toString('base64url')}.${admin.split('.')[1]}.${signature}`,
    'x', '...', 'a'.repeat(9000),
  ];
  for (const token of forged) {
    assert.equal((await check(token)).status, 401, token.slice(0, 40));
    assert.equal((await check(token, admin)).status, 404, token.slice(0, 40));
  }
  assert.equal((await validate('GET', '/identity/v3/auth/tokens', { headers: { 'X-Subject-Token': admin } })).status, 401);
  assert.equal((await validate('GET', '/identity/v3/auth/tokens', { token: admin })).status, 404);
});

test('a revoked token is void, and only that one', async () => {
  const [one, two] = [tokenOf(await logIn({ name: 'admin', password }, inProject('admin'))), tokenOf(await logIn({ name: 'admin', password }))];
  assert.equal((await validate('DELETE', '/identity/v3/auth/tokens', { token: two, headers: { 'X-Subject-Token': one } })).status, 204);
  assert.equal((await check(one)).status, 401);
  assert.equal((await check(one, two)).status, 404);
  assert.equal((await check(two)).status, 200);
});

test('rescoping keeps the end of the first token, so nobody stays logged in for ever', async () => {
  const first = await logIn({ name: 'admin', password }, { unscoped: {} });
  assert.equal(first.body.token.project, undefined);
  assert.equal(first.body.token.roles, undefined);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const second = await rescope(tokenOf(first), { system: { all: true } });
  assert.deepEqual(second.body.token.system, { all: true });
  assert.equal(second.body.token.expires_at, first.body.token.expires_at);
  assert.deepEqual(second.body.token.methods.sort(), ['password', 'token']);
  assert.equal(second.body.token.audit_ids[1], first.body.token.audit_ids[0]);
  assert.equal((await rescope(tokenOf(second), inProject('admin'))).status, 403);
  const third = await rescope(tokenOf(first), { domain: { id: 'default' } });
  assert.equal(third.body.token.domain.name, 'Default');
});

test("services find their tokens in the parameter store, and may ask about a user's token", async () => {
  assert.deepEqual([...parameters.keys()].sort(), ['cinder', 'glance', 'neutron', 'nova'].map((user) => `/novaless/service-token/${user}`));
  const nova = parameters.get('/novaless/service-token/nova')!;
  const own = await check(nova);
  assert.equal(own.body.token.project.name, 'service');
  assert.deepEqual(names(own.body.token.roles), ['admin', 'manager', 'member', 'reader', 'service']);
  assert.equal((await check(admin, nova, '?allow_expired=1')).status, 200);
});

test('bootstrap may run again: it changes the address in the catalog, keeps ids and tokens, and takes a new password', async () => {
  const again = await manage({ command: 'bootstrap', adminPassword: password, endpoint: 'http://127.0.0.1:9', region: 'RegionOne' });
  assert.deepEqual(again, ids);
  const { body } = await check(admin);
  assert.ok(body.token.catalog.flatMap((s: any) => s.endpoints).every((e: any) => e.url.startsWith('http://127.0.0.1:9/')));
  await Promise.all([1, 2, 3].map(() => manage({ command: 'bootstrap', endpoint: rig.endpoint, region: 'RegionOne' })));
  assert.equal((await check(admin)).body.token.catalog.length, 6);

  await manage({ command: 'bootstrap', adminPassword: 'another', endpoint: rig.endpoint, region: 'RegionOne' });
  assert.equal((await check(admin)).status, 401, 'a new password ends the old tokens');
  assert.equal((await logIn({ name: 'admin', password })).status, 401);
  await manage({ command: 'bootstrap', adminPassword: password, endpoint: rig.endpoint, region: 'RegionOne' });
  admin = tokenOf(await logIn({ name: 'admin', password }, inProject('admin')));
  await assert.rejects(manage({ command: 'bootstrap', endpoint: 'nowhere', region: 'R' }), /endpoint/);
  await assert.rejects(manage({ command: 'other' }), /command/);
});

/** As the admin, unless by somebody else's token. */
const api = (method: string, path: string, body?: unknown, token = admin) => identity(method, `/identity/v3${path}`, { token, ...(body !== undefined && { body }) });
const made = async (kind: string, plural: string, given: object) => {
  const { status, body } = await api('POST', `/${plural}`, { [kind]: given });
  assert.equal(status, 201, JSON.stringify(body));
  return body[kind];
};
let serial = 0;
/** A user with a role on a project of its own, logged in to it. */
async function tenant(role = 'member', domain_id = 'default') {
  const name = `tenant-${++serial}`;
  const project = await made('project', 'projects', { name, domain_id });
  const user = await made('user', 'users', { name, password, domain_id });
  assert.equal((await api('PUT', `/projects/${project.id}/users/${user.id}/roles/${ids.roles[role]}`)).status, 204);
  const answer = await login('POST', '/identity/v3/auth/tokens', { body: { auth: { identity: { methods: ['password'], password: { user: { id: user.id, password } } }, scope: { project: { id: project.id } } } } });
  return { name, project, user, token: tokenOf(answer) };
}

test('clients that begin at the root find the Identity API and its version', async () => {
  const versions = await identity('GET', '/identity');
  assert.equal(versions.status, 300);
  assert.equal(versions.body.versions.values[0].links[0].href, `${rig.endpoint}/identity/v3/`);
  for (const path of ['/identity/v3', '/identity/v3/']) assert.equal((await identity('GET', path)).body.version.id, 'v3.14');
  assert.ok((await identity('GET', '/')).body.services.some((s: any) => s.type === 'compute'));
  assert.equal((await identity('GET', '/identity/v2.0', { token: admin })).status, 404);
  assert.equal((await api('GET', '/groups')).status, 404);
});

test('each kind of thing can be made, shown, listed, changed and deleted', async () => {
  const service = await made('service', 'services', { type: 'key-manager', name: 'barbican' });
  const things: [string, string, object, object][] = [
    ['user', 'users', { name: 'ann', domain_id: 'default', email: 'ann@example.com' }, { description: 'first', email: 'ann@example.org' }],
    ['project', 'projects', { name: 'apollo', description: 'moon' }, { name: 'artemis' }],
    ['domain', 'domains', { name: 'acme' }, { description: 'anvils', enabled: false }],
    ['role', 'roles', { name: 'auditor' }, { description: 'looks' }],
    ['service', 'services', { type: 'dns', name: 'designate' }, { enabled: false }],
    ['endpoint', 'endpoints', { service_id: service.id, interface: 'public', url: 'http://keys/$(project_id)s', region: 'NewRegion' }, { url: 'http://keys/v1' }],
    ['region', 'regions', { id: 'Elsewhere', description: 'far' }, { description: 'further' }],
  ];
  for (const [kind, plural, given, change] of things) {
    const { id, links } = await made(kind, plural, given);
    assert.equal(links.self, `${rig.endpoint}/identity/v3/${plural}/${id}`);
    const { links: _, ...shown } = (await api('GET', `/${plural}/${id}`)).body[kind];
    for (const [field, value] of Object.entries(given)) assert.deepEqual(shown[field], value, `${kind}.${field}`);
    const list = (await api('GET', `/${plural}`)).body;
    assert.ok(list[plural].some((each: any) => each.id === id));
    assert.deepEqual(list.links, { self: `${rig.endpoint}/identity/v3/${plural}`, previous: null, next: null });
    const changed = await api('PATCH', `/${plural}/${id}`, { [kind]: change });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    for (const [field, value] of Object.entries(change)) assert.deepEqual(changed.body[kind][field], value, `${kind}.${field}`);
    assert.equal((await api('DELETE', `/${plural}/${id}`)).status, 204);
    assert.equal((await api('DELETE', `/${plural}/${id}`)).status, 404);
    const gone = await api('GET', `/${plural}/${id}`);
    assert.deepEqual([gone.status, gone.body.error.message], [404, `Could not find ${kind}: ${id}.`]);
  }
});

test('two who take one name at the same time: one gets it', async () => {
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => api('POST', '/users', { user: { name: 'twin' } })));
  assert.deepEqual(answers.map((a) => a.status).sort(), [201, 409, 409, 409, 409]);
  assert.match(answers.find((a) => a.status === 409)!.body.error.message, /twin/);
  assert.equal((await api('GET', '/users?name=twin')).body.users.length, 1);
  const other = await made('user', 'users', { name: 'solo' });
  assert.equal((await api('PATCH', `/users/${other.id}`, { user: { name: 'twin' } })).status, 409);
  assert.equal((await api('PATCH', `/users/${other.id}`, { user: { name: 'duo' } })).status, 200);
  await made('user', 'users', { name: 'solo' }); // a name given up is free again
  const races = await Promise.all([1, 2, 3, 4].map((n) => api('PATCH', `/users/${other.id}`, { user: { [`note${n}`]: String(n) } })));
  assert.deepEqual(races.map((a) => a.status), [200, 200, 200, 200]);
  const { user } = (await api('GET', `/users/${other.id}`)).body;
  assert.deepEqual([1, 2, 3, 4].map((n) => user[`note${n}`]), ['1', '2', '3', '4'], 'no change is lost to another');
});

test('lists are narrowed by name, domain and enabled, and given in pages', async () => {
  const domain = await made('domain', 'domains', { name: 'narrow' });
  for (const n of [1, 2, 3]) await made('project', 'projects', { name: `narrow-${n}`, domain_id: domain.id, enabled: n !== 2, tags: n === 3 ? ['red', 'blue'] : ['red'] });
  const list = async (query: string) => (await api('GET', `/projects?${query}`)).body;
  assert.deepEqual(names((await list(`domain_id=${domain.id}`)).projects), ['narrow-1', 'narrow-2', 'narrow-3']);
  assert.deepEqual(names((await list('name=narrow-2')).projects), ['narrow-2']);
  assert.deepEqual(names((await list(`name=narrow-2&domain_id=default`)).projects), []);
  assert.deepEqual(names((await list(`domain_id=${domain.id}&enabled=False`)).projects), ['narrow-2']);
  assert.deepEqual(names((await list('name__icontains=NARROW-&enabled=1')).projects), ['narrow-1', 'narrow-3']);
  assert.equal((await list(`domain_id=${domain.id}&name__hasOwnProperty=x&name__constructor=x`)).projects.length, 3, 'what is no comparison is passed over');
  assert.deepEqual(names((await list(`domain_id=${domain.id}&tags=red,blue`)).projects), ['narrow-3']);
  assert.ok((await list('is_domain=true')).projects.some((p: any) => p.id === domain.id && p.is_domain));
  const first = await list(`domain_id=${domain.id}&limit=2`);
  assert.equal(first.projects.length, 2);
  const next = await identity('GET', first.links.next.slice(rig.endpoint.length), { token: admin });
  assert.equal(next.body.projects.length, 1);
  assert.equal(next.body.links.next, null);
});

test("an ordinary user sees itself and its project, and nothing of the cloud's", async () => {
  const { user, project, token } = await tenant();
  const other = await tenant();
  const allowed = [`/users/${user.id}`, `/users/${user.id}/projects`, `/projects/${project.id}`, '/domains/default', '/auth/projects', '/auth/domains', '/auth/catalog', '/auth/system', '/regions'];
  for (const path of allowed) assert.equal((await api('GET', path, undefined, token)).status, 200, path);
  const refused = ['/users', '/projects', '/domains', '/roles', '/services', '/endpoints', '/role_assignments', `/users/${other.user.id}`, '/users/nobody', `/projects/${other.project.id}`,
    `/users/${other.user.id}/projects`, `/roles/${ids.roles['admin']}`, '/role_inferences', `/projects/${project.id}/users/${user.id}/roles`];
  for (const path of refused) assert.equal((await api('GET', path, undefined, token)).status, 403, path);
  assert.match((await api('GET', '/users', undefined, token)).body.error.message, /identity:list_users/);
  const changes: [string, string, unknown?][] = [
    ['POST', '/users', { user: { name: 'x' } }], ['POST', '/projects', { project: { name: 'x' } }], ['PATCH', `/users/${user.id}`, { user: { name: 'x' } }], ['DELETE', `/users/${user.id}`],
    ['DELETE', `/projects/${project.id}`], ['PUT', `/projects/${project.id}/users/${user.id}/roles/${ids.roles['admin']}`], ['PUT', `/system/users/${user.id}/roles/${ids.roles['admin']}`],
    ['PUT', `/projects/${project.id}/tags/x`], ['PUT', `/roles/${ids.roles['member']}/implies/${ids.roles['admin']}`],
  ];
  for (const [method, path, body] of changes) assert.equal((await api(method, path, body, token)).status, 403, `${method} ${path}`);
  assert.equal((await check(other.token, token)).status, 403, "another's token is nobody's business");
  assert.deepEqual(names((await api('GET', '/auth/projects', undefined, token)).body.projects), [project.name]);
  assert.equal((await api('GET', '/users', undefined, 'nonsense')).status, 401);
});

test("a domain's reader and manager see and manage their own domain only", async () => {
  const domain = await made('domain', 'domains', { name: 'managed' });
  const { user, name } = await tenant('member', domain.id);
  await api('PUT', `/domains/${domain.id}/users/${user.id}/roles/${ids.roles['manager']}`);
  const token = tokenOf(await login('POST', '/identity/v3/auth/tokens', { body: { auth: { identity: { methods: ['password'], password: { user: { name, domain: { name: 'managed' }, password } } }, scope: { domain: { name: 'managed' } } } } }));
  assert.deepEqual(names((await api('GET', '/users', undefined, token)).body.users), [name]);
  assert.deepEqual(names((await api('GET', '/projects', undefined, token)).body.projects), [name]);
  assert.equal((await api('POST', '/users', { user: { name: 'hired' } }, token)).body.user.domain_id, domain.id);
  assert.equal((await api('POST', '/users', { user: { name: 'hired', domain_id: 'default' } }, token)).status, 403);
  const assignments = (await api('GET', '/role_assignments', undefined, token)).body.role_assignments;
  assert.equal(assignments.length, 2);
});

test('roles given and taken count at once, with what they imply, on projects, domains and the system', async () => {
  const { user, project, token } = await tenant('member');
  assert.deepEqual(names((await check(token)).body.token.roles), ['member', 'reader']);
  await api('PUT', `/projects/${project.id}/users/${user.id}/roles/${ids.roles['admin']}`);
  assert.deepEqual(names((await check(token)).body.token.roles), ['admin', 'manager', 'member', 'reader']);
  await api('DELETE', `/projects/${project.id}/users/${user.id}/roles/${ids.roles['admin']}`);
  assert.deepEqual(names((await check(token)).body.token.roles), ['member', 'reader']);

  for (const place of [`projects/${project.id}`, 'domains/default', 'system']) {
    const path = `/${place}/users/${user.id}/roles`;
    const role = ids.roles['service'];
    assert.equal((await api('HEAD', `${path}/${role}`)).status, 404, place);
    for (let twice = 0; twice < 2; twice++) assert.equal((await api('PUT', `${path}/${role}`)).status, 204);
    assert.equal((await api('HEAD', `${path}/${role}`)).status, 204);
    assert.ok(names((await api('GET', path)).body.roles).includes('service'));
    assert.equal((await api('DELETE', `${path}/${role}`)).status, 204);
    assert.equal((await api('DELETE', `${path}/${role}`)).status, 404);
  }
  assert.equal((await api('PUT', `/projects/nowhere/users/${user.id}/roles/${ids.roles['member']}`)).status, 404);
  assert.equal((await api('PUT', `/projects/${project.id}/users/nobody/roles/${ids.roles['member']}`)).status, 404);
  assert.match((await api('PUT', `/projects/${project.id}/users/${user.id}/roles/nothing`)).body.error.message, /role: nothing/);
  await api('DELETE', `/projects/${project.id}/users/${user.id}/roles/${ids.roles['member']}`);
  assert.equal((await check(token)).status, 401, 'without a role on its project a token is void');
});

test('role assignments are listed by user, project, role and scope, with names and with what is implied', async () => {
  const { user, project } = await tenant('member');
  const list = async (query: string) => (await api('GET', `/role_assignments?${query}`)).body.role_assignments;
  const [only] = await list(`user.id=${user.id}&include_names=True`);
  assert.equal(only.role.name, 'member');
  assert.equal(only.user.domain.name, 'Default');
  assert.equal(only.scope.project.name, project.name);
  assert.equal(only.links.assignment, `${rig.endpoint}/identity/v3/projects/${project.id}/users/${user.id}/roles/${ids.roles['member']}`);
  assert.deepEqual(names((await list(`user.id=${user.id}&effective&include_names`)).map((a: any) => a.role)), ['member', 'reader']);
  assert.deepEqual((await list(`scope.project.id=${project.id}`)).map((a: any) => a.user.id), [user.id]);
  assert.deepEqual((await list('scope.system=all')).map((a: any) => a.user.id), [ids.users['admin']]);
  assert.deepEqual(await list('group.id=x'), []);
  assert.ok((await list('')).length >= 8);
  assert.deepEqual((await list(`role.id=${ids.roles['service']}`)).length, 4);
  assert.equal((await api('GET', '/role_assignments?scope.domain.id=default&scope.system=all')).status, 400);
});

test('what is disabled or deleted ends its tokens for good, and takes what belonged to it along', async () => {
  const one = await tenant();
  await api('PATCH', `/users/${one.user.id}`, { user: { enabled: false } });
  assert.equal((await check(one.token)).status, 401);
  await api('PATCH', `/users/${one.user.id}`, { user: { enabled: true } });
  assert.equal((await check(one.token)).status, 401, 'enabled again, but a new login is needed');

  const two = await tenant();
  await api('PATCH', `/projects/${two.project.id}`, { project: { enabled: false } });
  assert.equal((await check(two.token)).status, 401);
  assert.equal((await logIn({ name: two.name, password }, inProject(two.name))).status, 401);
  await api('PATCH', `/users/${two.user.id}`, { user: { default_project_id: two.project.id } });
  const unscoped = await logIn({ name: two.name, password });
  assert.equal(unscoped.body.token.project, undefined, 'a default project that cannot be used is passed over');
  await api('DELETE', `/projects/${two.project.id}`);
  assert.equal((await api('GET', `/users/${two.user.id}`)).body.user.default_project_id, null);
  assert.deepEqual((await api('GET', `/role_assignments?user.id=${two.user.id}`)).body.role_assignments, []);

  const three = await tenant();
  await api('DELETE', `/users/${three.user.id}`);
  assert.equal((await check(three.token)).status, 401);
  assert.deepEqual((await api('GET', `/role_assignments?scope.project.id=${three.project.id}`)).body.role_assignments, []);

  const domain = await made('domain', 'domains', { name: 'doomed' });
  const four = await tenant('member', domain.id);
  assert.equal((await api('DELETE', `/domains/${domain.id}`)).status, 403);
  await api('PATCH', `/domains/${domain.id}`, { domain: { enabled: false } });
  assert.equal((await check(four.token)).status, 401);
  assert.equal((await api('DELETE', `/domains/${domain.id}`)).status, 204);
  for (const path of [`/users/${four.user.id}`, `/projects/${four.project.id}`]) assert.equal((await api('GET', path)).status, 404);
});

test('a user changes its own password by knowing the old one; the old tokens end', async () => {
  const { user, token, name } = await tenant();
  const change = (original_password: string, next: string) => identity('POST', `/identity/v3/users/${user.id}/password`, { body: { user: { original_password, password: next } } });
  assert.equal((await change('wrong', 'new one')).status, 401);
  assert.equal((await change(password, '')).status, 400);
  assert.equal((await change(password, 'x'.repeat(5000))).status, 403);
  assert.equal((await change(password, 'new one')).status, 204);
  assert.equal((await check(token)).status, 401);
  assert.equal((await logIn({ name, password })).status, 401);
  assert.equal((await logIn({ name, password: 'new one' })).status, 201);
  assert.doesNotMatch(JSON.stringify((await api('GET', `/users/${user.id}`)).body), /password":"|scrypt/);
});

test('projects form a tree: depth, parents, subtree, and no branch is cut off', async () => {
  let parent = await made('project', 'projects', { name: 'tree' });
  const top = parent;
  assert.equal(top.parent_id, 'default');
  for (const name of ['b', 'c', 'd', 'e']) parent = await made('project', 'projects', { name: `tree-${name}`, parent_id: parent.id });
  assert.equal((await api('POST', '/projects', { project: { name: 'tree-f', parent_id: parent.id } })).status, 403);
  assert.equal((await api('POST', '/projects', { project: { name: 'tree-x', parent_id: 'nowhere' } })).status, 400);
  const shown = (await api('GET', `/projects/${top.id}?subtree_as_ids`)).body.project;
  assert.equal(JSON.stringify(shown.subtree).split(':').length - 1, 4);
  assert.equal((await api('GET', `/projects/${parent.id}?parents_as_list`)).body.project.parents.length, 4);
  assert.equal((await api('DELETE', `/projects/${top.id}`)).status, 403);
  assert.equal((await api('PATCH', `/projects/${top.id}`, { project: { enabled: false } })).status, 403);
  assert.equal((await api('PATCH', `/projects/${top.id}`, { project: { parent_id: parent.id } })).status, 403);
});

test("roles imply roles; keystone's own are protected", async () => {
  const role = await made('role', 'roles', { name: 'operator' });
  const implies = `/roles/${role.id}/implies`;
  assert.equal((await api('PUT', `${implies}/${ids.roles['member']}`)).status, 201);
  assert.equal((await api('PUT', `${implies}/${ids.roles['admin']}`)).status, 403);
  assert.deepEqual(names((await api('GET', implies)).body.role_inference.implies), ['member']);
  assert.equal((await api('HEAD', `${implies}/${ids.roles['member']}`)).status, 200);
  assert.equal((await api('HEAD', `${implies}/${ids.roles['reader']}`)).status, 404);
  assert.ok((await api('GET', '/role_inferences')).body.role_inferences.length >= 4);
  const { user, project, token } = await tenant('reader');
  await api('PUT', `/projects/${project.id}/users/${user.id}/roles/${role.id}`);
  assert.deepEqual(names((await check(token)).body.token.roles), ['member', 'operator', 'reader']);
  assert.equal((await api('DELETE', `${implies}/${ids.roles['member']}`)).status, 204);
  assert.equal((await api('DELETE', `/roles/${role.id}`)).status, 204);
  assert.deepEqual(names((await check(token)).body.token.roles), ['reader']);
  assert.equal((await api('DELETE', `/roles/${ids.roles['member']}`)).status, 403);
});

test('regions nest, and are kept while endpoints stand in them', async () => {
  await made('region', 'regions', { id: 'north' });
  await made('region', 'regions', { id: 'north-1', parent_region_id: 'north' });
  assert.equal((await api('POST', '/regions', { region: { id: 'north' } })).status, 409);
  assert.equal((await api('PATCH', '/regions/north', { region: { parent_region_id: 'north-1' } })).status, 400);
  assert.equal((await api('PUT', '/regions/south', { region: { description: 'warm' } })).status, 201);
  const service = await made('service', 'services', { type: 'test', name: 'test' });
  const endpoint = { service_id: service.id, interface: 'public', url: 'http://x', region_id: 'north-1' };
  await made('endpoint', 'endpoints', endpoint);
  assert.equal((await api('DELETE', '/regions/north')).status, 403);
  for (const wrong of [{ ...endpoint, url: 'http://x/$(bogus)s' }, { ...endpoint, service_id: 'none' }, { ...endpoint, interface: 'private' }, { ...endpoint, url: 'nowhere' }])
    assert.equal((await api('POST', '/endpoints', { endpoint: wrong })).status, 400, JSON.stringify(wrong));
  assert.equal((await api('GET', `/endpoints?service_id=${service.id}&interface=public`)).body.endpoints.length, 1);
  assert.equal((await api('DELETE', `/services/${service.id}`)).status, 204);
  assert.equal((await api('DELETE', '/regions/north')).status, 204);
  assert.equal((await api('GET', '/regions/north-1')).status, 404);
});

test('bad input is a 400 that names the field, never a 500', async () => {
  const wrong: [string, string, unknown, RegExp][] = [
    ['POST', '/users', {}, /user/], ['POST', '/users', { user: {} }, /name/], ['POST', '/users', { user: { name: 7 } }, /name/], ['POST', '/users', { user: { name: '  ' } }, /name/],
    ['POST', '/users', { user: { name: 'x'.repeat(256) } }, /name/], ['POST', '/users', { user: { name: 'x', enabled: 'perhaps' } }, /enabled/], ['POST', '/users', { user: { name: 'x', deep: { a: { b: 1 } } } }, /deep/],
    ['POST', '/users', { user: { name: 'x', big: 1e300 } }, /big/], ['POST', '/users', { user: { name: 'x', '': 1 } }, /''/], ['POST', '/users', '[]', /./], ['POST', '/users', 'null', /./],
    ['POST', '/users', '{"user": {"name": "\\ud800"}}', /Unicode/], ['POST', '/projects', { project: { name: 'y'.repeat(65) } }, /name/], ['POST', '/projects', { project: { name: 'y', tags: ['a,b'] } }, /./],
    ['PATCH', `/users/${ids.users['nova']}`, { user: {} }, /./], ['PATCH', `/users/${ids.users['nova']}`, { user: { domain_id: 'other' } }, /Domain ID/], ['GET', '/users?limit=many', undefined, /limit/],
    ['POST', '/users', { user: { name: 'x', password: 12 } }, /password/],
  ];
  for (const [method, path, body, named] of wrong) {
    const answer = await api(method, path, body);
    assert.equal(answer.status, 400, `${method} ${path} ${JSON.stringify(body)}: ${answer.status} ${JSON.stringify(answer.body)}`);
    assert.match(answer.body.error.message, named, JSON.stringify(body));
  }
  assert.equal((await api('POST', '/users', { user: { name: 'x', domain_id: 'nowhere' } })).status, 404);
  assert.equal((await api('POST', '/users', { user: { name: 'x', note: 'y'.repeat(200_000) } })).status, 413);
  for (const id of ['%20', 'x'.repeat(2000), '%00', '%F0%9F%92%A9', "'", 'a#b'.replace('#', '%23')]) assert.equal((await api('GET', `/users/${id}`)).status, 404, id);
});

test('the sweeper renews service tokens only when their time has come, or they were revoked', async () => {
  const path = '/novaless/service-token/glance';
  const before = parameters.get(path);
  await sweep();
  assert.equal(parameters.get(path), before);
  await manage({ command: 'service-password', user: 'glance' });
  await api('PATCH', `/users/${ids.users['glance']}`, { user: { enabled: false } });
  await api('PATCH', `/users/${ids.users['glance']}`, { user: { enabled: true } });
  assert.equal((await check(before!)).status, 401);
  await sweep();
  assert.notEqual(parameters.get(path), before);
  assert.equal((await check(parameters.get(path)!)).status, 200);
});

test('an operator gets a secret with which a service user can log in', async () => {
  const { password: secret } = await manage({ command: 'service-password', user: 'cinder' });
  assert.equal((await logIn({ name: 'cinder', password: secret }, inProject('service'))).status, 201);
  await assert.rejects(manage({ command: 'service-password', user: 'admin' }));
});

test('a service may use a token for a while after its end, so that long work can end; nobody else may', async () => {
  const { newClaims, sign } = await import('../../functions/keystone/token/claims.ts');
  const { project, user } = await tenant();
  const scope = { project: project.id, project_domain: 'default' };
  const [ended, longAgo] = await Promise.all([-60, -49 * 3600].map((lifetime) => sign(newClaims({ id: user.id, domain_id: 'default' }, scope, ['password'], { lifetime }))));
  const nova = parameters.get('/novaless/service-token/nova')!;
  const other = await tenant();
  assert.equal((await check(ended!)).status, 401);
  assert.equal((await check(ended!, nova)).status, 404);
  assert.equal((await check(ended!, nova, '?allow_expired=1')).body.token.user.id, user.id);
  assert.equal((await check(longAgo!, nova, '?allow_expired=1')).status, 404);
  assert.equal((await check(ended!, other.token, '?allow_expired=1')).status, 403);
  assert.equal((await rescope(ended!, { unscoped: {} })).status, 401);
});

test('new signing keys do not end valid tokens', async () => {
  const { rotateKeys, verificationKey } = await import('../../functions/keystone/token/keys.ts');
  const { store } = await import('../../functions/keystone/records/entities.ts');
  const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid as string;
  const day = 24 * 3600_000;
  await Promise.all([1, 2, 3].map(() => rotateKeys(Date.now() + day)));
  const keys = await store.query<{ sk: string; expires_at?: number }>({ pk: 'signing-secret' });
  assert.equal(keys.length, 2, 'two who rotate at once make one key');
  assert.ok(keys[0]!.expires_at! * 1000 > Date.now() + 3 * day && keys[1]!.expires_at === undefined);
  assert.ok(await verificationKey(keys[1]!.sk));
  assert.equal(kidOf(admin), keys[0]!.sk);
  assert.equal((await check(admin)).status, 200);
});

test('a token ends with the key that signed it, also where it was seen before', async (t) => {
  const { store } = await import('../../functions/keystone/records/entities.ts');
  const { kid } = JSON.parse(Buffer.from(admin.split('.')[0]!, 'base64url').toString()) as { kid: string };
  const key = { pk: 'signing-key', sk: kid };
  assert.equal((await check(admin)).status, 200);
  const item = (await store.remove(key))!;
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 6 * 60_000 }); // what a function remembers of keys is older than it may be
  assert.equal((await check(admin)).status, 401);
  await store.put(item as typeof item & typeof key);
  assert.equal((await check(admin)).status, 200);
});
