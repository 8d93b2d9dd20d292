import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { caller, startRig, type Answer, type Rig } from './rig.ts';

/* Application credentials, on keystone's functions and a real DynamoDB engine. */

type Call = ReturnType<typeof caller>;
const password = 'correct horse battery staple';
let rig: Rig;
let login: Call, validate: Call, identity: Call;
let ids: { projects: Record<string, string>; users: Record<string, string>; roles: Record<string, string> };
let admin: string;
let user: string; // has member on the project `demo`
let mine: string;

before(async () => {
  rig = await startRig();
  rig.standIns.push(({ headers }) => (String(headers['x-amz-target']).endsWith('PutParameter') ? { status: 200, body: { Version: 1 } } : undefined));
  login = caller((await import('../../functions/keystone/login.ts')).handler);
  validate = caller((await import('../../functions/keystone/validate.ts')).handler);
  identity = caller((await import('../../functions/keystone/api.ts')).handler);
  const { handler: manage } = await import('../../functions/keystone/manage.ts');
  ids = await manage({ command: 'bootstrap', adminPassword: password, endpoint: rig.endpoint, region: 'RegionOne', demoPassword: password } as never) as typeof ids;
  admin = tokenOf(await logIn('admin', 'admin'));
  await given('POST', '/roles', { role: { name: 'auditor' } });
  user = (await given('POST', '/users', { user: { name: 'owner', password } })).body.user.id;
  const project = (await given('POST', '/projects', { project: { name: 'works' } })).body.project.id;
  ids.projects['works'] = project;
  for (const role of ['member', 'auditor']) await assign(role);
  mine = tokenOf(await logIn('owner', 'works'));
});
after(() => rig.stop());

const auth = (body: object) => login('POST', '/identity/v3/auth/tokens', { body: { auth: body } });
const logIn = (name: string, project: string) =>
  auth({ identity: { methods: ['password'], password: { user: { name, domain: { id: 'default' }, password } } }, scope: { project: { name: project, domain: { id: 'default' } } } });
const by = (credential: object, scope?: object) => auth({ identity: { methods: ['application_credential'], application_credential: credential }, ...(scope && { scope }) });
const tokenOf = (answer: Answer) => {
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.headers['x-subject-token']!;
};
const call = (token: string, method: string, path: string, body?: object) => identity(method, `/identity/v3${path}`, { token, ...(body && { body }) });
async function given(method: string, path: string, body?: object) {
  const answer = await call(admin, method, path, body);
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer;
}
const roleId = async (name: string) => (await call(admin, 'GET', `/roles?name=${name}`)).body.roles[0].id as string;
const assign = async (role: string) => given('PUT', `/projects/${ids.projects['works']}/users/${user}/roles/${await roleId(role)}`);
const unassign = async (role: string) => given('DELETE', `/projects/${ids.projects['works']}/users/${user}/roles/${await roleId(role)}`);
const make = (fields: object, token = mine) => call(token, 'POST', `/users/${user}/application_credentials`, { application_credential: fields });
async function made(fields: object) {
  const answer = await make(fields);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body.application_credential;
}
const check = (token: string) => validate('GET', '/identity/v3/auth/tokens', { token: admin, headers: { 'X-Subject-Token': token } });
const roles = (answer: Answer) => answer.body.token.roles.map(({ name }: { name: string }) => name).sort();
const says = (answer: Answer, status: number, words: RegExp) => {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(JSON.stringify(answer.body), words);
};

test('a program logs in with a credential by its id, or by its name and owner, and gets its project and roles', async () => {
  const { id, secret, project_id, roles: own, unrestricted, expires_at } = await made({ name: 'launcher', description: 'for events' });
  assert.equal(project_id, ids.projects['works']);
  assert.deepEqual([unrestricted, expires_at], [false, null]);
  assert.deepEqual(own.map((r: { name: string }) => r.name).sort(), ['auditor', 'member', 'reader']);
  const answer = await by({ id, secret });
  assert.deepEqual(answer.body.token.methods, ['application_credential']);
  assert.deepEqual(answer.body.token.application_credential, { id, name: 'launcher', restricted: true });
  assert.equal(answer.body.token.project.name, 'works');
  assert.ok(answer.body.token.catalog.length > 0);
  assert.deepEqual(roles(await check(tokenOf(answer))), ['auditor', 'member', 'reader']);
  tokenOf(await by({ name: 'launcher', secret, user: { name: 'owner', domain: { id: 'default' } } }));
  tokenOf(await by({ name: 'launcher', secret, user: { id: user } }));
});

test('a credential with fewer roles gives a token with those and what they imply', async () => {
  const { id, secret } = await made({ name: 'reads', roles: [{ name: 'reader' }] });
  assert.deepEqual(roles(await by({ id, secret })), ['reader']);
  const member = await made({ name: 'works', roles: [{ id: await roleId('member') }] });
  assert.deepEqual(roles(await by(member)), ['member', 'reader']);
});

test('a secret is shown once, and a chosen one opens its credential', async () => {
  const { id } = await made({ name: 'chosen', secret: 'tr0ub4dor' });
  const shown = await call(mine, 'GET', `/users/${user}/application_credentials/${id}`);
  assert.equal(JSON.stringify(shown.body).includes('secret'), false);
  const listed = await call(mine, 'GET', `/users/${user}/application_credentials?name=chosen`);
  assert.deepEqual(listed.body.application_credentials.map((c: { id: string }) => c.id), [id]);
  assert.equal(JSON.stringify(listed.body).includes('tr0ub4dor'), false);
  tokenOf(await by({ id, secret: 'tr0ub4dor' }));
});

test('a wrong secret, an unknown credential and a scope of its own are 401; what is missing is named', async () => {
  const { id, secret } = await made({ name: 'strict' });
  says(await by({ id, secret: `${secret}x` }), 401, /requires authentication/);
  says(await by({ id: 'none', secret }), 401, /requires authentication/);
  says(await by({ id, secret }, { project: { id: ids.projects['works'] } }), 401, /cannot request a scope/);
  says(await by({ secret }), 400, /name or ID/);
  says(await by({ name: 'strict', secret }), 400, /user/);
  says(await by({ name: 'strict', secret, user: { name: 'owner' } }), 400, /domain/);
});

test('a credential ends when it was told to, and its tokens do not outlive it', async () => {
  const soon = new Date(Date.now() + 2500).toISOString().replace('Z', '000');
  const { id, secret, expires_at } = await made({ name: 'brief', expires_at: soon });
  assert.equal(expires_at, soon);
  const answer = await by({ id, secret });
  assert.ok(Date.parse(answer.body.token.expires_at) <= Date.parse(`${soon}Z`));
  await new Promise((resolve) => setTimeout(resolve, Date.parse(`${soon}Z`) - Date.now() + 50));
  says(await check(tokenOf(answer)), 404, /token/);
  says(await by({ id, secret }), 401, /requires authentication/);
});

test('a restricted credential makes and ends no other, an unrestricted one may', async () => {
  const restricted = tokenOf(await by(await made({ name: 'restricted' })));
  const other = await made({ name: 'other' });
  says(await make({ name: 'child' }, restricted), 403, /not allowed for managing additional/);
  says(await call(restricted, 'DELETE', `/users/${user}/application_credentials/${other.id}`), 403, /not allowed for managing additional/);
  const rescoped = tokenOf(await auth({ identity: { methods: ['token'], token: { id: restricted } } }));
  assert.equal((await check(rescoped)).body.token.application_credential.restricted, true);
  says(await make({ name: 'child' }, rescoped), 403, /not allowed for managing additional/);
  says(await auth({ identity: { methods: ['token'], token: { id: restricted } }, scope: { project: { id: ids.projects['works'] } } }), 403, /application credential token/);
  const unrestricted = tokenOf(await by(await made({ name: 'unrestricted', unrestricted: true, roles: [{ name: 'reader' }] })));
  says(await make({ name: 'more', roles: [{ name: 'member' }] }, unrestricted), 400, /unassigned role/);
  const child = await make({ name: 'child' }, unrestricted);
  assert.equal(child.status, 201);
  assert.equal((await call(unrestricted, 'DELETE', `/users/${user}/application_credentials/${child.body.application_credential.id}`)).status, 204);
});

test("nobody makes a credential for another, nor reads another's; an administrator may look and delete", async () => {
  const { id } = await made({ name: 'private' });
  says(await make({ name: 'for-owner' }, admin), 403, /create_application_credential/);
  const stranger = (await given('POST', '/users', { user: { name: 'stranger', password } })).body.user.id;
  const unscoped = tokenOf(await auth({ identity: { methods: ['password'], password: { user: { id: stranger, password } } } }));
  says(await call(unscoped, 'GET', `/users/${user}/application_credentials/${id}`), 403, /get_application_credential/);
  says(await call(unscoped, 'GET', `/users/${stranger}/application_credentials/${id}`), 404, new RegExp(id));
  says(await call(unscoped, 'POST', `/users/${stranger}/application_credentials`, { application_credential: { name: 'x' } }), 400, /project-scoped/);
  assert.equal((await call(admin, 'GET', `/users/${user}/application_credentials`)).status, 200);
  assert.equal((await call(admin, 'DELETE', `/users/${user}/application_credentials/${id}`)).status, 204);
});

test('bad input is 4xx and names the field', async () => {
  await made({ name: 'taken' });
  says(await make({ name: 'taken' }), 409, /taken/);
  for (const [fields, words] of [
    [{}, /name/], [{ name: '' }, /name/], [{ name: 'a', secret: 5 }, /secret/], [{ name: 'a', expires_at: 'tomorrow' }, /expires_at/], [{ name: 'a', expires_at: '2001-01-01T00:00:00' }, /expires_at/],
    [{ name: 'a', roles: [{ name: 'admin' }] }, /unassigned role/], [{ name: 'a', unrestricted: 'yes' }, /unrestricted/], [{ name: 'a', more: 1 }, /more/],
    [{ name: 'a', access_rules: [{ path: '/v2.1/servers', method: 'GET', service: 'compute' }] }, /access_rules/],
  ] as const) says(await make(fields), 400, words);
  says(await make({ name: 'a', roles: [{ name: 'no-such' }] }), 404, /no-such/);
});

test('a credential ends with what it stands on: itself, a role, the user', async () => {
  const ended = async (fields: object, end: (id: string) => Promise<unknown>) => {
    const { id, secret } = await made(fields);
    const token = tokenOf(await by({ id, secret }));
    await end(id);
    says(await check(token), 404, /token/);
    says(await by({ id, secret }), 401, /requires authentication/);
  };
  await ended({ name: 'one' }, (id) => call(mine, 'DELETE', `/users/${user}/application_credentials/${id}`));
  await ended({ name: 'two', roles: [{ name: 'member' }] }, () => unassign('auditor')); // as Keystone: any role taken back on that project
  await assign('auditor');
  mine = tokenOf(await logIn('owner', 'works'));
  await ended({ name: 'three' }, () => given('PATCH', `/users/${user}`, { user: { enabled: false } }));
  await given('PATCH', `/users/${user}`, { user: { enabled: true } });
  mine = tokenOf(await logIn('owner', 'works'));
  assert.deepEqual((await call(mine, 'GET', `/users/${user}/application_credentials`)).body.application_credentials, []);
  await ended({ name: 'four' }, () => given('DELETE', `/projects/${ids.projects['works']}`));
});
