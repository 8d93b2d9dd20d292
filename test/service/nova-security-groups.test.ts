import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { subjectPartition } from '../../functions/nova-compute/journal.ts';
import { COMMAND_PREFIX, hostPartition, type Command, type CommandItem, type GroupMembers, type SpawnArgs } from '../../shared/agent/command.ts';
import { CommandDone } from '../../shared/agent/report.ts';
import { validator } from '../../shared/http/validate.ts';
import { serviceContext } from '../../shared/identity/service-context.ts';
import { cast } from '../../shared/rpc/send.ts';
import { novaCompute } from '../../shared/rpc/topics/nova-compute.ts';
import { commandIn, startComputeRig, type ComputeRig } from '../support/compute-rig.ts';
import { assertNothingLeft, settle } from '../support/launch-checks.ts';
import { groupId } from '../support/stand-ins.ts';

/*
 * Which hosts are told who is in a security group, and how often.
 */

let rig: ComputeRig;
before(async () => { rig = await startComputeRig({ hosts: ['host-1', 'host-2'] }); });
after(() => rig.stop());
const refresh = (security_group_id: string, host?: string) => cast(novaCompute.methods.refresh_security_group, { security_group_id, ...(host && { host }) }, { context: serviceContext('test') });
const commands = async (host: string) => (await rig.journal.query<CommandItem & Record<string, unknown>>({ pk: hostPartition(host), prefix: COMMAND_PREFIX })).map(commandIn);

/** What hosts are told from here on, as `HOST: addresses`; `kept`: whether they have a port whose rules name the group. */
function hears({ kept = true }: { kept?: boolean } = {}): { heard: string[]; take: () => string[] } {
  const heard: string[] = [];
  for (const agent of rig.agents) agent.behaviour = (command) => {
    if (command.kind === 'refresh_security_group') heard.push(`${agent.host}: ${(command.args as GroupMembers).addresses.join(' ')}`);
    return { outcome: 'done', ...(command.kind === 'refresh_security_group' && { details: { kept } }) };
  };
  return { heard, take: () => heard.splice(0).sort() };
}
const told = async (security_group_id: string, host?: string) => {
  await refresh(security_group_id, host);
  await rig.pump();
};

test('each host that has to know a group is told once who is in it, and again only when that changed', async () => {
  const group = randomUUID();
  const { take } = hears();
  rig.world.members = { addresses: ['10.0.0.1', '10.0.0.2'], hosts: ['host-1', 'host-2'] };
  await refresh(group);
  await told(group);
  assert.deepEqual(take(), ['host-1: 10.0.0.1 10.0.0.2', 'host-2: 10.0.0.1 10.0.0.2']);
  rig.world.members = { addresses: ['10.0.0.2'], hosts: ['host-1', 'host-2'] };
  await told(group);
  await told(group);
  assert.deepEqual(take(), ['host-1: 10.0.0.2', 'host-2: 10.0.0.2']);
  assert.deepEqual([await commands('host-1'), await commands('host-2')], [[], []]);
  rig.world.members = undefined;
  await told(group); // it was deleted
  assert.deepEqual(take(), []);
});

test('a large group\'s members are a third of their size for a host whose agent reads bytes', async () => {
  const { enrolmentKey, enrolmentOf } = await import('../../functions/nova-compute/host/enrolment.ts');
  const group = randomUUID();
  const agent = rig.agents[0]!;
  agent.behaviour = () => undefined; // so that the command is still there
  const addresses = Array.from({ length: 200 }, (_, i) => `10.77.${(i * 37) % 256}.${(i * 101) % 256}`).sort();
  rig.world.members = { addresses, hosts: [agent.host] };
  await rig.journal.change(enrolmentKey(agent.host), { set: { reads_compressed: true } });
  await enrolmentOf(agent.host, { afresh: true });
  await told(group);
  const [item] = await rig.journal.query<CommandItem & Record<string, unknown>>({ pk: hostPartition(agent.host), prefix: COMMAND_PREFIX });
  assert.ok(item!.command instanceof Uint8Array && item!.command.length < JSON.stringify(addresses).length / 3, `${(item!.command as Uint8Array).length} bytes`);
  assert.deepEqual((commandIn(item!).args as GroupMembers).addresses, addresses);
  const { take } = hears();
  agent.rung();
  await rig.pump();
  assert.equal(take().length, 1);
});

test('a host that does not know a group is told whatever it was told before, where neutron finds that it has to know', async () => {
  const group = randomUUID();
  const { take } = hears();
  rig.world.members = { addresses: ['10.0.0.1'], hosts: ['host-1'] };
  await told(group);
  await told(group, 'host-1');
  assert.deepEqual(take(), ['host-1: 10.0.0.1', 'host-1: 10.0.0.1']);
  await told(group, 'host-2');
  assert.deepEqual(take(), []);
});

test('a host that still has a port which neutron has no more hears what changes, until it says that it has none', async () => {
  const group = randomUUID();
  const { take } = hears();
  rig.world.members = { addresses: ['10.0.0.1'], hosts: ['host-1'] };
  await told(group);
  rig.world.members = { addresses: ['10.0.0.2'], hosts: [] };
  await told(group);
  assert.deepEqual(take(), ['host-1: 10.0.0.1', 'host-1: 10.0.0.2']);
  const gone = hears({ kept: false });
  rig.world.members = { addresses: ['10.0.0.3'], hosts: [] };
  await told(group);
  rig.world.members = { addresses: ['10.0.0.4'], hosts: [] };
  await told(group);
  assert.deepEqual(gone.take(), ['host-1: 10.0.0.3']);

  const away = randomUUID();
  const key = { pk: subjectPartition(away), sk: 'MEMBERS#host-1' };
  rig.world.members = { addresses: ['10.0.0.1'], hosts: ['host-1'] };
  const again = hears();
  await told(away);
  await rig.journal.update(key, { set: { absent_since: '2026-01-01T00:00:00.000Z' } });
  rig.world.members = { addresses: ['10.0.0.2'], hosts: [] };
  await told(away);
  assert.deepEqual(again.take(), ['host-1: 10.0.0.1'], 'one that never says so is told no more after a week');
});

test('of many changes of a group that a host has not taken yet the last one is left, whatever the order of their messages', async () => {
  const group = randomUUID();
  for (const agent of rig.agents) agent.behaviour = () => undefined;
  for (let i = 1; i <= 4; i++) {
    rig.world.members = { addresses: [`10.0.0.${i}`], hosts: ['host-1'] };
    await told(group);
  }
  rig.world.asOf = [new Date(Date.now() - 60_000).toISOString()]; // an answer that was long under way
  rig.world.members = { addresses: ['10.0.0.99'], hosts: ['host-1'] };
  await told(group);
  assert.deepEqual((await commands('host-1')).map(({ args }) => (args as GroupMembers).addresses), [['10.0.0.4']]);
  hears();
  await settle(rig);
  assert.deepEqual(await commands('host-1'), []);
});

test('what a host could not do with a group is asked of it again, with what is right by then', async () => {
  const group = randomUUID();
  const addresses: string[][] = [];
  rig.world.members = { addresses: ['10.0.0.1'], hosts: ['host-1'] };
  for (const agent of rig.agents) agent.behaviour = (command) => {
    addresses.push((command.args as GroupMembers).addresses);
    rig.world.members = { addresses: ['10.0.0.2'], hosts: ['host-1'] };
    return addresses.length < 2 ? { outcome: 'failed', reason: 'nft is busy' } : { outcome: 'done', details: { kept: true } };
  };
  await told(group);
  assert.deepEqual(addresses, [['10.0.0.1'], ['10.0.0.2']]);
});

/** A launch whose host then says that it does not know a group. */
async function launchUnknown(group: string): Promise<{ uuid: string; done: Command[] }> {
  const done: Command[] = [];
  for (const agent of rig.agents) agent.behaviour = (command) => {
    done.push(command);
    return { outcome: 'done', ...(command.kind === 'spawn' && { unknown_groups: [group] }) };
  };
  rig.world.members = { addresses: ['10.0.0.1'], hosts: ['host-1', 'host-2'] };
  const { uuid } = await rig.launch();
  return { uuid, done };
}
async function gone(uuid: string) {
  hears();
  await rig.delete(uuid);
  await settle(rig);
  await assertNothingLeft(rig, [uuid]);
}

test('a launch whose host does not know a group brings it there, also where its report comes twice', async () => {
  const { uuid, done } = await launchUnknown(groupId);
  await rig.pump({ times: 2 });
  const [spawn, ...more] = done;
  assert.equal(spawn!.kind, 'spawn');
  assert.ok(more.length >= 1 && more.every(({ kind, subject }) => kind === 'refresh_security_group' && subject === groupId), JSON.stringify(more));
  assert.equal((await rig.instance(uuid))?.vm_state, 'active');
  await gone(uuid);
});

test('what a host does not know is not forgotten where its report is handled half', async () => {
  for (let at = 1, crashed = true; crashed; at++) {
    const { uuid, done } = await launchUnknown(randomUUID());
    await rig.pump({ until: () => done.length > 0 });
    let requests = 0, dying: number | undefined;
    rig.gate(({ queue, delivery }) => {
      if (queue !== 'host-reports') return 'pass';
      if (++requests === at) dying = delivery;
      return dying === delivery ? 'refuse' : 'pass';
    });
    await rig.pump();
    rig.gate();
    await settle(rig);
    assert.ok(done.some(({ kind }) => kind === 'refresh_security_group'), `crash at request ${at}`);
    await gone(uuid);
    crashed = dying !== undefined;
  }
});

test('a launch into a group that nobody else is in brings its members along', async () => {
  rig.world.rules = [{ direction: 'ingress', ethertype: 'IPv4', protocol: null, port_range_min: null, port_range_max: null, remote_ip_prefix: null, remote_group_id: groupId }];
  rig.world.asOf = ['2026-01-01T00:00:10.000Z'];
  rig.world.alone = [{ security_group_id: groupId, addresses: ['10.0.0.1'] }];
  const spawned: SpawnArgs[] = [];
  for (const agent of rig.agents) agent.behaviour = (command) => {
    if (command.kind === 'spawn') spawned.push(command.args);
    return { outcome: 'done' };
  };
  const { uuid } = await rig.launch();
  await rig.pump();
  assert.deepEqual(spawned[0]?.vifs[0]?.group_members, [{ security_group_id: groupId, as_of: '2026-01-01T00:00:10.000Z', addresses: ['10.0.0.1'] }]);
  rig.world.alone = [];
  rig.world.rules = [];
  await gone(uuid);
});

test('a report that names what is no group, or too many, is not heard', () => {
  const valid = (unknown_groups: string[]) => validator(CommandDone)({ command_id: 'x', kind: 'spawn', subject: randomUUID(), attempt: 1, outcome: 'done', started_at: '', finished_at: '', unknown_groups });
  assert.deepEqual([[randomUUID()], ['../ports'], [randomUUID().toUpperCase()], Array.from({ length: 33 }, () => randomUUID())].map(valid), [true, false, false, false]);
});

test('a group that is larger than hosts can be told of leaves them as they are, and the others be told', async () => {
  const group = randomUUID();
  const { take } = hears();
  rig.world.members = { addresses: Array.from({ length: 40_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`), hosts: ['host-1'] };
  await told(group);
  assert.deepEqual(take(), []);
  await told(group, 'host-1'); // it knows of nobody: asking again would bring it no further
  assert.deepEqual(take(), ['host-1: ']);
  rig.world.members = { addresses: Array.from({ length: 20_000 }, (_, i) => `10.100.${(i >> 8) & 255}.${i & 255}`), hosts: ['host-1'] };
  await told(group);
  assert.equal(take()[0]?.split(' ').length, 20_001);
});
