import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { consoleLogKey } from '../../../shared/agent/console.ts';
import { eventually } from '../../support/eventually.ts';
import { command, spawnArgs, startAgentRig, type AgentRig } from './agent-rig.ts';
import { PutObjectCommand } from '@aws-sdk/client-s3';

let rig: AgentRig;
before(async () => {
  rig = await startAgentRig();
  await rig.start();
});
after(() => rig.stop());

async function launch() {
  const uuid = randomUUID();
  await rig.do(command('spawn', spawnArgs(uuid)));
  return uuid;
}

test('the console log tells what would have booted, and no secret', async () => {
  const uuid = await launch();
  await eventually(async () => {
    const text = await rig.consoleLog(uuid);
    for (const part of ['stack_testvm', 'm1.small: 1 vCPU, 2048 MiB', '10.0.0.7', 'my_key', '/dev/vda: image', 'user data: yes', 'password: yes']) assert.ok(text?.includes(part), `${part} is not in ${text}`);
    assert.doesNotMatch(text!, /top.?secret|ssh-ed25519/);
  });
  assert.doesNotMatch(rig.output(), /top.?secret|ssh-ed25519|PRIVATE/);
});

test('a log that grows fast is stored at most every two seconds, and its last state in the end', async () => {
  const uuid = await launch();
  const began = Date.now();
  const guest = { instance_uuid: uuid };
  const commands = [...Array.from({ length: 30 }, () => command('reboot', { ...guest, type: 'HARD' as const })), command('stop', { ...guest, timeout: 1 })];
  for (const each of commands) {
    await rig.ask(each);
    await rig.ring();
  }
  await rig.reported(commands.at(-1)!, 60);
  await eventually(async () => assert.match((await rig.consoleLog(uuid))!, /was stopped/));
  const puts = rig.gates.s3.passed.filter(({ method, path }) => method === 'PUT' && path.endsWith(consoleLogKey(uuid))).length;
  assert.ok(puts <= 2 + (Date.now() - began) / 2000, `${puts} times in ${Date.now() - began} ms`);
});

test('a deleted server leaves no log behind, even when S3 was away and the agent was killed then', async () => {
  const [one, two] = [await launch(), await launch()];
  await eventually(async () => assert.ok((await rig.consoleLog(one)) && (await rig.consoleLog(two))));
  await rig.do(command('destroy', { instance_uuid: one }));
  assert.equal(await rig.consoleLog(one), undefined, 'it is gone when the report comes');
  rig.gates.s3.open = false;
  assert.equal((await rig.do(command('destroy', { instance_uuid: two }))).outcome, 'done', 'an outage of S3 does not hold the deletion');
  await rig.kill();
  rig.gates.s3.open = true;
  await rig.start();
  await eventually(async () => assert.equal(await rig.consoleLog(two), undefined));
});

test('the log of a server that went to another host is not taken away', async () => {
  const uuid = await launch();
  await eventually(async () => assert.ok(await rig.consoleLog(uuid)));
  await rig.s3.send(new PutObjectCommand({ Bucket: 'consoles', Key: consoleLogKey(uuid), Body: 'of the other host', Metadata: { host: 'compute-9' } }));
  await rig.do(command('destroy', { instance_uuid: uuid }, { attempt: 1 }));
  assert.equal(await rig.consoleLog(uuid), 'of the other host');
});
