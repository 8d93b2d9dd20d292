import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { command, inSeconds, spawnArgs, startAgentRig, type AgentRig } from './agent-rig.ts';

let rig: AgentRig;
before(async () => {
  rig = await startAgentRig();
  await rig.start();
});
afterEach(() => rig.settle());
after(() => rig.stop());

test('a command that comes too late is refused: the server may be on another host', async () => {
  const uuid = randomUUID();
  const report = await rig.do(command('spawn', spawnArgs(uuid), { not_after: inSeconds(-1) }));
  assert.equal(report.outcome, 'refused');
  assert.equal(rig.guest(uuid), undefined);
});

test('an older attempt is refused after a newer one was seen, and its undo leaves the newer guest alone', async () => {
  const uuid = randomUUID();
  assert.equal((await rig.do(command('spawn', spawnArgs(uuid), { attempt: 2 }))).outcome, 'done');
  assert.equal((await rig.do(command('spawn', spawnArgs(uuid, { name: 'older' }), { attempt: 1 }))).outcome, 'refused');
  assert.equal((await rig.do(command('destroy', { instance_uuid: uuid }, { attempt: 1 }))).outcome, 'refused');
  assert.match(rig.guest(uuid)!.console, /stack_testvm/);
});

test('a newer attempt on the same host replaces the guest of the older one', async () => {
  const uuid = randomUUID();
  await rig.do(command('spawn', spawnArgs(uuid, { name: 'first' }), { attempt: 1 }));
  assert.equal((await rig.do(command('spawn', spawnArgs(uuid, { name: 'second' }), { attempt: 2 }))).outcome, 'done');
  assert.match(rig.guest(uuid)!.console, /second/);
});

test('a launch that arrives after its server was deleted boots nothing, also after a restart of the agent', async () => {
  const uuid = randomUUID();
  assert.equal((await rig.do(command('destroy', { instance_uuid: uuid }))).outcome, 'done');
  assert.equal((await rig.do(command('spawn', spawnArgs(uuid), { attempt: 1 }))).outcome, 'refused');
  await rig.kill();
  await rig.start();
  assert.equal((await rig.do(command('spawn', spawnArgs(uuid), { attempt: 2 }))).outcome, 'refused');
  assert.equal(rig.guest(uuid), undefined);
});

test('an attempt that was undone stays undone, and the next attempt may come to the same host', async () => {
  const uuid = randomUUID();
  await rig.do(command('spawn', spawnArgs(uuid), { attempt: 1 }));
  await rig.do(command('destroy', { instance_uuid: uuid }, { attempt: 1 }));
  assert.equal((await rig.do(command('spawn', spawnArgs(uuid), { attempt: 1 }))).outcome, 'refused');
  assert.equal((await rig.do(command('spawn', spawnArgs(uuid), { attempt: 2 }))).outcome, 'done');
});

test('a guest whose launch could not be reported in time is taken away again', async () => {
  const uuid = randomUUID();
  rig.gates.sqs.open = false;
  const spawn = command('spawn', spawnArgs(uuid), { not_after: inSeconds(4) });
  await rig.ask(spawn);
  await rig.ring();
  await eventually(async () => assert.ok(rig.guest(uuid)));
  await eventually(async () => assert.equal(rig.guest(uuid), undefined));
  rig.gates.sqs.open = true;
  const report = await rig.reported(spawn, 60);
  assert.equal(report.outcome, 'failed');
  assert.equal(report.retryable, true);
  assert.equal((await rig.collect()).filter(({ command_id }) => command_id === spawn.id).length, 1, 'its success is never told');
});

test('the same, when the agent was killed meanwhile and its launch is tried elsewhere', async () => {
  const uuid = randomUUID();
  rig.gates.sqs.open = false;
  const spawn = command('spawn', spawnArgs(uuid), { not_after: inSeconds(3) });
  await rig.ask(spawn);
  await rig.ring();
  await eventually(async () => assert.ok(rig.record(uuid).commands[spawn.id]?.report));
  await rig.kill();
  await new Promise((resolve) => setTimeout(resolve, Date.parse(spawn.not_after) - Date.now() + 50));
  await rig.settle(); // nobody waits for it any more
  rig.gates.sqs.open = true;
  await rig.start();
  assert.equal((await rig.reported(spawn)).outcome, 'failed');
  assert.equal(rig.guest(uuid), undefined);
});

test('a deletion does not wait for the launch that it makes pointless', async () => {
  const uuid = randomUUID();
  rig.gates.s3.delayMs = 60_000;
  const image_id = randomUUID(); // not in the agent's memory
  const spawn = command('spawn', spawnArgs(uuid, { source: { image_id } }));
  const destroy = command('destroy', { instance_uuid: uuid });
  await rig.ask(spawn);
  await rig.ring();
  await eventually(async () => assert.ok(rig.record(uuid).commands[spawn.id]));
  await rig.ask(destroy);
  await rig.ring();
  assert.equal((await rig.reported(spawn, 10)).outcome, 'failed');
  rig.gates.s3.delayMs = 0;
  assert.equal((await rig.reported(destroy, 15)).outcome, 'done');
});
