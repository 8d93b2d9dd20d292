import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { App, DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LaunchOn } from '../../infra/launch-on.ts';
import type { Template } from '../../local/template.ts';
import { clientsNeeded, installedClients } from '../openstack-clients.ts';
import { type Api, apiAs } from '../support/api.ts';
import { clientsOf } from '../support/clients.ts';
import { type EventLaunches, eventLaunches } from '../support/event-launches.ts';
import { eventually } from '../support/eventually.ts';
import { activeImage, bootServer, waitForServer } from '../support/servers.ts';
import { followLinks } from './links.ts';
import { deployOnMinistack } from './ministack-cloud.ts';
import { ministackNeeded } from './ministack.ts';
import { smoke } from './smoke.ts';

const COMPUTE = '/compute/v2.1';
const client = installedClients().at(-1);

describe('the template under enforced permissions', { skip: ministackNeeded ?? false, timeout: 14 * 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-ministack-'));
  let cloud: Awaited<ReturnType<typeof deployOnMinistack>>;
  let demo: Api;
  let admin: Api;
  let image: string;
  let deployedMs: number;
  let launches: EventLaunches;

  before(async () => {
    const began = Date.now();
    cloud = await deployOnMinistack(folder);
    deployedMs = Date.now() - began;
    demo = await apiAs('demo', cloud.endpoint, folder);
    admin = await apiAs('admin', cloud.endpoint, folder);
    await eventually(async () => {
      const { body } = await admin.get(`${COMPUTE}/os-services?binary=nova-compute`);
      assert.equal(body.services.filter(({ state }: { state: string }) => state === 'up').length, 2, JSON.stringify(body));
    });
    image = await activeImage(demo, 'permitted');
    launches = eventLaunches(demo, cloud.client);
    await launches.keep('events', await launches.credential('events', ['member']));
  });
  after(async () => {
    await cloud?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const server = (name: string) => ({ name, flavorRef: '1', imageRef: image, networks: 'auto' });

  test('the first day with a cloud, by the client, needs no right that a function lacks', { skip: client ? false : clientsNeeded }, async () => {
    await smoke(clientsOf(client!, folder), folder);
    assert.deepEqual(await cloud.refusals(), []);
  });

  test('every link leads somewhere, under the prefix that the gateway gives the cloud', async () => {
    assert.ok((await followLinks(admin)).length > 20);
  });

  test('a launch by REST becomes ACTIVE, and goes without a trace', async (t) => {
    const began = Date.now();
    const id = await bootServer(demo, { name: 'by-rest', image, flavor: '1', networks: 'auto' });
    t.diagnostic(`measured: on MiniStack POST → ACTIVE took ${Date.now() - began} ms, looked at every 300 ms; its start, deployment and seed ${deployedMs} ms`);
    assert.equal((await demo.delete(`${COMPUTE}/servers/${id}`)).status, 204);
    await launches.gone(id);
  });

  test('a server is launched and deleted by events', async () => {
    await launches.put('Server Launch Requested', { credential: 'events', server: server('by-event') });
    const { id } = await launches.launched('^by-event$');
    await waitForServer(demo, id, 'ACTIVE');
    await launches.put('Server Delete Requested', { credential: 'events', server: { id } });
    await launches.gone(id);
  });

  test("a server is launched when an owner's schedule says so", async () => {
    const app = new App({ outdir: join(folder, 'owner'), analyticsReporting: false });
    const stack = new Stack(app, 'Owner', { synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) });
    new LaunchOn(stack, 'InTime', { at: ScheduleExpression.at(new Date(Date.now() + 20_000)), credential: 'events', server: server('in-time') });
    await cloud.deployBeside('Owner', app.synth().directory);
    const { id } = await launches.launched('^in-time$', 120);
    await waitForServer(demo, id, 'ACTIVE');
  });

  test('no right was missing', async () => assert.deepEqual(await cloud.refusals(), []));

  test('a grant that someone forgets is noticed here, with its name', async () => {
    const [kept] = (await demo.get(`${COMPUTE}/servers`)).body.servers;
    await cloud.redeploy((template) => {
      forget(template, 'NovaSchedulerRole', 'sqs:SendMessage');
      forget(template, 'NovaComputeRole', 'ssm:SendCommand');
    });
    const made = await demo.post(`${COMPUTE}/servers`, { server: server('refused') }, { 'OpenStack-API-Version': 'compute 2.90' });
    assert.equal(made.status, 202, JSON.stringify(made.body));
    await demo.delete(`${COMPUTE}/servers/${kept.id}`);
    await eventually(async () => {
      const refused = (await cloud.refusals()).join('\n');
      assert.match(refused, /Novaless-nova-scheduler: sqs:SendMessage/);
      assert.match(refused, /Novaless-nova-compute: ssm:SendCommand/);
    });
    assert.notEqual((await demo.get(`${COMPUTE}/servers/${made.body.server.id}`)).body.server.status, 'ACTIVE');
  });
});

/** Takes an action from a function's role, as if its declaration had left it out. */
function forget(template: Template, role: string, action: string): void {
  const [, found] = Object.entries(template.Resources).find(([id, { Type }]) => Type === 'AWS::IAM::Role' && new RegExp(`^${role}[0-9A-F]{8}$`).test(id))!;
  const [{ PolicyDocument }] = found.Properties!['Policies'] as [{ PolicyDocument: { Statement: { Action: string | string[] }[] } }];
  const left = PolicyDocument.Statement.filter(({ Action }) => ![Action].flat().includes(action));
  assert.ok(left.length < PolicyDocument.Statement.length, `${role} has no ${action}`);
  PolicyDocument.Statement = left;
}
