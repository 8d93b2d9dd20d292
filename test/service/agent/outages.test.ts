import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Ajv } from 'ajv';
import { Heartbeat } from '../../../shared/agent/report.ts';
import { eventually } from '../../support/eventually.ts';
import { command, spawnArgs, startAgentRig, type AgentRig } from './agent-rig.ts';

let rig: AgentRig;
before(async () => {
  rig = await startAgentRig(2);
});
after(() => rig.stop());

test('an agent that starts while everything is away works as soon as it is back', async () => {
  const spawn = command('spawn', spawnArgs(randomUUID()));
  await rig.ask(spawn);
  for (const gate of Object.values(rig.gates)) gate.open = false;
  await rig.start();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  for (const gate of Object.values(rig.gates)) gate.open = true;
  assert.equal((await rig.reported(spawn, 30)).outcome, 'done');
  const told = rig.output().match(/the journal cannot be read/g)!.length;
  assert.ok(told <= 2, `it was told ${told} times for two hosts`);
});

test('every host tells at once that it is there, with all that the scheduler asks for', async () => {
  await rig.kill();
  await rig.heartbeats();
  await rig.start();
  const heard = new Map<string, Heartbeat>();
  await eventually(async () => {
    for (const heartbeat of await rig.heartbeats()) heard.set(heartbeat.console_url, heartbeat);
    assert.equal(heard.size, 2);
  }, 5);
  const check = new Ajv({ strict: false }).compile(Heartbeat);
  for (const heartbeat of heard.values()) assert.ok(check(heartbeat), JSON.stringify(check.errors));
});

test('a report that got lost is sent again while its command is there, and not for ever at full speed', async () => {
  const spawn = command('spawn', spawnArgs(randomUUID()));
  await rig.do(spawn);
  await rig.kill();
  rig.changeRecord(spawn.subject, (record) => { record.commands[spawn.id]!.sent_at = new Date(Date.now() - 50_000).toISOString(); });
  await rig.start();
  await eventually(async () => assert.equal((await rig.collect()).filter(({ command_id }) => command_id === spawn.id).length, 2));
  await rig.ring();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal((await rig.collect()).filter(({ command_id }) => command_id === spawn.id).length, 2);
});

test('a guest that ends by itself is told, and a restart tells the states of all', async () => {
  const uuid = randomUUID();
  await rig.do(command('spawn', spawnArgs(uuid)));
  const told = async () => {
    await rig.collect();
    return rig.powerStates.flatMap(({ guests }) => guests).filter(({ instance_uuid }) => instance_uuid === uuid).map(({ power_state }) => power_state);
  };
  await rig.ring(undefined, { fake: { crash: uuid } });
  await eventually(async () => assert.deepEqual(await told(), [6]));
  await eventually(async () => assert.ok(Object.values(rig.record(uuid).commands).every(({ sent_at }) => sent_at)));
  await rig.kill();
  await rig.start();
  await eventually(async () => assert.deepEqual(await told(), [6, 6]));
});
