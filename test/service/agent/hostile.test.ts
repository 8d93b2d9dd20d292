import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { command, inSeconds, spawnArgs, startAgentRig, type AgentRig } from './agent-rig.ts';

let rig: AgentRig;
before(async () => {
  rig = await startAgentRig();
  await rig.start();
});
after(() => rig.stop());

test('what is no command is passed over and the commands beside it are done', async () => {
  const evil = '../../../../etc/evil';
  const good = command('spawn', spawnArgs(randomUUID(), { name: evil, hostname: '/etc/passwd', key_name: '\u001b]0;evil\u0007' }));
  for (const item of [
    undefined, null, 'text', 7, [], {}, { ...good, id: evil, not_after: 'soon' }, { ...good, id: randomUUID(), subject: evil }, { ...good, id: randomUUID(), args: { ...good.args, instance_uuid: evil } },
    { ...good, id: randomUUID(), attempt: -1 }, { ...good, id: randomUUID(), attempt: '1' }, { ...good, id: '__proto__', subject: '__proto__' }, { ...good, id: randomUUID(), not_after: '2026-99-99T99:99:99Z' },
    { ...command('create_volume', { volume_id: randomUUID(), size_gb: 1 }), subject: evil, args: { volume_id: evil, size_gb: 1 } },
  ]) await rig.putItem(item ?? null);
  const report = await rig.do(good);
  assert.equal(report.outcome, 'done', report.reason);
  assert.ok(!existsSync('/etc/evil') && !existsSync(join(rig.folder, 'etc')));
  assert.ok(!rig.guest(good.subject)!.console.includes('\u001b'));
});

test('a command that an agent does not understand is answered: the launch goes on elsewhere', async () => {
  const [subject, instance_uuid] = [randomUUID(), randomUUID()];
  const unknown = { id: randomUUID(), kind: 'teleport', subject, attempt: 0, not_after: inSeconds(60), args: {} };
  const report = await rig.do(unknown as never);
  assert.deepEqual([report.outcome, report.retryable], ['failed', true]);
  assert.match(report.reason!, /teleport/);
  const broken = command('spawn', { ...spawnArgs(instance_uuid), vifs: 'none' } as never);
  assert.match((await rig.do(broken)).reason!, /vifs/);
});

test('lines on the ring socket that make no sense do no harm, and only its owner may write there', async () => {
  assert.equal(statSync(rig.config.ringSocket).mode & 0o777, 0o600);
  const socket = connect(rig.config.ringSocket);
  socket.on('error', () => {});
  socket.write('nonsense\n[]\nnull\n{"host":7}\n{"host":"nobody","ring":"x"}\n{"host":"compute-1","fake":null}\n{"fake":{"crash":"../../x"}}\n');
  socket.write('x'.repeat(200_000));
  await new Promise((resolve) => socket.on('close', resolve));
  assert.equal((await rig.do(command('spawn', spawnArgs(randomUUID())))).outcome, 'done');
});
