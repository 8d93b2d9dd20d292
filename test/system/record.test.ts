import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AroundInvoke } from '../../local/functions.ts';
import type { Step } from '../../shared/telemetry/steps.ts';
import { type Api, apiAs } from '../support/api.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { eventually } from '../support/eventually.ts';
import { activeImage, waitForServer } from '../support/servers.ts';
import { launchSteps } from '../support/launch.ts';

const COMPUTE = '/compute/v2.1';
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

describe('the record of a launch', () => {
  let cloud: TestCloud;
  let demo: Api;
  let server: Record<string, unknown>;
  /** By the user's token: the service that does not answer nova-compute. Its function crashes where a service token comes along, except for nova-api's question about networks. */
  const silent = new Map<string, string>();
  const around: AroundInvoke = (call, next) => {
    const { multiValueHeaders = {}, multiValueQueryStringParameters: query } = call.event as Record<'multiValueHeaders' | 'multiValueQueryStringParameters', Record<string, string[]> | undefined>;
    const headers = new Map(Object.entries(multiValueHeaders).map(([name, [value]]) => [name.toLowerCase(), value]));
    const service = headers.has('x-service-token') && silent.get(headers.get('x-auth-token') ?? '');
    if (service && call.function.endsWith(`-${service}`) && !query?.['fields']) return Promise.resolve({ error: { errorType: 'Runtime.ExitError', errorMessage: 'broken by a test', trace: [] } });
    return next(call.event);
  };

  before(async () => {
    cloud = await testCloud(undefined, { around });
    demo = await apiAs('demo', cloud.endpoint, cloud.dataDir);
    const image = await activeImage(demo, 'record');
    const network = (await demo.get('/network/v2.0/networks?name=private')).body.networks[0].id;
    server = { name: 'recorded', flavorRef: '1', imageRef: image, networks: [{ uuid: network }] };
  });
  after(() => cloud?.stop());

  async function launch(user: Api = demo): Promise<string> {
    const made = await user.post(`${COMPUTE}/servers`, { server });
    assert.equal(made.status, 202, JSON.stringify(made.body));
    return made.body.server.id;
  }
  const numbers = (steps: Step[]) => steps.map(({ step }) => step);

  test('has all 28 steps, each with its actor, in an order that makes sense', async () => {
    const id = await launch();
    await waitForServer(demo, id, 'ACTIVE');
    const steps = await launchSteps(cloud, id);
    assert.deepEqual(numbers(steps), upTo(28));
    for (const step of steps) {
      assert.ok(step.actor && step.start <= step.end && step.request_id, JSON.stringify(step));
      assert.match(step.result, /^(Success|cached)$/);
    }
    const start = (n: number) => steps[n - 1]!.start;
    for (const [before, after] of [[1, 3], [3, 8], [8, 10], [10, 13], [14, 16], [16, 19], [19, 22], [22, 25], [25, 28]] as const)
      assert.ok(start(before) <= start(after), `step ${before} comes before step ${after}`);
    await demo.delete(`${COMPUTE}/servers/${id}`);
  });

  describe('ends where a service does not answer, and the server says why', { concurrency: true }, () => {
    for (const { service, last } of [{ service: 'glance-api', last: 19 }, { service: 'neutron-server', last: 22 }, { service: 'cinder-api', last: 25 }]) {
      test(`${service}: at step ${last}`, async () => {
        const user = await apiAs('demo', cloud.endpoint, cloud.dataDir);
        silent.set(user.token, service);
        const id = await launch(user);
        const shown = await waitForServer(demo, id, 'ERROR', 120);
        assert.ok(shown.fault.message.length > 10, shown.fault.message);
        const steps = await launchSteps(cloud, id);
        assert.deepEqual(numbers(steps), upTo(last));
        assert.equal(steps.at(-1)!.result, 'Error');
        silent.delete(user.token);
        await demo.delete(`${COMPUTE}/servers/${id}`);
        await eventually(async () => assert.equal((await demo.get(`${COMPUTE}/servers/${id}`)).status, 404), 60);
        assert.deepEqual((await demo.get(`/network/v2.0/ports?device_id=${id}`)).body.ports, [], 'no port is left');
      });
    }
  });

  test('stops at what nova-compute sends while nova-conductor is away, and goes on when it is back', async () => {
    cloud.breakFunction('nova-conductor');
    const id = await launch();
    await eventually(async () => assert.ok(numbers(await launchSteps(cloud, id)).includes(10)));
    assert.ok(!numbers(await launchSteps(cloud, id)).includes(16));
    cloud.mendFunction('nova-conductor');
    await waitForServer(demo, id, 'ACTIVE', 120);
    assert.deepEqual(numbers(await launchSteps(cloud, id)), upTo(28));
    await demo.delete(`${COMPUTE}/servers/${id}`);
  });
});
