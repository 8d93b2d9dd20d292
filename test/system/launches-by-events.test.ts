import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { App, type Stack } from 'aws-cdk-lib';
import { WorkerPerObject } from '../../docs/examples/worker-per-object/app.ts';
import type { Template } from '../../local/template.ts';
import { Api, apiAs } from '../support/api.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { runProgram } from '../support/clients.ts';
import { type EventLaunches, eventLaunches } from '../support/event-launches.ts';
import { eventually } from '../support/eventually.ts';
import { activeImage, waitForServer } from '../support/servers.ts';

/** What the question finds, once it finds something. */
const until = <T>(question: () => Promise<T | undefined>): Promise<T> => eventually(async () => {
  const found = await question();
  if (found === undefined) throw new Error('it is not there');
  return found;
});
const COMPUTE = '/compute/v2.1';

const workerImage = '77777777-7777-4777-8777-777777777777';

/** What an owner deploys beside the cloud, in the same account. */
function addStack(template: Template, stack: Stack, parameters: Record<string, string>) {
  const { Resources } = (App.of(stack) as App).synth().getStackByName(stack.stackName).template as Template;
  for (const [id, resource] of Object.entries(Resources)) if (resource.Type !== 'AWS::S3::BucketPolicy') template.Resources[id] = resource;
  for (const [name, Default] of Object.entries(parameters)) template.Parameters![name] = { Default };
}

/* Events by the unmodified AWS SDK, on the endpoint that a start prints. */
describe('launches by events', () => {
  let cloud: TestCloud;
  let demo: Api;
  let admin: Api;
  let image: string;
  let events: EventBridgeClient;
  let launches: EventLaunches;
  let user: string;

  before(async () => {
    cloud = await testCloud(undefined, { doubleMessages: true, grants: true, changeTemplate: (template) => addStack(template, new WorkerPerObject(new App()), { Image: workerImage, Flavor: '1' }) });
    demo = await apiAs('demo', cloud.endpoint, cloud.dataDir);
    admin = await apiAs('admin', cloud.endpoint, cloud.dataDir);
    image = await activeImage(demo, 'events', { id: workerImage });
    const settings = { endpoint: cloud.aws.AWS_ENDPOINT_URL_EVENTBRIDGE, region: 'us-east-1', credentials: { accessKeyId: 'any', secretAccessKey: 'any' } };
    events = new EventBridgeClient(settings);
    launches = eventLaunches(demo, settings);
    user = (await demo.get('/identity/v3/auth/tokens', { 'X-Subject-Token': demo.token })).body.token.user.id;
    // as a user of one machine does it; a second time it is made anew
    for (let time = 0; time < 2; time++) {
      const { code, err } = await runProgram(process.execPath, [join(import.meta.dirname, '../../local/launch.ts'), 'credential', 'workers', '--data', cloud.dataDir], {});
      assert.equal(code, 0, err);
    }
    await launches.keep('demo', await launches.credential('events', ['member']));
  });
  after(() => cloud?.stop());

  const server = (more: object = {}) => ({ name: 'by-event', flavorRef: '1', imageRef: image, networks: 'auto', ...more });
  const published = () => readFileSync(join(cloud.dataDir, 'logs/events.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const about = (eventId: string, type: string) => until(async () => published().find((e) => e['detail-type'] === type && (e.detail.event_id === eventId || e.detail.global_request_id === `req-${eventId}`)));
  const named = (name: string) => launches.named(`^${name}$`);

  test('an event launches a server that ends ACTIVE, and one that deletes it ends that; the notifications name the events', async () => {
    const asked = await launches.put('Server Launch Requested', { credential: 'demo', server: server({ metadata: { job: '7' } }), user_data: '#!/bin/sh\necho hello > /dev/console\n' });
    const { id } = await launches.launched('^by-event$');
    const active = await waitForServer(demo, id, 'ACTIVE');
    assert.deepEqual(active.metadata, { job: '7' });
    assert.equal(active.user_id, user);
    for (const type of ['compute.instance.create.start', 'compute.instance.create.end']) assert.equal((await about(asked, type)).detail.instance_id, id);
    const deletion = await launches.put('Server Delete Requested', { credential: 'demo', server: { id } });
    await until(async () => (await named('by-event')).length === 0 || undefined);
    for (const type of ['compute.instance.delete.start', 'compute.instance.delete.end']) assert.equal((await about(deletion, type)).detail.instance_id, id);
  });

  test('an event that comes twice is one server; two events are two', async () => {
    // every message of this cloud is delivered twice, also the event's own
    await launches.put('Server Launch Requested', { credential: 'demo', server: server({ name: 'once' }) });
    await waitForServer(demo, (await launches.launched('^once$')).id, 'ACTIVE');
    await launches.put('Server Launch Requested', { credential: 'demo', server: server({ name: 'once' }) });
    const both = await until(async () => { const all = await named('once'); return all.length >= 2 ? all : undefined; });
    assert.equal(both.length, 2);
    await Promise.all(both.map(({ id }) => waitForServer(demo, id, 'ACTIVE')));
    for (const { id } of both) await launches.put('Server Delete Requested', { credential: 'demo', server: { id } });
    await until(async () => (await named('once')).length === 0 || undefined);
  });

  test('a request that the API refuses is told by an event that names the fault, and is not tried again', async () => {
    await launches.keep('reader', await launches.credential('reads', ['reader']));
    await launches.keep('broken', { id: 'none', secret: 'none' });
    await launches.keep('empty', { user: 'x' });
    for (const [detail, code, words] of [
      [{ credential: 'demo', server: server({ flavorRef: 'none-such' }) }, 400, /none-such/],
      [{ credential: 'demo', server: server({ name: undefined }) }, 400, /name/],
      [{ credential: 'reader', server: server() }, 403, /os_compute_api:servers:create/],
      [{ credential: 'broken', server: server() }, 401, /broken/],
      [{ credential: 'empty', server: server() }, 400, /credential/],
      [{ credential: 'absent', server: server() }, 400, /novaless\/launch\/absent/],
      [{ credential: '../x', server: server() }, 400, /credential/],
      [{ credential: 'demo', server: server({ user_data: 'eA==' }), user_data: 'x' }, 400, /user_data/],
      [{ credential: 'demo', server: 'x' }, 400, /server/],
    ] as const) {
      const { detail: told } = await about(await launches.put('Server Launch Requested', detail), 'Server Launch Rejected');
      assert.equal(told.fault.code, code, JSON.stringify(told));
      assert.match(told.fault.message, words);
    }
    const gone = await about(await launches.put('Server Delete Requested', { credential: 'demo', server: { name: 'nobody' } }), 'Server Delete Rejected');
    assert.equal(gone.detail.fault.code, 404);
    assert.deepEqual(await named('by-event'), []);
  });

  test('a launch waits for an API that fails in passing', async () => {
    cloud.breakFunction('nova-api');
    await launches.put('Server Launch Requested', { credential: 'demo', server: server({ name: 'patient' }) });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    cloud.mendFunction('nova-api');
    await waitForServer(demo, (await launches.launched('^patient$')).id, 'ACTIVE');
    assert.equal((await named('patient')).length, 1);
  });

  test("the example launches a worker for each object that comes into its bucket, and deletes it when it is off", async () => {
    const bucket = cloud.deployment.buckets.map(({ name }) => name).find((name) => name.startsWith('objects'))!;
    // what S3 itself would tell; the S3 engine of one machine tells nobody
    const created = { version: '0', bucket: { name: bucket }, object: { key: `in/it's "new".txt`, size: 5, etag: 'e', sequencer: '0055AED6DCD90281E5' }, reason: 'PutObject' };
    const putTo = (Detail: object) => events.send(new PutEventsCommand({ Entries: [{ Source: 'aws.s3', DetailType: 'Object Created', Detail: JSON.stringify(Detail) }] }));
    await putTo({ ...created, bucket: { name: 'another' } });
    await putTo(created);
    const { id } = await launches.launched('^worker-0055AED6DCD90281E5$');
    const worker = await waitForServer(demo, id, 'ACTIVE');
    assert.deepEqual(worker.metadata, { role: 'worker', bucket });
    const stored = (await admin.get(`${COMPUTE}/servers/${id}`, { 'OpenStack-API-Version': 'compute 2.90' })).body.server['OS-EXT-SRV-ATTR:user_data'];
    assert.match(Buffer.from(stored, 'base64').toString(), new RegExp(`echo working on '${bucket}' 'in/it'\\\\''s "new"\\.txt' > /dev/console`));
    await demo.post(`${COMPUTE}/servers/${id}/action`, { 'os-stop': null });
    await until(async () => (await named('worker-.*')).length === 0 || undefined);
    const workers = published().filter((e) => e['detail-type'] === 'compute.instance.create.end' && e.detail.display_name.startsWith('worker-'));
    assert.equal(new Set(workers.map((e) => e.detail.instance_id)).size, 1);
  });

  test('the credentials of launches are kept for their owner only', () => {
    assert.equal(statSync(join(cloud.dataDir, 'secrets-manager.json')).mode & 0o777, 0o600);
  });

  test('functions did only what they have a right to', () => assert.deepEqual(cloud.refusedOnAws(), []));
});
