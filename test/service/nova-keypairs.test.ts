import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { caller, startRig, token, type Rig } from './rig.ts';

const KEYPAIRS = '/compute/v2.1/os-keypairs';
let rig: Rig;
let nova: ReturnType<typeof caller>;
before(async () => {
  rig = await startRig();
  nova = caller((await import('../../functions/nova-api/http.ts')).handler);
});
after(() => rig.stop());

let users = 0;
/** A user nobody else here is: key pairs are a user's. */
const newUser = () => `user-${users++}`;
const as = (user: string) => token('project', 'member,reader', user);
const admin = token('project', 'admin,member,reader', 'admin');
const at = (minor: number) => ({ 'OpenStack-API-Version': `compute 2.${minor}` });
const call = (method: string, path: string, user: string, minor = 1, body?: object) =>
  nova(method, KEYPAIRS + path, { token: user === 'admin' ? admin : as(user), headers: at(minor), ...(body && { body }) });
const create = (user: string, keypair: object, minor = 1) => call('POST', '', user, minor, { keypair });

function publicKey(): string {
  const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  const parts = [Buffer.from('ssh-ed25519'), Buffer.from(x!, 'base64url')].flatMap((part) => [Buffer.from([0, 0, 0, part.length]), part]);
  return `ssh-ed25519 ${Buffer.concat(parts).toString('base64')} me@home`;
}
const md5 = (key: string) => createHash('md5').update(Buffer.from(key.split(' ')[1]!, 'base64')).digest('hex').match(/../g)!.join(':');

test('an imported key is shown as it came, with its fingerprint, and is gone once deleted', async () => {
  const user = newUser();
  const public_key = publicKey();
  const made = await create(user, { name: 'my_key', public_key });
  assert.deepEqual([made.status, made.body], [200, { keypair: { name: 'my_key', public_key, fingerprint: md5(public_key), user_id: user } }]);
  const { keypair } = (await call('GET', '/my_key', user)).body;
  assert.deepEqual({ ...keypair, id: 0, created_at: '' }, { name: 'my_key', public_key, fingerprint: md5(public_key), user_id: user, id: 0, created_at: '', updated_at: null, deleted: false, deleted_at: null });
  assert.ok(Number.isInteger(keypair.id));
  assert.match(keypair.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  assert.deepEqual((await call('GET', '', user)).body, { keypairs: [{ keypair: { name: 'my_key', public_key, fingerprint: md5(public_key) } }] });
  assert.equal((await call('DELETE', '/my_key', user)).status, 202);
  const gone = await call('GET', '/my_key', user);
  assert.deepEqual([gone.status, gone.body.itemNotFound.message], [404, `Keypair my_key not found for user ${user}`]);
  assert.equal((await call('DELETE', '/my_key', user)).status, 404);
  assert.deepEqual((await call('GET', '', user)).body, { keypairs: [] });
});

test('a generated key comes with its private half, this once, until 2.91', async () => {
  const user = newUser();
  const { status, body: { keypair } } = await create(user, { name: 'made' }, 91);
  assert.equal(status, 201);
  assert.match(keypair.private_key, /^-----BEGIN RSA PRIVATE KEY-----\n[\s\S]+-----END RSA PRIVATE KEY-----\n$/);
  assert.match(keypair.public_key, /^ssh-rsa \S+ Generated-by-Nova$/);
  assert.equal(keypair.fingerprint, md5(keypair.public_key));
  assert.equal((await call('GET', '/made', user, 91)).body.keypair.private_key, undefined);
  const later = await create(user, { name: 'later' }, 92);
  assert.equal(later.status, 400);
  assert.match(later.body.badRequest.message, /'public_key' is a required property/);
});

test('each microversion changes what it says it changes', async () => {
  const user = newUser();
  const public_key = publicKey();
  assert.equal((await create(user, { name: 'typed', public_key, type: 'ssh' }, 1)).status, 400, '2.1 knows no type');
  const typed = await create(user, { name: 'typed', public_key, type: 'ssh' }, 2);
  assert.deepEqual([typed.status, typed.body.keypair.type], [201, 'ssh']);
  assert.equal((await call('GET', '/typed', user, 2)).body.keypair.type, 'ssh');
  assert.equal((await create(user, { name: 'a', public_key, user_id: user }, 9)).status, 400, '2.9 knows no user_id');
  assert.equal((await create(user, { name: 'a', public_key, user_id: user }, 10)).status, 201);
  assert.equal((await create(user, { name: 'me@home.net', public_key }, 91)).status, 400);
  assert.equal((await create(user, { name: 'me@home.net', public_key }, 92)).status, 201);
  assert.equal((await call('GET', '/me%40home.net', user, 92)).status, 200);
  assert.equal((await call('GET', '?color=red', user, 74)).status, 200);
  assert.equal((await call('GET', '?color=red', user, 75)).status, 400);
  assert.equal((await call('DELETE', '/typed', user, 2)).status, 204);
});

test('long lists come in pages from 2.35 on', async () => {
  const user = newUser();
  const public_key = publicKey();
  for (const name of ['c', 'a', 'b']) await create(user, { name, public_key });
  const names = (answer: { body: any }) => answer.body.keypairs.map(({ keypair }: any) => keypair.name);
  assert.deepEqual(names(await call('GET', '?limit=1', user, 34)), ['a', 'b', 'c'], '2.34 has no pages');
  const first = await call('GET', '?limit=2', user, 35);
  assert.deepEqual(names(first), ['a', 'b']);
  const next = new URL(first.body.keypairs_links[0].href);
  assert.deepEqual([next.searchParams.get('marker'), next.pathname], ['b', KEYPAIRS]);
  const second = await call('GET', next.search, user, 35);
  assert.deepEqual([names(second), second.body.keypairs_links], [['c'], undefined]);
  assert.equal((await call('GET', '?marker=nothing', user, 35)).status, 400);
  assert.equal((await call('GET', '?limit=-1', user, 35)).status, 400);
});

test("nobody sees another user's keys but an admin, who says whose he means", async () => {
  const [mine, theirs] = [newUser(), newUser()];
  await create(theirs, { name: 'private', public_key: publicKey() });
  assert.equal((await call('GET', '/private', mine, 10)).status, 404);
  for (const [method, path] of [['GET', ''], ['GET', '/private'], ['DELETE', '/private']] as const)
    assert.equal((await call(method, `${path}?user_id=${theirs}`, mine, 10)).status, 403, `${method} ${path}`);
  assert.equal((await create(mine, { name: 'x', public_key: publicKey(), user_id: theirs }, 10)).status, 403);
  assert.equal((await call('GET', `/private?user_id=${theirs}`, 'admin', 9)).status, 404, 'before 2.10 user_id says nothing');
  assert.equal((await call('GET', `/private?user_id=${theirs}`, 'admin', 10)).body.keypair.user_id, theirs);
  assert.equal((await create('admin', { name: 'given', public_key: publicKey(), user_id: theirs }, 10)).status, 201);
  assert.equal((await call('GET', '/given', theirs)).status, 200);
  assert.equal((await call('DELETE', `/given?user_id=${theirs}`, 'admin', 10)).status, 204);
});

test('a name is taken once, however many ask at the same time', async () => {
  const user = newUser();
  const answers = await Promise.all(Array.from({ length: 8 }, () => create(user, { name: 'mine', public_key: publicKey() })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(409)]);
  assert.equal(answers.find(({ status }) => status === 409)!.body.conflictingRequest.message, "Key pair 'mine' already exists.");
});

test('not one key more than the quota, under concurrency; a deleted one makes room', async () => {
  const user = newUser();
  const quota = await nova('PUT', `/compute/v2.1/os-quota-sets/project?user_id=${user}`, { token: admin, body: { quota_set: { key_pairs: 3 } } });
  assert.equal(quota.status, 200);
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => create(user, { name: `key${i}`, public_key: publicKey() })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 403, 403, 403, 403, 403]);
  assert.equal(answers.find(({ status }) => status === 403)!.body.forbidden.message, 'Quota exceeded, too many key pairs.');
  const { keypairs } = (await call('GET', '', user)).body;
  assert.equal(keypairs.length, 3);
  await call('DELETE', `/${keypairs[0].keypair.name}`, user);
  assert.equal((await create(user, { name: 'room', public_key: publicKey() })).status, 200);
  assert.equal((await create(user, { name: 'no-room', public_key: publicKey() })).status, 403);
});

test('what is no key, no name or no request is refused with a word why, never by a failure', async () => {
  const user = newUser();
  const public_key = publicKey();
  const bad: [object, RegExp][] = [
    [{ name: 'k', public_key: 'ssh-rsa nothing' }, /^Keypair data is invalid: failed to generate fingerprint$/],
    [{ name: 'k', public_key, type: 'x509' }, /^Keypair data is invalid: failed to generate X509 fingerprint/],
    [{ name: 'k', type: 'x509' }, /^Keypair data is invalid: /],
    [{ name: 'k', public_key, type: 'pgp' }, /type/], [{ name: 'k', public_key: 7 }, /public_key/], [{ name: 'k', public_key, colour: 'red' }, /colour/],
    [{ public_key }, /name/], [{ name: '', public_key }, /name/], [{ name: ' k', public_key }, /name/], [{ name: 'a/b', public_key }, /name/], [{ name: 'x'.repeat(256), public_key }, /name/],
    [{ name: 'k', public_key, user_id: 'x'.repeat(3000) }, /user_id/],
  ];
  for (const [keypair, message] of bad) {
    const { status, body } = await create(user, keypair, 10);
    assert.equal(status, 400, JSON.stringify(keypair).slice(0, 80));
    assert.match(body.badRequest.message, message);
  }
  const long = 'x'.repeat(3000);
  assert.equal((await call('GET', `/${long}`, user)).status, 404);
  assert.equal((await call('DELETE', `/${long}`, user)).status, 404);
  assert.equal((await call('GET', `?user_id=${long}`, user, 10)).status, 400);
});
