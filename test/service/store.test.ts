import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { serveOnLoopback } from '../../local/loopback.ts';
import { environment } from '../../shared/deployment/declaration.ts';
import { absent } from '../../shared/store/condition.ts';
import { ConditionFailed, TransactionRefused } from '../../shared/store/errors.ts';
import { table, type Item } from '../../shared/store/table.ts';
import { startRig, type Rig } from './rig.ts';

let rig: Rig;
let engine: string, front: Awaited<ReturnType<typeof serveOnLoopback>>;
const store = table('keystone');
before(async () => {
  rig = await startRig();
  engine = process.env['AWS_ENDPOINT_URL_DYNAMODB']!;
  front = await serveOnLoopback((request, response) => void between(request, response));
  process.env['AWS_ENDPOINT_URL_DYNAMODB'] = front.endpoint; // before the first request of all
});
after(async () => {
  await front.stop();
  await rig.stop();
});

/** What happens to the next requests instead of being answered by the engine, first to last. */
const mishaps: ((response: ServerResponse) => void)[] = [];
const asked: { operation: string; headers: IncomingMessage['headers'] }[] = [];
async function between(request: IncomingMessage, response: ServerResponse) {
  const [, operation] = String(request.headers['x-amz-target']).split('.');
  asked.push({ operation: operation!, headers: request.headers });
  const body = Buffer.concat(await request.toArray());
  const mishap = mishaps.shift();
  if (mishap) return mishap(response);
  const answer = await fetch(engine, { method: 'POST', headers: request.headers as Record<string, string>, body });
  response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(Buffer.from(await answer.arrayBuffer()));
}
const refusing = (status: number, type: string, headers: Record<string, string> = {}) => (response: ServerResponse) =>
  void response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...headers }).end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'a mishap' }));

const name = fc.oneof(fc.constantFrom('constructor', 'B', 'S', 'M', 'L', 'NULL', 'toString'), fc.string({ minLength: 1 })).filter((text) => text !== '__proto__');
const number = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ min: -1e15, max: 1e15, noNaN: true }).filter((n) => n === 0 || Math.abs(n) > 1e-100).map((n) => n + 0 || 0));
const bytes = fc.uint8Array({ maxLength: 300 });
const setOf = <T>(member: fc.Arbitrary<T>) => fc.uniqueArray(member, { minLength: 1, maxLength: 5, comparator: (a, b) => String(a) === String(b) }).map((members) => new Set(members));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: 'binary' }), fc.constant(''), number, fc.boolean(), fc.constant(null), bytes, fc.bigInt({ min: 2n ** 53n, max: 10n ** 37n }).map((n) => (n / 10n) * 10n + 1n).filter((n) => BigInt(Number(n)) !== n),
      setOf(fc.string({ minLength: 1 })), setOf(number), setOf(fc.uint8Array({ minLength: 1, maxLength: 20 })),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const record = fc.dictionary(name.filter((text) => text !== 'pk' && text !== 'sk'), value, { maxKeys: 8, noNullPrototype: true });

test('whatever a record holds is read as it was written: bytes, sets, empty texts, numbers, nested maps and lists', async () => {
  let n = 0;
  await fc.assert(fc.asyncProperty(record, async (attributes) => {
    const item: Item & { pk: string; sk: string } = { ...attributes, pk: `p${n++}`, sk: 'a' };
    const key = { pk: item.pk, sk: item.sk };
    await store.put(item);
    assert.deepEqual(await store.get(key), item);
    assert.deepEqual(await store.getMany([key]), [item]);
    assert.deepEqual(await store.query({ pk: item.pk }), [item]);
    await assert.rejects(store.putNew(item), (error) => error instanceof ConditionFailed && (assert.deepEqual(error.item, item), true));
    const set = Object.fromEntries(Object.entries(attributes).filter(([each]) => !each.includes('.')).map(([, each], i) => [`a${i}`, each]));
    assert.deepEqual(await store.update({ ...key, sk: 'b' }, { set: { ...set, more: 1 } }), { ...key, sk: 'b', ...set, more: 1 });
    assert.deepEqual(await store.remove(key), item);
  }), { numRuns: 60 });
});

test('what is undefined is left out, wherever it stands, and an object of a class is stored as its fields', async () => {
  class Flavor { vcpus = 2; description = undefined }
  await store.put({ pk: 'classes', sk: 'a', flavor: new Flavor(), gone: undefined, list: [1, undefined, 2] });
  assert.deepEqual(await store.get({ pk: 'classes', sk: 'a' }), { pk: 'classes', sk: 'a', flavor: { vcpus: 2 }, list: [1, 2] });
  await assert.rejects(store.put({ pk: 'classes', sk: 'b', much: Number.NaN }), /not allowed/);
});

test('a refused transaction says which of its conditions did not hold, and what stands there', async () => {
  const there = { pk: 'there', sk: 'a', data: new Uint8Array([1, 2, 255]), tags: new Set(['x']) };
  await store.put(there);
  await assert.rejects(store.transact([{ put: { pk: 'new', sk: 'a' } }, { delete: { pk: 'there', sk: 'a' }, if: { pk: absent() } }]), (error) => {
    assert.ok(error instanceof TransactionRefused);
    assert.deepEqual(error.failed, [{ conditionFailed: false }, { conditionFailed: true, item: there }]);
    return true;
  });
  assert.equal(await store.get({ pk: 'new', sk: 'a' }), undefined);
});

test('a request that is throttled, fails in the database or is cut off is made again, and the caller has his answer', async () => {
  await store.put({ pk: 'again', sk: 'a' });
  for (const mishap of [
    refusing(400, 'ProvisionedThroughputExceededException'), refusing(400, 'ThrottlingException'), refusing(500, 'InternalServerError'),
    (response: ServerResponse) => void response.destroy(),
    (response: ServerResponse) => void response.writeHead(200, { 'content-length': 1000 }).write('{"Item":', () => response.destroy()),
    (response: ServerResponse) => void response.writeHead(503).end('<html>not JSON</html>'),
  ]) {
    asked.length = 0;
    mishaps.push(mishap, mishap);
    assert.deepEqual(await store.get({ pk: 'again', sk: 'a' }), { pk: 'again', sk: 'a' });
    assert.equal(asked.length, 3);
  }
});

test('what AWS refuses for good is not asked again, and keeps its name', async () => {
  asked.length = 0;
  mishaps.push(refusing(400, 'ValidationException'));
  await assert.rejects(store.get({ pk: 'x', sk: 'a' }), (error: any) => error.name === 'ValidationException' && error.message === 'a mishap' && error.$metadata.httpStatusCode === 400);
  assert.equal(asked.length, 1);
  process.env[environment.table('glance')] = 'no-such-table';
  await assert.rejects(table('glance').get({ pk: 'x', sk: 'a' }), { name: 'ResourceNotFoundException' });
});

test('a function whose clock is an hour late signs with the time of AWS from then on', async () => {
  asked.length = 0;
  mishaps.push(refusing(400, 'InvalidSignatureException', { date: new Date(Date.now() + 3_600_000).toUTCString() }));
  await store.get({ pk: 'again', sk: 'a' });
  const [refused, again] = asked.map(({ headers }) => Date.parse(String(headers['x-amz-date']).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5')));
  assert.equal(asked.length, 2);
  assert.ok(Math.abs(again! - refused! - 3_600_000) < 60_000);
});
