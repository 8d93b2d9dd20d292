import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startComputeRig, type Call, type ComputeRig, type Verdict } from '../support/compute-rig.ts';
import { assertNothingLeft, settle } from '../support/launch-checks.ts';

/* The local engines are kinder than AWS. Here requests are throttled, collide, are lost on the way, and indexes lag; by chance, from a seed. */

let rig: ComputeRig;
before(async () => { rig = await startComputeRig({ hosts: ['host-1', 'host-2', 'host-3'] }); });
after(() => rig.stop());

const SEEDS = [1, 2, 3, 4];

function chance(seed: number): () => number {
  let state = seed * 2654435761;
  return () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
}

/** One request in eight is not what it should be. */
const unkind = (random: () => number) => ({ what, ofIndex }: Call): Verdict => {
  if (ofIndex && random() < 0.3) return 'lag';
  const dice = random();
  if (dice < 0.06) return 'throttle';
  if (dice < 0.1) return 'collide';
  if (dice < 0.115 && !/SendMessage(Batch)?$/.test(what)) return 'lose';
  if (dice < 0.125) return 'refuse';
  return 'pass';
};

for (const seed of SEEDS) {
  test(`on an unkind day (${seed}) every server comes up or says why not, and nothing is left when they are gone`, { timeout: 300_000 }, async () => {
    const random = chance(seed);
    const pick = (messages: unknown[]) => Math.floor(random() * messages.length);
    const servers = [];
    for (let i = 0; i < 4; i++) servers.push(await rig.launch());
    rig.gate(unkind(random));
    await rig.pump({ times: 2, pick });
    rig.gate();
    await settle(rig);
    for (const { uuid } of servers) {
      const instance = (await rig.instance(uuid))!;
      assert.ok(instance.vm_state === 'active' || (instance.vm_state === 'error' && instance.fault), `${instance.vm_state} ${instance.task_state}`);
      assert.ok(rig.agents.filter(({ guests }) => guests.has(uuid)).length <= 1, 'never two guests');
    }
    for (const { uuid } of servers) await rig.delete(uuid);
    rig.gate(unkind(random));
    await rig.pump({ times: 2, pick });
    rig.gate();
    await settle(rig);
    await assertNothingLeft(rig, servers.map(({ uuid }) => uuid));
  });
}
