import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serveOnLoopback } from '../../local/loopback.ts';
import { environment } from '../../shared/deployment/declaration.ts';
import { serviceContext } from '../../shared/identity/service-context.ts';
import { cast } from '../../shared/rpc/send.ts';
import { novaCompute } from '../../shared/rpc/topics/nova-compute.ts';
import { startRig, type Rig } from './rig.ts';

let rig: Rig;
let gate: Awaited<ReturnType<typeof serveOnLoopback>>;
/** What the queues were asked for, in order; those named in `forbidden` nobody may do. */
const asked: string[] = [];
const forbidden = new Set<string>();

before(async () => {
  rig = await startRig();
  gate = await serveOnLoopback(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const operation = String(request.headers['x-amz-target']).split('.').at(-1)!;
    asked.push(operation);
    const type = 'application/x-amz-json-1.0';
    if (forbidden.has(operation)) return void response.writeHead(403, { 'content-type': type }).end(JSON.stringify({ __type: 'com.amazonaws.sqs#AccessDeniedException', message: `no identity-based policy allows the sqs:${operation} action` }));
    const answer = await fetch(rig.engines.sqs.endpoint + request.url!, { method: 'POST', headers: { 'content-type': type, 'x-amz-target': String(request.headers['x-amz-target']), authorization: String(request.headers.authorization) }, body });
    response.writeHead(answer.status, { 'content-type': type }).end(Buffer.from(await answer.arrayBuffer()));
  });
  process.env['AWS_ENDPOINT_URL_SQS'] = gate.endpoint;
  const name = environment.queue('nova-compute');
  process.env[name] = gate.endpoint + new URL(process.env[name]!).pathname; // a queue is asked for where its address says
});
after(() => Promise.all([gate.stop(), rig.stop()]));

const send = (count: number) => Promise.all(Array.from({ length: count }, (_, i) => cast(novaCompute.methods.reap_guest, { host: `host-${i}`, instance_uuid: 'u' }, { context: serviceContext('test'), steps: [] })));
const arrived = async () => (await rig.take('nova-compute')).map(({ args }) => args.host).toSorted();
const hosts = (count: number) => Array.from({ length: count }, (_, i) => `host-${i}`);

test('messages that are sent together go together', async () => {
  asked.length = 0;
  await send(5);
  assert.deepEqual(asked, ['SendMessageBatch']);
  assert.deepEqual(await arrived(), hosts(5));
});

test('where a batch takes a right that a message does not, they go one by one', async () => {
  asked.length = 0;
  forbidden.add('SendMessageBatch');
  await send(4);
  assert.deepEqual(asked, ['SendMessageBatch', ...Array<string>(4).fill('SendMessage')]);
  assert.deepEqual(await arrived(), hosts(4));
  forbidden.add('SendMessage');
  const outcomes = await Promise.allSettled(Array.from({ length: 3 }, () => send(1)));
  assert.ok(outcomes.every((each) => each.status === 'rejected' && each.reason.name === 'AccessDeniedException'), 'and each is told where it may not go either');
  forbidden.clear();
});
