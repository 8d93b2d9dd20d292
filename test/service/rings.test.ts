import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { enrolmentKey } from '../../functions/nova-compute/host/enrolment.ts';
import { ring } from '../../functions/nova-compute/host/ring.ts';
import { journal } from '../../functions/nova-compute/journal.ts';
import { serveOnLoopback } from '../../local/loopback.ts';
import { eventually } from '../support/eventually.ts';
import { startRig } from './rig.ts';

const hosts = Array.from({ length: 60 }, (_, i) => `host-${i}`);
let stop: () => Promise<unknown>;
/** What was sent, host by host, in the order of sending; each waits for its answer. */
let sends: { hosts: string[]; answer: () => void }[];

before(async () => {
  const rig = await startRig();
  const systemsManager = await serveOnLoopback(async (request, response) => {
    const { InstanceIds } = JSON.parse(Buffer.concat(await request.toArray()).toString()) as { InstanceIds: string[] };
    const answer = () => void response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify({ Command: { CommandId: 'one' } }));
    sends.push({ hosts: InstanceIds, answer });
  });
  stop = () => Promise.all([systemsManager.stop(), rig.stop()]);
  process.env['AWS_ENDPOINT_URL_SSM'] = systemsManager.endpoint;
  await Promise.all(hosts.map((host) => journal.put({ ...enrolmentKey(host), host, managed_instance_id: host, public_key: '', console_url: '', enrolled_at: '' })));
});
after(() => stop());
beforeEach(() => { sends = []; });
const sent = (count: number) => eventually(async () => assert.equal(sends.length, count));

test('a host is rung at once, and those whose commands come meanwhile are rung together', async () => {
  const first = ring(hosts[0]!);
  await sent(1);
  const others = [hosts[0]!, ...hosts.slice(1, 12), hosts[3]!].map((host) => ring(host)); // the first one again: the ring that is under way may have been before its command
  sends[0]!.answer();
  await first;
  await sent(2);
  sends[1]!.answer();
  await Promise.all(others);
  assert.deepEqual(sends.map((each) => each.hosts.toSorted()), [[hosts[0]], hosts.slice(0, 12).toSorted()]);
});

test('no more hosts are rung by one send than AWS takes', async () => {
  const all = hosts.map((host) => ring(host));
  await sent(1);
  sends[0]!.answer();
  await sent(2);
  sends[1]!.answer();
  await Promise.all(all);
  assert.deepEqual(sends.map((each) => each.hosts.length), [50, 10]);
  assert.deepEqual(sends.flatMap((each) => each.hosts).toSorted(), hosts.toSorted());
});

test('a ring that gets no answer does not keep other hosts waiting', async () => {
  const lost = ring(hosts[0]!);
  await sent(1);
  const other = ring(hosts[1]!);
  await sent(2);
  sends[1]!.answer();
  await other;
  sends[0]!.answer();
  await lost;
});
