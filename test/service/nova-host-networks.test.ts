import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startComputeRig, type ComputeRig } from '../support/compute-rig.ts';
import { assertNothingLeft, settle } from '../support/launch-checks.ts';

let rig: ComputeRig;
before(async () => {
  rig = await startComputeRig();
  for (const agent of rig.agents) agent.beat({ traits: ['CUSTOM_HOST_LOCAL_NETWORKS'] });
  await rig.pump();
});
after(() => rig.stop());
const refusal = { method: 'POST', path: /\/ports$/, status: 409, type: 'NetworkOnOtherHost', message: 'Network private is on host host-9 and does not reach this host yet.' };

test('neutron knows of each port whether its host keeps networks to itself', async () => {
  const { uuid } = await rig.launch();
  await rig.pump();
  const instance = (await rig.instance(uuid))!;
  assert.deepEqual([instance.vm_state, instance.host_local_networks], ['active', true]);
  assert.deepEqual([...rig.world.ports.values()].map((port) => port['binding:profile']), [{ host_local_network: true }]);
  await rig.delete(uuid);
  await settle(rig);
  await assertNothingLeft(rig, [uuid]);
});

test('the second launch on a network lands where the first one is', async () => {
  for (const host of ['host-1', 'host-2', 'host-1']) {
    const { uuid } = await rig.launch({ network_hosts: [{ network: 'private', host }] });
    await rig.pump();
    assert.equal((await rig.instance(uuid))?.host, host);
    await rig.delete(uuid);
    await settle(rig);
  }
});

test('two first launches at once: the one that came too late is tried on the other host', async () => {
  rig.world.refusals.push(refusal);
  const { uuid } = await rig.launch();
  await rig.pump({ see: ({ body }) => { if (body.includes('"method":"build_failed"')) rig.world.refusals.length = 0; } });
  const instance = (await rig.instance(uuid))!;
  assert.deepEqual([instance.vm_state, instance.attempt], ['active', 2]);
  await rig.delete(uuid);
  await settle(rig);
  await assertNothingLeft(rig, [uuid]);
});

test('a launch that no host reaches its network from says so in words', async () => {
  rig.world.refusals.push(refusal);
  const { uuid } = await rig.launch();
  await rig.pump();
  rig.world.refusals.length = 0;
  const instance = (await rig.instance(uuid))!;
  assert.equal(instance.vm_state, 'error');
  assert.ok(instance.fault?.message.endsWith(refusal.message), instance.fault?.message);
  const full = await rig.launch({ network_hosts: [{ network: 'private', host: 'host-9' }] });
  await rig.pump();
  const { vm_state, fault } = (await rig.instance(full.uuid))!;
  assert.deepEqual([vm_state, fault?.message], ['error', 'No valid host was found. There are not enough hosts available. Network private is on host host-9 and does not reach other hosts yet.']);
  for (const each of [uuid, full.uuid]) await rig.delete(each);
  await settle(rig);
  await assertNothingLeft(rig, [uuid, full.uuid]);
});
