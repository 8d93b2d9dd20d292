import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { GroupMembers, Vif } from '../../../shared/agent/command.ts';
import { eventually } from '../../support/eventually.ts';
import { command, spawnArgs, startAgentRig, vif, type AgentRig } from './agent-rig.ts';

/*
 * What a host remembers of security groups, and what it says that it does not know.
 */

let rig: AgentRig;
before(async () => {
  rig = await startAgentRig();
  await rig.start();
});
after(() => rig.stop());

const naming = (group: string, more: Partial<Vif> = {}): Vif => ({
  ...vif(randomUUID()), security_rules: [{ direction: 'ingress', ethertype: 'IPv4', protocol: null, port_range_min: null, port_range_max: null, remote_ip_prefix: null, remote_group_id: group }], ...more,
});
const begun = Date.now() - 60_000;
const at = (second: number) => new Date(begun + second * 1000).toISOString();
const members = (security_group_id: string, second: number, ...addresses: string[]): GroupMembers => ({ security_group_id, as_of: at(second), addresses });
const tell = async (told: GroupMembers) => (await rig.do(command('refresh_security_group', told))).details?.['kept'];
const launch = async (...vifs: Vif[]) => {
  const uuid = randomUUID();
  const { outcome, unknown_groups } = await rig.do(command('spawn', spawnArgs(uuid, { vifs })));
  assert.equal(outcome, 'done');
  return { uuid, unknown_groups };
};
const destroy = (uuid: string) => rig.do(command('destroy', { instance_uuid: uuid }));
const fileOf = (group: string) => join(rig.stateDir(), 'fake/security-groups', `${group}.json`);
const known = (group: string): string[] | undefined => JSON.parse(readFileSync(fileOf(group), 'utf8')).addresses;

test('a host asks for a group that it does not know, once it is told asks no more, and forgets it with the last port whose rules name it', async () => {
  const group = randomUUID();
  const one = await launch(naming(group), naming(group));
  assert.deepEqual(one.unknown_groups, [group]);
  const told = await rig.do(command('refresh_security_group', members(group, 1, '10.0.0.1', '10.1.0.0/16')));
  assert.deepEqual([told.details, told.unknown_groups], [{ kept: true }, undefined]);
  const two = await launch(naming(group));
  assert.deepEqual([two.unknown_groups, known(group)], [undefined, ['10.0.0.1', '10.1.0.0/16']]);
  assert.equal(await tell(members(group, 3, '10.0.0.2')), true);
  await tell(members(group, 2, '10.0.0.1')); // late
  await rig.kill();
  await rig.start();
  await destroy(one.uuid);
  assert.deepEqual(known(group), ['10.0.0.2']);
  await destroy(two.uuid);
  assert.equal(known(group), undefined);
  assert.equal(await tell(members(group, 4, '10.0.0.3')), false);
  const three = await launch(naming(group));
  assert.deepEqual(three.unknown_groups, [group]);
  await destroy(three.uuid);
});

test('what a host was told of a group a thousand times is remembered once', async () => {
  const group = randomUUID();
  const { uuid } = await launch(naming(group));
  for (let second = 1; second <= 5; second++) assert.equal(await tell(members(group, second, `10.0.0.${second}`)), true);
  await rig.settle();
  await eventually(async () => {
    await rig.ring();
    assert.deepEqual(rig.record(group).commands, {});
  });
  assert.deepEqual(known(group), ['10.0.0.5']);
  assert.equal(Object.keys(rig.record(uuid).commands).length, 1);
  await destroy(uuid);
});

test('members that come with a launch count, unless the host heard something newer meanwhile', async () => {
  const group = randomUUID();
  const alone = await launch(naming(group, { group_members: [members(group, 1, '10.0.0.1')] }));
  assert.deepEqual([alone.unknown_groups, known(group)], [undefined, ['10.0.0.1']]);
  assert.ok(!JSON.stringify(rig.guest(alone.uuid)!.vifs).includes('group_members'), 'a guest\'s record is no second place for it');
  await destroy(alone.uuid);
  const again = await launch(naming(group, { group_members: [members(group, 2, '10.0.0.2')] }));
  assert.deepEqual(known(group), ['10.0.0.2']);
  await destroy(again.uuid);

  assert.equal(await tell(members(group, 4, '10.0.0.2', '10.0.0.4')), false);
  await rig.kill();
  await rig.start();
  const slow = await launch(naming(group, { group_members: [members(group, 3, '10.0.0.2')] }));
  assert.deepEqual([slow.unknown_groups, known(group)], [[group], undefined]);
  assert.equal(await tell(members(group, 5, '10.0.0.2', '10.0.0.4')), true);
});

test('a host that lost what it knew says so with the next thing that it does, and again until it is told', async () => {
  const groups: string[] = Array.from({ length: 40 }, () => randomUUID());
  const { uuid, unknown_groups = [] } = await launch(...groups.map((group) => naming(group)));
  assert.equal(unknown_groups.length, 32, 'as many as a report holds');
  for (const group of groups.slice(0, 39)) await rig.ask(command('refresh_security_group', members(group, 1)));
  const last = await rig.do(command('refresh_security_group', members(groups[39]!, 1)));
  assert.equal(last.outcome, 'done');
  assert.equal((await rig.do(command('pause', { instance_uuid: uuid }))).unknown_groups?.some((group) => groups.includes(group)) ?? false, false);
  await rig.kill();
  rmSync(fileOf(groups[7]!));
  await rig.start();
  assert.ok((await rig.do(command('unpause', { instance_uuid: uuid }))).unknown_groups?.includes(groups[7]!));
  await destroy(uuid);
});

test('a port whose rules change names other groups: what it no longer names is forgotten, what it names now is asked for', async () => {
  const [before_, now] = [randomUUID(), randomUUID()];
  const port = naming(before_, { group_members: [members(before_, 1, '10.0.0.1')] });
  const { uuid } = await launch(port);
  const { group_members: _told, ...rest } = port;
  const { unknown_groups } = await rig.do(command('refresh_interface', { instance_uuid: uuid, vif: { ...rest, security_rules: naming(now).security_rules } }));
  assert.ok(unknown_groups?.includes(now) && !unknown_groups.includes(before_));
  assert.equal(known(before_), undefined);
  assert.equal(await tell({ ...members(before_, 9) }), false);
  assert.equal(await tell({ ...members(now, 1) }), true);
});
