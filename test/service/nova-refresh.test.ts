import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { subjectPartition } from '../../functions/nova-compute/journal.ts';
import { COMMAND_PREFIX, hostPartition, type Command, type CommandItem, type Vif } from '../../shared/agent/command.ts';
import { serviceContext } from '../../shared/identity/service-context.ts';
import type { Instance } from '../../shared/objects/instance.ts';
import { cast } from '../../shared/rpc/send.ts';
import { novaCompute } from '../../shared/rpc/topics/nova-compute.ts';
import { commandIn, networkId, project, startComputeRig, type ComputeRig } from '../support/compute-rig.ts';
import { assertNothingLeft, settle } from '../support/launch-checks.ts';

/*
 * What running guests are told: rules of their interfaces, their metadata.
 */

let rig: ComputeRig;
before(async () => { rig = await startComputeRig({ hosts: ['host-1'] }); });
after(() => rig.stop());
const context = serviceContext('test');
const rule = (port: number) => ({ direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', port_range_min: port, port_range_max: port, remote_ip_prefix: null, remote_group_id: null });
const agent = () => rig.agents[0]!;
const commands = async () => (await rig.journal.query<CommandItem & Record<string, unknown>>({ pk: hostPartition('host-1'), prefix: COMMAND_PREFIX })).map(commandIn);
const refresh = (...port_ids: string[]) => cast(novaCompute.methods.refresh_interfaces, { port_ids }, { context });
const portsOf = (vif: Vif) => vif.security_rules.map(({ port_range_min }) => port_range_min);

async function running(): Promise<{ uuid: string; port: string; done: Command[] }> {
  const { uuid } = await rig.launch();
  await rig.pump();
  const instance = (await rig.instance(uuid))!;
  assert.equal(instance.vm_state, 'active', JSON.stringify(instance.fault));
  const done: Command[] = [];
  agent().behaviour = (command) => {
    done.push(command);
    return { outcome: 'done' };
  };
  return { uuid, port: instance.interfaces[0]!.port_id, done };
}
async function gone(uuid: string) {
  agent().behaviour = () => ({ outcome: 'done' });
  await rig.delete(uuid);
  await settle(rig);
  await assertNothingLeft(rig, [uuid]);
}

test('a rule that changed is with the host as the whole interface; nothing new is not told again', async () => {
  rig.world.rules = [rule(22)];
  const { uuid, port, done } = await running();
  await refresh(port, randomUUID());
  await rig.pump();
  assert.equal(done.length, 0, 'the guest began with these rules');
  rig.world.rules = [rule(22), rule(80)];
  await refresh(port);
  await refresh(port);
  await rig.pump();
  assert.deepEqual(done.map(({ kind, subject }) => [kind, subject]), [['refresh_interface', uuid]]);
  const { vif } = done[0]!.args as { vif: Vif };
  assert.deepEqual([vif.port_id, vif.network_name, vif.fixed_ips.length, portsOf(vif)], [port, 'private', 1, [22, 80]]);
  assert.deepEqual(await commands(), []);
  await gone(uuid);
});

test('of many changes that a host has not taken yet the last one is left, whatever the order of their messages', async () => {
  rig.world.rules = [];
  const { uuid, port, done } = await running();
  agent().behaviour = () => undefined;
  for (let i = 1; i <= 5; i++) {
    rig.world.rules = [rule(i)];
    await refresh(port);
    await rig.pump();
  }
  rig.world.asOf = [new Date(Date.now() - 60_000).toISOString()]; // an answer that was long under way
  rig.world.rules = [rule(99)];
  await refresh(port);
  await rig.pump();
  assert.deepEqual((await commands()).map(({ args }) => portsOf((args as unknown as { vif: Vif }).vif)), [[5]]);
  assert.equal(done.length, 0);
  await gone(uuid);
});

test('a rule that changes while the guest is being made is not lost', async () => {
  const port = randomUUID();
  rig.world.ports.set(port, { id: port, network_id: networkId, device_id: '', device_owner: '', mac_address: 'fa:16:3e:00:11:22', fixed_ips: [], security_groups: [], project_id: project });
  const spawned: Command[] = [];
  agent().behaviour = (command) => {
    spawned.push(command);
    return { outcome: 'done' };
  };
  const { uuid } = await rig.launch({ requested_networks: [{ port_id: port, network_id: networkId }] });
  // the launch has the port's state of ten past; by now somebody has asked for a newer one
  rig.world.asOf = ['2026-01-01T00:00:10.000Z'];
  await rig.journal.put({ pk: subjectPartition(uuid), sk: `INTERFACE#${port}`, kind: 'interface', as_of: '2026-01-01T00:00:20.000Z', digest: 'other', expires_at: Math.floor(Date.now() / 1000) + 1000 });
  await rig.pump();
  assert.equal((await rig.instance(uuid))?.vm_state, 'active');
  assert.equal(spawned.length, 1);
  assert.equal([...rig.world.ports.values()].length, 1);
  await gone(uuid).catch((error: Error) => assert.match(error.message, /no port/)); // the user's own stays
  assert.equal(rig.world.ports.get(port)?.device_id, '');
  rig.world.ports.clear();
});

test('what a host could not do is asked for again, a few times', async () => {
  rig.world.rules = [];
  const { uuid, port } = await running();
  let asked = 0;
  agent().behaviour = () => (++asked < 2 ? { outcome: 'failed', reason: 'nft is busy' } : { outcome: 'done' });
  rig.world.rules = [rule(7)];
  await refresh(port);
  await rig.pump();
  assert.equal(asked, 2);
  await gone(uuid);
});

test('an instance that is being deleted is told nothing more', async () => {
  rig.world.rules = [];
  const { uuid, port } = await running();
  agent().behaviour = () => undefined;
  await rig.delete(uuid);
  await rig.pump();
  rig.world.rules = [rule(1)];
  await refresh(port);
  await rig.pump();
  assert.deepEqual((await commands()).map(({ kind }) => kind), ['destroy']);
  agent().behaviour = () => ({ outcome: 'done' });
  await settle(rig);
  await assertNothingLeft(rig, [uuid]);
});

test('metadata that changed is with the host; an older message changes nothing', async () => {
  const { uuid, done } = await running();
  const tell = (revision: number, metadata: Record<string, string>) =>
    cast(novaCompute.methods.refresh_metadata, { instance_uuid: uuid, project_id: project, host: 'host-1', name: 'vm', metadata, revision }, { context });
  await tell(2, { role: 'web' });
  await rig.pump();
  await tell(1, { role: 'old' });
  await tell(2, { role: 'web' });
  await rig.pump();
  assert.deepEqual(done.map(({ kind, args }) => [kind, args]), [['refresh_metadata', { instance_uuid: uuid, name: 'vm', metadata: { role: 'web' } }]]);
  const { task_state, vm_state } = (await rig.instance(uuid)) as Instance;
  assert.deepEqual([task_state, vm_state], [null, 'active']);
  await gone(uuid);
});
