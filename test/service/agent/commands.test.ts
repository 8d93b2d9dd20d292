import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { command, spawnArgs, startAgentRig, type AgentRig } from './agent-rig.ts';

let rig: AgentRig;
before(async () => {
  rig = await startAgentRig();
  await rig.start();
});
after(() => rig.stop());

test('a launch, rung ten times and written twice, boots one guest and is reported once', async () => {
  const uuid = randomUUID();
  const spawn = command('spawn', spawnArgs(uuid));
  await rig.ask(spawn, 2);
  await Promise.all(Array.from({ length: 10 }, () => rig.ring()));
  const report = await rig.reported(spawn);
  assert.equal(report.outcome, 'done', report.reason);
  assert.equal(report.power_state, 1);
  await Promise.all(Array.from({ length: 10 }, () => rig.ring()));
  const reports = (await rig.collect()).filter(({ command_id }) => command_id === spawn.id);
  assert.equal(reports.length, 1);
  assert.equal(rig.guest(uuid)!.console.match(/nothing boots here/g)!.length, 1);
});

test('a server stops, starts, reboots, pauses, suspends and goes away as asked', async () => {
  const uuid = randomUUID();
  assert.equal((await rig.do(command('spawn', spawnArgs(uuid)))).outcome, 'done');
  const guest = { instance_uuid: uuid };
  for (const [wanted, state] of [
    [command('stop', { ...guest, timeout: 60 }), 4], [command('start', guest), 1], [command('reboot', { ...guest, type: 'SOFT' }), 1], [command('reboot', { ...guest, type: 'HARD' }), 1],
    [command('pause', guest), 3], [command('unpause', guest), 1], [command('suspend', guest), 7], [command('resume', guest), 1],
  ] as const) {
    const report = await rig.do(wanted);
    assert.deepEqual([wanted.kind, report.outcome, report.power_state], [wanted.kind, 'done', state]);
    assert.equal(rig.guest(uuid)!.power_state, state);
  }
  assert.equal((await rig.do(command('destroy', guest))).outcome, 'done');
  assert.equal(rig.guest(uuid), undefined);
});
