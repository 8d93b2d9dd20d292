import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '../../../shared/agent/command.ts';
import { eventually } from '../../support/eventually.ts';
import { command, spawnArgs, startAgentRig, type AgentRig } from './agent-rig.ts';

let rig: AgentRig;
before(async () => {
  rig = await startAgentRig();
  await rig.start();
});
after(() => rig.stop());

const reportsOf = (wanted: Command) => rig.reports.filter(({ command_id }) => command_id === wanted.id);
const guestFile = (uuid: string) => join(rig.stateDir(), 'fake/guests', `${uuid}.json`);

test('a command that was asked for while no agent ran is done at its start, without a ring', async () => {
  await rig.kill();
  const spawn = command('spawn', spawnArgs(randomUUID()));
  await rig.ask(spawn);
  await rig.start();
  assert.equal((await rig.reported(spawn)).outcome, 'done');
});

/** An agent that was killed between two of its writes: what was written after that moment is taken back. */
const moments: { name: string; takeBack: (uuid: string, id: string) => void }[] = [
  { name: 'after it had begun', takeBack: (uuid, id) => (rmSync(guestFile(uuid)), rig.changeRecord(uuid, (record) => (delete record.spawned, delete record.commands[id]!.report))) },
  { name: 'after the guest was up', takeBack: (uuid, id) => rig.changeRecord(uuid, (record) => (delete record.spawned, delete record.commands[id]!.report)) },
  { name: 'before the report was sent', takeBack: (uuid, id) => rig.changeRecord(uuid, (record) => delete record.commands[id]!.sent_at) },
];
for (const { name, takeBack } of moments) {
  test(`a launch whose agent was killed ${name} ends with one guest and its report`, async () => {
    const uuid = randomUUID();
    const spawn = command('spawn', spawnArgs(uuid));
    await rig.do(spawn);
    await eventually(async () => assert.ok(rig.record(uuid).commands[spawn.id]!.sent_at));
    await rig.kill();
    takeBack(uuid, spawn.id);
    await rig.start();
    await eventually(async () => {
      await rig.collect();
      assert.deepEqual(reportsOf(spawn).map(({ outcome }) => outcome), ['done', 'done']);
    });
    assert.equal(rig.guest(uuid)!.console.match(/nothing boots here/g)!.length, 1);
  });
}

test('a reboot that had happened when the agent was killed does not happen again', async () => {
  const uuid = randomUUID();
  await rig.do(command('spawn', spawnArgs(uuid)));
  const reboot = command('reboot', { instance_uuid: uuid, type: 'HARD' });
  await rig.do(reboot);
  await rig.kill();
  rig.changeRecord(uuid, (record) => delete record.commands[reboot.id]!.report);
  await rig.start();
  await eventually(async () => {
    await rig.collect();
    assert.equal(reportsOf(reboot).length, 2);
  });
  assert.equal(rig.guest(uuid)!.console.match(/was reset/g)!.length, 1);
});

test('a launch that nobody asks for any more when the killed agent comes back is taken away', async () => {
  const uuid = randomUUID();
  const spawn = command('spawn', spawnArgs(uuid));
  await rig.do(spawn);
  await rig.kill();
  rig.changeRecord(uuid, (record) => (delete record.spawned, delete record.commands[spawn.id]!.report));
  await rig.settle();
  await rig.start();
  await eventually(async () => assert.equal(rig.guest(uuid), undefined));
});

test('what was in flight when the agent was killed again and again happened once and was reported', async () => {
  const servers = Array.from({ length: 12 }, () => randomUUID());
  const commands = servers.flatMap((instance_uuid) => [
    command('spawn', spawnArgs(instance_uuid)), command('reboot', { instance_uuid, type: 'HARD' }), command('stop', { instance_uuid, timeout: 1 }), command('start', { instance_uuid }),
  ]);
  await rig.kill();
  await rig.ask(commands);
  for (let round = 0; round < 8; round++) {
    await rig.start();
    await sleep(round * 15);
    await rig.kill();
  }
  await rig.start();
  await eventually(async () => {
    const reports = await rig.collect();
    for (const each of commands) assert.ok(reports.some(({ command_id }) => command_id === each.id), `${each.kind} was never reported`);
  });
  for (const uuid of servers) {
    const text = rig.guest(uuid)!.console;
    assert.deepEqual([/nothing boots here/g, /was reset/g, /was stopped/g, /was started/g].map((line) => text.match(line)?.length), [1, 1, 1, 1]);
  }
  for (const each of commands) assert.deepEqual([...new Set(reportsOf(each).map(({ outcome }) => outcome))], ['done']);
});

test('SIGTERM ends the agent at once, and so does the end of its starter', async () => {
  let began = Date.now();
  await rig.kill('SIGTERM');
  assert.ok(Date.now() - began < 2000);
  const child = await rig.start(['--exit-with-stdin']);
  began = Date.now();
  const ended = new Promise((done) => child.once('exit', done));
  child.stdin!.end();
  assert.equal(await ended, 0);
  assert.ok(Date.now() - began < 2000);
});
