import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startTiny } from './tiny-cloud.ts';

test('a function keeps its module state between events, gets one event at a time, and only the variables of its template', async (t) => {
  const code = `
    let calls = 0, busy = 0;
    export async function handler(event, context) {
      busy++; calls++;
      await new Promise((done) => setTimeout(done, 30));
      const answer = { calls, busy, event, variable: process.env.GIVEN, home: process.env.HOME, name: context.functionName, left: context.getRemainingTimeInMillis(), id: context.awsRequestId };
      busy--;
      return answer;
    }`;
  const cloud = await startTiny(t, { counter: { code, variables: { GIVEN: { 'Fn::Sub': 'of ${AWS::Region}' } } } }, {}, { limit: 3 });
  const first = (await cloud.invoke('counter', { a: 1 })) as Record<string, any>;
  assert.deepEqual(first['event'], { a: 1 });
  assert.equal(first['variable'], 'of us-east-1');
  assert.equal(first['home'], undefined);
  assert.equal(first['name'], 'Tiny-counter');
  assert.ok(first['left'] > 4000 && first['left'] <= 5000);
  const many = (await Promise.all(Array.from({ length: 30 }, (_, index) => cloud.invoke('counter', { index })))) as Record<string, any>[];
  assert.ok(many.every(({ busy }) => busy === 1));
  assert.deepEqual(many.map(({ event }) => event.index), Array.from({ length: 30 }, (_, index) => index));
  assert.ok(Math.max(...many.map(({ calls }) => calls)) >= 4, 'environments are used again');
  const running = cloud.functions.environments()['Tiny-counter']!;
  assert.ok(running > 1 && running <= 3, `and there are no more than allowed: ${running}`);
});

test('a function that throws, hangs, exits, or eats memory fails its own event only, with an error that says so', async (t) => {
  const code = `
    export async function handler({ do: what }) {
      if (what === 'throw') throw new RangeError('out of range');
      if (what === 'hang') for (;;);
      if (what === 'exit') process.exit(3);
      if (what === 'eat') { const all = []; for (;;) all.push(new Array(1e6).fill(Math.random())); }
      if (what === 'reject') { Promise.reject(new TypeError('nobody waits')); await new Promise((done) => setTimeout(done, 1000)); }
      console.log('did', what);
      return what;
    }`;
  const cloud = await startTiny(t, { victim: { code, timeout: 60, memory: 64 }, hasty: { code, timeout: 1 } });
  const fails = (what: string, name: string, message: RegExp) => assert.rejects(cloud.invoke(what === 'hang' ? 'hasty' : 'victim', { do: what }), (error: Error) => error.name === name && message.test(error.message));
  await fails('throw', 'RangeError', /out of range/);
  await fails('hang', 'Sandbox.Timedout', /Task timed out after 1\.00 seconds/);
  await fails('exit', 'Runtime.ExitError', /exit status 3/);
  await fails('eat', 'Runtime.ExitError', /memory limit of 64 MB/);
  await fails('reject', 'TypeError', /nobody waits/);
  assert.equal(await cloud.invoke('victim', { do: 'nothing' }), 'nothing');
  assert.match(readFileSync(join(cloud.dataDir, 'logs/Tiny-victim.log'), 'utf8'), /INFO\tdid nothing/);
});

test('an answer comes as it was given, however long its body, and not at all where it is larger than Lambda takes', async (t) => {
  const code = 'export const handler = ({ body, times, more = 0 }) => ({ statusCode: 200, body: body.repeat(times), isBase64Encoded: false, more: "m".repeat(more) });';
  const cloud = await startTiny(t, { echo: { code } });
  const body = '{"näme":"\\"\ud800\u0007"}';
  for (const times of [0, 1, 1000, 100_000]) assert.deepEqual(await cloud.invoke('echo', { body, times }), { statusCode: 200, body: body.repeat(times), isBase64Encoded: false, more: '' });
  await assert.rejects(cloud.invoke('echo', { body: 'a', times: 7e6 }), { name: 'Function.ResponseSizeTooLarge' });
  await assert.rejects(cloud.invoke('echo', { body: 'a', times: 1e6, more: 5.5e6 }), { name: 'Function.ResponseSizeTooLarge' });
});

test('a function whose module does not load answers each event with the reason', async (t) => {
  const cloud = await startTiny(t, { broken: { code: "throw new Error('no module');" }, nameless: { code: 'export const other = 1;' } });
  await assert.rejects(cloud.invoke('broken', {}), /no module/);
  await assert.rejects(cloud.invoke('broken', {}), /no module/);
  await assert.rejects(cloud.invoke('nameless', {}), { name: 'Runtime.HandlerNotFound' });
  await assert.rejects(cloud.invoke('absent', {}), /no function/);
});
