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
