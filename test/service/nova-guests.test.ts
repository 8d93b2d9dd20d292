import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { randomUUID } from 'node:crypto';
import { guestsState } from '../../functions/nova-conductor/guests.ts';
import { computeNodeKey } from '../../shared/objects/compute_node.ts';
import { claimKey } from '../../shared/objects/compute_node.ts';
import { startComputeRig, type ComputeRig } from '../support/compute-rig.ts';
import { assertNothingLeft, settle } from '../support/launch-checks.ts';

let rig: ComputeRig;
before(async () => { rig = await startComputeRig({ hosts: ['host-1'] }); });
after(() => rig.stop());
const agent = () => rig.agents[0]!;
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

/** A heartbeat that has its guests compared, as if the last time were `minutes` ago. */
async function beat({ minutes = 30 } = {}) {
  await rig.nova.update(computeNodeKey('host-1'), { set: { guests_checked_at: ago(120) } });
  for (const sk of ['STRAY#host-1', 'ABSENT#host-1']) for (const uuid of uuids) {
    if (await rig.nova.get({ pk: `SERVER#${uuid}`, sk })) await rig.nova.update({ pk: `SERVER#${uuid}`, sk }, { set: { first_seen: ago(minutes) } });
  }
  agent().beat();
  await rig.pump();
}
const uuids: string[] = [];

test('a guest that belongs to no instance is taken away, once it was seen twice', async () => {
  const uuid = randomUUID();
  uuids.push(uuid);
  agent().guests.set(uuid, 1);
  await beat();
  assert.ok(agent().guests.has(uuid), 'seen once');
  await beat({ minutes: 2 });
  assert.ok(agent().guests.has(uuid), 'seen twice within a moment');
  await beat();
  assert.ok(!agent().guests.has(uuid));
});

test('a guest whose launch or deletion is under way is left alone', async () => {
  const { uuid } = await rig.launch();
  uuids.push(uuid);
  await rig.pump();
  await beat();
  await beat();
  assert.equal((await rig.instance(uuid))?.vm_state, 'active');
  agent().behaviour = () => undefined;
  await rig.delete(uuid);
  await rig.pump();
  await rig.nova.remove(claimKey(uuid)); // as if its deletion had got that far
  const before = (await rig.journal.query({ pk: 'HOST#host-1', prefix: 'COMMAND#' })).length;
  await beat();
  await beat();
  assert.equal((await rig.journal.query({ pk: 'HOST#host-1', prefix: 'COMMAND#' })).length, before);
  agent().behaviour = () => ({ outcome: 'done' });
  await settle(rig);
});

test('a guest whose instance lost its claim stays, and its instance is claimed again', async () => {
  const { uuid } = await rig.launch();
  uuids.push(uuid);
  await rig.pump();
  const lost = (await rig.nova.get(claimKey(uuid)))!;
  await rig.nova.remove(claimKey(uuid));
  await beat();
  assert.equal(await rig.nova.get(claimKey(uuid)), undefined, 'seen once');
  await beat();
  const { host, attempt, vcpus, memory_mb, gsi2pk } = (await rig.nova.get(claimKey(uuid)))!;
  assert.deepEqual({ host, attempt, vcpus, memory_mb, gsi2pk }, { host: lost['host'], attempt: lost['attempt'], vcpus: lost['vcpus'], memory_mb: lost['memory_mb'], gsi2pk: lost['gsi2pk'] });
  assert.ok(agent().guests.has(uuid));
  await rig.delete(uuid);
  await settle(rig);
  await assertNothingLeft(rig, [uuid]);
});

test('an instance whose host does not know its guest any more counts as stopped, once that was so twice', async () => {
  await rig.nova.update(computeNodeKey('host-1'), { set: { vcpus_used: 0, memory_mb_used: 0, local_gb_used: 0, running_vms: 0 } }); // what the test before left
  const { uuid } = await rig.launch();
  uuids.push(uuid);
  await rig.pump();
  await rig.nova.update(claimKey(uuid), { set: { created_at: ago(60) } });
  agent().guests.delete(uuid);
  await beat();
  assert.equal((await rig.instance(uuid))?.vm_state, 'active');
  await beat();
  const { vm_state, power_state, task_state } = (await rig.instance(uuid))!;
  assert.deepEqual([vm_state, power_state, task_state], ['stopped', 0, null]);
  await rig.delete(uuid);
  await settle(rig);
  await assertNothingLeft(rig, [uuid]);
});

test('guests are compared where their number is odd for ten minutes, and once an hour; else a heartbeat costs nothing more', () => {
  const guests = ['a'];
  const checked = { guests_checked_at: ago(5) };
  assert.deepEqual(guestsState({ running_vms: 1, ...checked }, { guests }), { check: false, set: {} });
  assert.equal(guestsState({ running_vms: 1, guests_checked_at: ago(61) }, { guests }).check, true);
  const odd = guestsState({ running_vms: 2, ...checked }, { guests });
  assert.deepEqual([odd.check, typeof odd.set.guests_odd_since], [false, 'string']);
  assert.deepEqual(guestsState({ running_vms: 2, guests_checked_at: ago(15), guests_odd_since: ago(9) }, { guests }), { check: false, set: {} });
  assert.equal(guestsState({ running_vms: 2, guests_checked_at: ago(15), guests_odd_since: ago(11) }, { guests }).check, true);
  assert.deepEqual(guestsState({ running_vms: 1, ...checked, guests_odd_since: ago(11) }, { guests }), { check: false, set: { guests_odd_since: null } });
});
