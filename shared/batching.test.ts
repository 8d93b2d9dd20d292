import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as soon } from 'node:timers/promises';
import { batched, tenInOneRequest } from './batching.ts';

/** Requests that are over when the test says so. */
function requests() {
  const sent: { items: string[]; over: PromiseWithResolvers<(string | Error)[]> }[] = [];
  const ask = batched<string, string>({
    fit: (items) => items.length <= 3,
    send(items) {
      const over = Promise.withResolvers<(string | Error)[]>();
      sent.push({ items, over });
      return over.promise;
    },
  });
  const answer = async (index: number) => (sent[index]!.over.resolve(sent[index]!.items.map((item) => item.toUpperCase())), soon());
  return { sent: () => sent.map(({ items }) => items.join('')), ask, answer, over: (index: number) => sent[index]!.over };
}

test('the first goes at once; what comes while it is under way goes together, as much as fits, and each gets its own answer', async () => {
  const { sent, ask, answer } = requests();
  const first = ask('a');
  await soon();
  const others = ['b', 'c', 'd', 'e'].map(ask);
  await soon();
  assert.deepEqual(sent(), ['a']);
  await answer(0);
  assert.deepEqual(sent(), ['a', 'bcd']);
  await answer(1);
  assert.deepEqual(sent(), ['a', 'bcd', 'e']);
  await answer(2);
  assert.deepEqual(await Promise.all([first, ...others]), ['A', 'B', 'C', 'D', 'E']);
  void ask('f');
  await soon();
  assert.deepEqual(sent(), ['a', 'bcd', 'e', 'f'], 'nothing is under way any more');
});

test('what fails fails alone, a request that fails fails for all that were in it, and neither stops the next', async () => {
  const { sent, ask, answer, over } = requests();
  const all = Promise.allSettled([ask('a'), ask('b')]);
  await soon();
  const third = assert.rejects(ask('c'), /away/);
  over(0).resolve(['A', new Error('refused')]);
  assert.deepEqual((await all).map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message)), ['A', 'refused']);
  await soon();
  over(1).reject(new Error('away'));
  await third;
  const fourth = ask('d');
  await soon();
  assert.deepEqual(sent(), ['ab', 'c', 'd']);
  await answer(2);
  assert.equal(await fourth, 'D');
});

test('a request that hangs holds nobody up for more than a second', async () => {
  const { sent, ask } = requests();
  void ask('a');
  await soon();
  void ask('b');
  await new Promise((done) => setTimeout(done, 1100));
  assert.deepEqual(sent(), ['a', 'b']);
});

test('of what SQS takes in one request no more goes together: ten items, and less than 256 KB in bytes', () => {
  const fit = tenInOneRequest((text: string) => text);
  assert.ok(fit(Array.from({ length: 10 }, () => 'x')));
  assert.ok(!fit(Array.from({ length: 11 }, () => 'x')));
  assert.ok(fit(['ü'.repeat(60_000), 'ü'.repeat(60_000)]));
  assert.ok(!fit(['ü'.repeat(60_000), 'ü'.repeat(60_001)]));
});
