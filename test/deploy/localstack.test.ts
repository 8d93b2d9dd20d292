import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { readClouds } from '../../infra/clouds.ts';
import { runCdk } from '../../infra/command.ts';
import { deploy } from '../../infra/deploy-localstack.ts';
import { destroy } from '../../infra/destroy-localstack.ts';
import { purge, startHosts, type RunningHosts } from '../../infra/hosts.ts';
import { dataFolder, localstackFolder, type Outputs } from '../../infra/localstack-outputs.ts';
import { apiUrl, clientSettings, localstackEnvironment } from '../../infra/localstack.ts';
import { stacks } from '../../infra/names.ts';
import { seedLocalstack } from '../../infra/seed-localstack.ts';
import { purgeHosts } from '../../local/hosts.ts';
import { secretsOf, writeCredentials } from '../../local/secrets.ts';
import { noGuests } from '../host/needs.ts';
import { clientsNeeded, installedClients } from '../openstack-clients.ts';
import { type Api, apiAs } from '../support/api.ts';
import { clientsOf, runProgram } from '../support/clients.ts';
import { type EventLaunches, eventLaunches } from '../support/event-launches.ts';
import { eventually } from '../support/eventually.ts';
import { libvirtdTurn } from '../support/libvirtd-turn.ts';
import { activeImage, bootServer, waitForServer } from '../support/servers.ts';
import { changeCode } from './assembly.ts';
import { passGateway } from './gateway.ts';
import { realGuest, serveGuestImage } from './guest.ts';
import { leftOnLocalstack } from './left.ts';
import { followLinks } from './links.ts';
import { localstackNeeded, startLocalstack } from './localstack.ts';
import { operate } from './operator.ts';
import { smoke } from './smoke.ts';

const COMPUTE = '/compute/v2.1';
const root = join(import.meta.dirname, '../..');
const [client] = installedClients();
const guestsNeed = await noGuests();
const newest = { 'OpenStack-API-Version': 'compute 2.90' };

describe('the template, deployed', { skip: localstackNeeded ?? false, timeout: 18 * 60_000 }, () => {
  let stopLocalstack = async () => {};
  let outputs: Outputs;
  let hosts: RunningHosts | undefined;
  let destroyed = false;
  let demo: Api;
  let admin: Api;
  let image: string;
  let deployedMs: number;
  let launches: EventLaunches;
  let images: Awaited<ReturnType<typeof serveGuestImage>>;
  const folder = mkdtempSync(join(tmpdir(), 'novaless-deploy-'));
  const environment = localstackEnvironment();
  const cdk = (...args: string[]) => runCdk(args, { environment, seconds: 240, show: () => {} });

  before(async () => {
    stopLocalstack = await startLocalstack();
    images = await serveGuestImage();
    const began = Date.now();
    outputs = await deploy(() => {}, ['--parameters', `${stacks.controlPlane}:ImageImportAllowedHosts=${images.host}`]);
    cpSync(join(root, 'cdk.out'), join(folder, 'deployed'), { recursive: true });
    await seedLocalstack(outputs);
    deployedMs = Date.now() - began;
    writeCredentials(folder, outputs.PublicEndpoint, 'RegionOne', secretsOf(localstackFolder));
    demo = await apiAs('demo', outputs.PublicEndpoint, folder);
    admin = await apiAs('admin', outputs.PublicEndpoint, folder);
    image = await activeImage(demo, 'deployed');
    launches = eventLaunches(demo, clientSettings);
  });
  after(async () => {
    images?.close();
    images?.closeAllConnections(); // LocalStack's own may stay open
    await hosts?.stop();
    if (!destroyed) await destroy(() => {}).catch(() => {});
    await stopLocalstack();
    rmSync(folder, { recursive: true, force: true });
  });

  const server = (name: string) => ({ name, flavorRef: '1', imageRef: image, networks: 'auto' });

  test('an operator finds the clouds of the deployment in clouds.yaml', () => {
    const clouds = readClouds(join(dataFolder, 'clouds.yaml'));
    for (const name of ['novaless-localstack', 'novaless-localstack-admin']) {
      assert.equal(clouds[name]?.auth.auth_url, `${outputs.PublicEndpoint}/identity/v3`);
    }
  });

  test('a deployment that changes nothing shows no difference', () => cdk('diff', stacks.controlPlane, '--app', join(folder, 'deployed'), '--fail', '--no-change-set'));

  test('what has no route is a 404, and what stands beside the login is still keystone', async () => {
    assert.equal((await demo.get('/nowhere')).status, 404);
    assert.equal((await demo.get('/identity/v3')).status, 200);
    assert.equal((await demo.get('/identity/v3/auth/projects')).status, 200);
  });

  test("a real guest of this machine's libvirt runs in the deployment", { skip: guestsNeed }, async () => {
    await purge(); // of a run that was cut off
    try {
      await libvirtdTurn(async () => {
        hosts = await startHosts({ driver: 'libvirt', count: 1 });
        await realGuest(clientsOf(client!, folder), demo, `http://${images.host}/guest.qcow2`);
      });
    } finally {
      await hosts?.stop();
      hosts = undefined;
      await purgeHosts(localstackFolder);
      rmSync(join(localstackFolder, 'hosts/compute-1/state'), { recursive: true }); // its identity stays: the cloud remembers for minutes where it rings a host
    }
  });

  test('enrolled hosts come up by their heartbeats', async () => {
    hosts = await startHosts({ driver: 'fake', count: 2 });
    await eventually(async () => {
      const { body } = await admin.get(`${COMPUTE}/os-services?binary=nova-compute`);
      assert.equal(body.services.filter(({ state }: { state: string }) => state === 'up').length, 2, JSON.stringify(body));
    });
  });

  test('image bytes come back as they went up', async () => {
    const bytes = randomBytes(100_000);
    const { id } = (await demo.post('/image/v2/images', { name: 'bytes', disk_format: 'raw', container_format: 'bare' })).body;
    // LocalStack's gateway, unlike AWS's, hands out bytes only to those who ask for this very type.
    const headers = { 'X-Auth-Token': demo.token, 'Content-Type': 'application/octet-stream', Accept: 'application/octet-stream' };
    const file = `${outputs.PublicEndpoint}/image/v2/images/${id}/file`;
    assert.equal((await fetch(file, { method: 'PUT', headers, body: bytes })).status, 204);
    const back = await fetch(file, { headers });
    assert.equal(back.status, 200);
    assert.ok(bytes.equals(Buffer.from(await back.arrayBuffer())));
    await demo.delete(`/image/v2/images/${id}`);
  });

  test('an image that is too large to pass through a function is refused with the way that is open to it', async () => {
    const { id } = (await demo.post('/image/v2/images', { name: 'large', disk_format: 'raw', container_format: 'bare' })).body;
    const refused = await fetch(`${outputs.PublicEndpoint}/image/v2/images/${id}/file`, {
      method: 'PUT', headers: { 'X-Auth-Token': demo.token, 'Content-Type': 'application/octet-stream' }, body: Buffer.alloc(10 * 1024 * 1024 + 1),
    });
    assert.equal(refused.status, 413);
    assert.match(await refused.text(), /web-download/);
    await demo.delete(`/image/v2/images/${id}`);
  });

  test('what is given twice counts twice, and answers have the headers that clients live on', () => passGateway(demo));

  test('every link leads somewhere, under the prefix that the gateway gives the cloud', async () => {
    assert.ok((await followLinks(admin)).length > 20);
  });

  test('a launch by REST becomes ACTIVE with an address, and goes without a trace', async (t) => {
    const network = (await demo.get('/network/v2.0/networks?name=private')).body.networks[0].id;
    const ports = async () => (await demo.get(`/network/v2.0/ports?network_id=${network}`)).body.ports.length;
    const portsBefore = await ports();
    const began = Date.now();
    const id = await bootServer(demo, { name: 'deployed', image, flavor: '2', networks: [{ uuid: network }] });
    t.diagnostic(`measured: on LocalStack POST → ACTIVE took ${Date.now() - began} ms, looked at every 300 ms; bootstrap, deployment and seed ${deployedMs} ms`);
    const { addresses } = await waitForServer(demo, id, 'ACTIVE');
    assert.match(addresses.private[0].addr, /^10\./);
    assert.equal((await demo.delete(`${COMPUTE}/servers/${id}`)).status, 204);
    await launches.gone(id);
    await eventually(async () => assert.equal(await ports(), portsBefore));
  });

  test('the first day with a cloud, by the client', { skip: client ? false : clientsNeeded }, () => smoke(clientsOf(client!, folder), folder));

  test('a server is launched and deleted by events', async () => {
    await launches.keep('workers', await launches.credential('workers', ['member']));
    await launches.put('Server Launch Requested', { credential: 'workers', server: server('by-event') });
    const { id } = await launches.launched('^by-event$');
    await waitForServer(demo, id, 'ACTIVE');
    await launches.put('Server Delete Requested', { credential: 'workers', server: { id } });
    await launches.gone(id);
  });

  test('the example, deployed as its page says, launches a worker for an object and deletes it when it is off', async () => {
    await cdk(
      'deploy', 'WorkerPerObject', '--app', 'node bin/pinned-node.js docs/examples/worker-per-object/app.ts', '--output', join(folder, 'example'), '--require-approval', 'never', '--method', 'direct',
      '--outputs-file', join(folder, 'example.json'), '--parameters', `Image=${image}`, '--parameters', 'Flavor=1',
    );
    const s3 = new S3Client({ ...clientSettings, forcePathStyle: true });
    const [bucket] = (await leftOnLocalstack()).filter((each) => each.startsWith('bucket workerperobject-'));
    await s3.send(new PutObjectCommand({ Bucket: bucket!.slice('bucket '.length), Key: "in/it's new.txt", Body: 'work' }));
    const { id } = await launches.launched('^worker-');
    assert.equal((await waitForServer(demo, id, 'ACTIVE')).metadata.role, 'worker');
    assert.equal((await demo.post(`${COMPUTE}/servers/${id}/action`, { 'os-stop': null })).status, 202);
    await launches.gone(id);
    await cdk('destroy', 'WorkerPerObject', '--force', '--app', join(folder, 'example'));
  });

  test('changed code is deployed while 50 servers are being launched, and none of them is lost', async (t) => {
    const { body: { token } } = await demo.get('/identity/v3/auth/tokens', { 'X-Subject-Token': demo.token });
    const quota = await admin.put(`${COMPUTE}/os-quota-sets/${token.project.id}`, { quota_set: { instances: -1, cores: -1, ram: -1 } });
    assert.equal(quota.status, 200, JSON.stringify(quota.body));
    assert.equal((await admin.put(`/network/v2.0/quotas/${token.project.id}`, { quota: { port: -1 } })).status, 200);
    const changed = join(folder, 'changed');
    cpSync(join(folder, 'deployed'), changed, { recursive: true });
    changeCode(changed);
    const began = Date.now();
    const deploying = cdk(
      'deploy', stacks.controlPlane, '--app', changed, '--require-approval', 'never', '--method', 'direct',
      '--parameters', `EndpointPrefix=${apiUrl.prefix}`, '--parameters', `EndpointSuffix=${apiUrl.suffix}`,
    ).then(() => t.diagnostic(`measured: changed code deployed after ${Date.now() - began} ms`));
    for (let number = 0; number < 50; number++) {
      // As clients do it: a 5xx is asked again.
      await eventually(async () => {
        const made = await demo.post(`${COMPUTE}/servers`, { server: server(`flight-${number}`) }, newest);
        assert.equal(made.status, 202, JSON.stringify(made.body));
      });
    }
    await deploying;
    await eventually(async () => {
      const servers = await launches.named('^flight-');
      const count = (status: string) => servers.filter((each) => each.status === status).length;
      assert.equal(count('ERROR'), 0, JSON.stringify(servers.find((each) => each.status === 'ERROR')));
      assert.equal(count('ACTIVE'), 50, `${count('ACTIVE')} of ${servers.length} are ACTIVE`);
    }, 240, 3000);
    t.diagnostic(`measured: all 50 ACTIVE after ${Date.now() - began} ms`);
  });

  test("an operator's commands seed, enrol, list, drain, retire and bring to a standstill, as for an account of AWS", () => operate(folder));

  test('a destroyed deployment leaves nothing but the bucket of the example, which was to stay', async () => {
    await hosts?.stop();
    hosts = undefined;
    const { code, out, err } = await runProgram(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'infra/operator/destroy.ts'), '--yes'], environment, 300_000);
    assert.equal(code, 0, out + err);
    assert.match(out, /^hosts +forsaken: /m);
    const roles = (await new IAMClient(clientSettings).send(new ListRolesCommand({}))).Roles!.map(({ RoleName }) => RoleName!);
    assert.deepEqual(roles.filter((name) => name.startsWith('Novaless')), []);
    await destroy(() => {}); // what is on this machine
    destroyed = true;
    assert.notEqual((await demo.get('/identity/v3')).status, 200);
    const left = (await leftOnLocalstack()).filter((each) => !/cdk-/.test(each));
    assert.equal(left.filter((each) => !each.startsWith('bucket workerperobject-')).join('\n'), '');
  });
});
