import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startComputeRig, type ComputeRig } from '../support/compute-rig.ts';
import { assertNothingLeft, assertOneGuest, crashAt, settle } from '../support/launch-checks.ts';

/* A handler is killed at each of its requests, one after the other; each time everything must come right by itself. */

let rig: ComputeRig;
before(async () => { rig = await startComputeRig(); });
after(() => rig.stop());

async function requestsOf(work: () => Promise<void>): Promise<string[]> {
  rig.gate();
  await work();
  return rig.calls.map(({ queue, what }) => `${queue}: ${what}`);
}

async function cleanLaunch(): Promise<string> {
  rig.gate();
  const { uuid } = await rig.launch();
  await rig.pump();
  return uuid;
}
async function cleanDelete(uuid: string): Promise<void> {
  rig.gate();
  await rig.delete(uuid);
  await settle(rig);
  await assertNothingLeft(rig, [uuid]);
}

for (const how of ['refuse', 'lose'] as const) {
  const when = how === 'refuse' ? 'before' : 'right after';
  test(`a launch whose handlers die ${when} any one of their requests still boots once, and its deletion leaves nothing`, { timeout: 600_000 }, async (t) => {
    let first = '';
    const requests = await requestsOf(async () => { first = (await rig.launch()).uuid; await rig.pump(); });
    await cleanDelete(first);
    for (const [i, what] of requests.entries()) {
      await t.test(`${i + 1} ${what}`, async () => {
        rig.gate(crashAt(i + 1, how));
        const { uuid } = await rig.launch();
        await settle(rig);
        rig.gate();
        await assertOneGuest(rig, uuid);
        await cleanDelete(uuid);
      });
    }
  });

  test(`a deletion whose handlers die ${when} any one of their requests leaves nothing`, { timeout: 600_000 }, async (t) => {
    const first = await cleanLaunch();
    const requests = await requestsOf(async () => { await rig.delete(first); await rig.pump(); });
    await assertNothingLeft(rig, [first]);
    for (const [i, what] of requests.entries()) {
      await t.test(`${i + 1} ${what}`, async () => {
        const uuid = await cleanLaunch();
        rig.gate(crashAt(i + 1, how));
        await rig.delete(uuid);
        await settle(rig);
        rig.gate();
        await assertNothingLeft(rig, [uuid]);
      });
    }
    assert.ok(requests.length > 5);
  });
}
