import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { eventually } from '../../support/eventually.ts';
import { command, image, spawnArgs, startAgentRig, type AgentRig } from './agent-rig.ts';

let rig: AgentRig;
before(async () => {
  rig = await startAgentRig(2);
  await rig.start();
});
after(() => rig.stop());

const launch = (source: object) => command('spawn', spawnArgs(randomUUID(), { source }));

for (const { name, source, says } of [
  { name: 'whose checksum is another', source: { checksum: '0'.repeat(32) }, says: /checksum/ },
  { name: 'that is too short', source: { size: image.bytes.length + 1 }, says: /300000 bytes instead of 300001/ },
  { name: 'that is too long', source: { size: 10 }, says: /more than 10 bytes/ },
  { name: 'whose data is gone', source: { location: 's3://images/nothing' }, says: /no data/ },
  { name: 'at a place that no host can fetch from', source: { location: 'file:///etc/passwd' }, says: /location/ },
]) {
  test(`an image ${name} boots nothing and the fault says why`, async () => {
    const spawn = launch(source);
    const report = await rig.do(spawn);
    assert.equal(report.outcome, 'failed');
    assert.match(report.reason!, says);
    assert.equal(rig.guest(spawn.subject), undefined);
  });
}

test('an image that was refused is fetched anew at the next launch: it may have been mended', async () => {
  const key = randomUUID();
  const bytes = Buffer.from('good');
  const source = { image_id: key, location: `s3://images/${key}`, size: 4, checksum: createHash('md5').update(bytes).digest('hex') };
  await rig.s3.send(new PutObjectCommand({ Bucket: 'images', Key: key, Body: 'evil' }));
  assert.equal((await rig.do(launch(source))).outcome, 'failed');
  await rig.s3.send(new PutObjectCommand({ Bucket: 'images', Key: key, Body: bytes }));
  assert.equal((await rig.do(launch(source))).outcome, 'done');
});

test('sixty launches on two hosts at once fetch their image once', async () => {
  const key = randomUUID();
  await rig.s3.send(new PutObjectCommand({ Bucket: 'images', Key: key, Body: image.bytes }));
  const launches = Array.from({ length: 60 }, () => launch({ image_id: key, location: `s3://images/${key}` }));
  await rig.ask(launches.slice(0, 30));
  await rig.ask(launches.slice(30), 1, rig.hosts[1]!.host);
  await Promise.all(rig.hosts.map(({ host }) => rig.ring(host)));
  await eventually(async () => {
    const reports = await rig.collect();
    for (const { id } of launches) assert.equal(reports.find(({ command_id }) => command_id === id)?.outcome, 'done');
  });
  assert.equal(rig.gates.s3.passed.filter(({ method, path }) => method === 'GET' && path.includes(key)).length, 1);
});
