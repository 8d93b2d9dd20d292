import assert from 'node:assert/strict';
import { COMMAND_PREFIX, hostPartition } from '../../shared/agent/command.ts';
import { claimKey } from '../../shared/objects/compute_node.ts';
import { dueInstances } from '../../shared/objects/instance.ts';
import { inFlight as beingBuilt, subjectPartition } from '../../functions/nova-compute/journal.ts';
import { project, type Call, type ComputeRig, type Verdict } from './compute-rig.ts';

/** Lets the sweepers do what only time brings about, until nothing is in flight any more. */
export async function settle(rig: ComputeRig, { rounds = 8, seconds = 200 } = {}): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await rig.pump();
    const open = await inFlight(rig);
    if (open.length === 0) return;
    await rig.passTime(seconds);
    await rig.sweep('nova-compute');
    await rig.pump();
    await rig.sweep('nova-conductor');
  }
  await rig.pump();
  assert.deepEqual(await inFlight(rig), [], 'still in flight after all rounds of the sweepers');
}

export async function inFlight({ journal, nova }: ComputeRig): Promise<string[]> {
  const found = [...(await journal.due(beingBuilt.current, 1000, '~')), ...(await nova.due(dueInstances.current, 1000, '~'))];
  return found.map((item) => `${item['pk']}/${item['sk']} ${item['state'] ?? item['vm_state'] ?? ''} ${item['task_state'] ?? ''}`);
}

/** Nothing of these instances is anywhere: no claim, port, attachment, volume, command, guest; nothing in use of hosts and quota. */
export async function assertNothingLeft(rig: ComputeRig, uuids: string[]): Promise<void> {
  const { world, nova, journal, agents } = rig;
  for (const uuid of uuids) {
    assert.equal((await rig.instance(uuid))?.vm_state, 'deleted', 'the instance is gone');
    assert.equal(await nova.get(claimKey(uuid)), undefined, 'no claim');
    const journaled = await journal.query<any>({ pk: subjectPartition(uuid) });
    for (const record of journaled) {
      assert.notEqual(record.kind, 'command', `no command waits: ${record.sk}`);
      assert.ok(record.expires_at, `${record.sk} is forgotten one day`);
      assert.equal(record.context, undefined, `${record.sk} keeps no token`);
    }
  }
  assert.deepEqual([...world.ports.values()], [], 'no port');
  assert.deepEqual([...world.attachments.values()], [], 'no attachment');
  assert.deepEqual([...world.volumes.values()].filter(({ kept }) => !kept), [], 'no volume made by a launch');
  for (const agent of agents) {
    assert.deepEqual([...agent.guests.keys()], [], `no guest on ${agent.host}`);
    assert.deepEqual(await journal.query({ pk: hostPartition(agent.host), prefix: COMMAND_PREFIX }), [], `no command for ${agent.host}`);
    const { vcpus_used, memory_mb_used, local_gb_used, running_vms } = (await rig.node(agent.host))!;
    assert.deepEqual({ vcpus_used, memory_mb_used, local_gb_used, running_vms }, { vcpus_used: 0, memory_mb_used: 0, local_gb_used: 0, running_vms: 0 }, `nothing in use on ${agent.host}`);
  }
  await recounted(rig);
  const { instances = 0, cores = 0, ram = 0 } = (await rig.quota()) ?? {};
  assert.deepEqual({ instances, cores, ram }, { instances: 0, cores: 0, ram: 0 }, 'no quota in use');
}

/** A recount that a repeated message asked for is made now. */
async function recounted(rig: ComputeRig): Promise<void> {
  if (!(await rig.quota())?.due_at) return;
  await rig.passTime(600);
  await rig.sweep('nova-conductor');
}

/** The handler at work dies at its request number `at` (of all that a clean run makes): before it is done, or after. */
export function crashAt(at: number, how: 'refuse' | 'lose'): (call: Call) => Verdict {
  let dying: number | undefined;
  return ({ number, delivery }) => {
    if (number === at) {
      dying = delivery;
      return how;
    }
    return dying === delivery ? 'refuse' : 'pass';
  };
}

/** Exactly one guest, where its instance says it is. */
export async function assertOneGuest(rig: ComputeRig, uuid: string): Promise<void> {
  const instance = await rig.instance(uuid);
  assert.equal(instance?.vm_state, 'active', JSON.stringify(instance?.fault));
  assert.equal(instance.task_state, null);
  assert.deepEqual(rig.agents.filter(({ guests }) => guests.has(uuid)).map(({ host }) => host), [instance.host], 'one guest, on the instance\'s host');
  assert.equal(instance.interfaces.length, 1);
  assert.deepEqual([...rig.world.ports.values()].filter(({ device_id }) => device_id === uuid).map(({ id }) => id), instance.interfaces.map(({ port_id }) => port_id), 'its port and no other');
  assert.equal((await rig.quota())?.instances, 1);
}

export { project };
