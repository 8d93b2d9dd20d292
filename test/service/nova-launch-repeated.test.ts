import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ids, startNovaApiRig, type NovaApiRig } from '../support/nova-api-rig.ts';
import { dyingAt } from './crashing.ts';
import { token } from './rig.ts';

/* A launch with an Idempotency-Key. */

let cloud: NovaApiRig;
before(async () => { cloud = await startNovaApiRig(); });
after(() => cloud.stop());

let users = 0;
const someone = () => token(`r${++users}`, 'member,reader', `ru${users}`);
const launch = (as: string, key: string, server: object = {}) =>
  cloud.nova('POST', '/compute/v2.1/servers', { token: as, headers: { 'Idempotency-Key': key }, body: { server: { name: 'vm', flavorRef: 'tiny', imageRef: ids.image, ...server } } });
const servers = async (as: string) => (await cloud.call('GET', '/servers', { as })).body.servers.map(({ id }: { id: string }) => id);
const keyOf = (as: string, key: string) => ({ pk: `IDEMPOTENCY#${as.split(':')[0]}#${as.split(':')[2]}`, sk: key });

test('a launch that is asked for twice with one key is one server, also after that was deleted', async () => {
  const as = someone();
  const [one, two] = [await launch(as, 'a'), await launch(as, 'a')];
  assert.equal(one.status, 202, JSON.stringify(one.body));
  assert.deepEqual([two.status, two.body.server.id, two.headers['location']], [202, one.body.server.id, one.headers['location']]);
  assert.ok(one.body.server.adminPass);
  assert.equal(two.body.server.adminPass, undefined, 'a password is kept nowhere');
  assert.deepEqual(await servers(as), [one.body.server.id]);
  await cloud.store.remove((await cloud.record(one.body.server.id, as.split(':')[0]!))!);
  assert.equal((await launch(as, 'a')).body.server.id, one.body.server.id);
  assert.deepEqual(await servers(as), []);
  assert.notEqual((await launch(as, 'b')).body.server.id, one.body.server.id);
  assert.equal((await launch(someone(), 'a')).status, 202, "another user's key is another key");
});

test('two at once with one key are one server, and one of them may be asked to try again', async () => {
  const as = someone();
  const answers = await Promise.all([1, 2, 3].map(() => launch(as, 'at-once')));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))].filter((status) => ![202, 503].includes(status)), []);
  assert.equal((await servers(as)).length, 1);
  assert.equal((await launch(as, 'at-once')).body.server.id, (await servers(as))[0]);
});

test('a refusal stays a refusal; a failure that passes does not', async () => {
  const as = someone();
  const refused = await launch(as, 'r', { flavorRef: 'none-such' });
  assert.equal(refused.status, 400);
  const again = await launch(as, 'r', { flavorRef: 'none-such' });
  assert.deepEqual([again.status, again.body], [400, refused.body]);
  cloud.rig.standIns.unshift(({ path }) => (path.startsWith('/image/') ? { status: 503, body: {} } : undefined));
  const failed = await launch(as, 'p');
  cloud.rig.standIns.shift();
  assert.ok(failed.status >= 500, String(failed.status));
  assert.equal((await launch(as, 'p')).status, 202);
});

test('a key that came with another body, or that is none, is 400', async () => {
  const as = someone();
  await launch(as, 'c');
  const other = await launch(as, 'c', { name: 'other' });
  assert.equal(other.status, 400);
  assert.match(other.body.badRequest.message, /Idempotency-Key/);
  assert.equal((await launch(as, 'x'.repeat(256))).status, 400);
});

test('a launch whose function died anywhere is one server when it is asked for again', async () => {
  const calls = await dyingAt(0, 'before', () => launch(someone(), 'count'));
  for (let nth = 1; nth <= calls; nth++) {
    const as = someone();
    await dyingAt(nth, nth % 2 ? 'after' : 'before', () => launch(as, 'died'));
    // its time passes
    if (await cloud.store.get(keyOf(as, 'died'))) await cloud.store.update(keyOf(as, 'died'), { set: { until: 0 } });
    const answer = await launch(as, 'died');
    assert.equal(answer.status, 202, `${nth}: ${JSON.stringify(answer.body)}`);
    assert.deepEqual(await servers(as), [answer.body.server.id], `call ${nth}`);
  }
});
