import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readClouds } from '../../infra/clouds.ts';
import { deploy } from '../../infra/deploy-localstack.ts';
import { destroy } from '../../infra/destroy-localstack.ts';
import { startHosts, type RunningHosts } from '../../infra/hosts.ts';
import { dataFolder, localstackFolder, type Outputs } from '../../infra/localstack-outputs.ts';
import { seedLocalstack } from '../../infra/seed-localstack.ts';
import { secretsOf, writeCredentials } from '../../local/secrets.ts';
import { clientsNeeded, installedClients } from '../openstack-clients.ts';
import { type Api, apiAs } from '../support/api.ts';
import { clientsOf } from '../support/clients.ts';
import { eventually } from '../support/eventually.ts';
import { writeQcow2 } from '../support/image.ts';
import { activeImage, bootServer, waitForServer } from '../support/servers.ts';
import { localstackNeeded, startLocalstack } from './localstack.ts';

const COMPUTE = '/compute/v2.1';
const clients = installedClients();

describe('the template, deployed', { skip: localstackNeeded ?? false, timeout: 14 * 60_000 }, () => {
  let stopLocalstack = () => {};
  let outputs: Outputs;
  let hosts: RunningHosts | undefined;
  let destroyed = false;
  let demo: Api;
  let admin: Api;
  const folder = mkdtempSync(join(tmpdir(), 'novaless-deploy-'));

  before(async () => {
    stopLocalstack = await startLocalstack();
    outputs = await deploy(() => {});
    await seedLocalstack(outputs);
    writeCredentials(folder, outputs.PublicEndpoint, 'RegionOne', secretsOf(localstackFolder));
    hosts = await startHosts({ driver: 'fake', count: 2 });
    demo = await apiAs('demo', outputs.PublicEndpoint, folder);
    admin = await apiAs('admin', outputs.PublicEndpoint, folder);
  });
  after(async () => {
    await hosts?.stop();
    if (!destroyed) await destroy(() => {}).catch(() => {});
    stopLocalstack();
    rmSync(folder, { recursive: true, force: true });
  });

  test('an operator finds the clouds of the deployment in clouds.yaml', () => {
    const clouds = readClouds(join(dataFolder, 'clouds.yaml'));
    for (const name of ['novaless-localstack', 'novaless-localstack-admin']) {
      assert.equal(clouds[name]?.auth.auth_url, `${outputs.PublicEndpoint}/identity/v3`);
    }
  });

  test('what has no route is a 404, and what stands beside the login is still keystone', async () => {
    assert.equal((await demo.get('/nowhere')).status, 404);
    assert.equal((await demo.get('/identity/v3')).status, 200);
    assert.equal((await demo.get('/identity/v3/auth/projects')).status, 200);
  });

  test('enrolled hosts come up by their heartbeats', async () => {
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

  test('a launch by REST becomes ACTIVE with an address, and goes without a trace', async () => {
    const image = await activeImage(demo, 'deployed');
    const network = (await demo.get('/network/v2.0/networks?name=private')).body.networks[0].id;
    const ports = async () => (await demo.get(`/network/v2.0/ports?network_id=${network}`)).body.ports.length;
    const portsBefore = await ports();
    const id = await bootServer(demo, { name: 'deployed', image, flavor: '2', networks: [{ uuid: network }] });
    const server = await waitForServer(demo, id, 'ACTIVE');
    assert.match(server.addresses.private[0].addr, /^10\./);
    assert.equal((await demo.delete(`${COMPUTE}/servers/${id}`)).status, 204);
    await eventually(async () => assert.equal((await demo.get(`${COMPUTE}/servers/${id}`)).status, 404));
    await eventually(async () => assert.equal(await ports(), portsBefore));
  });

  for (const installed of clients) {
    test(`a launch with ${installed.label} becomes ACTIVE`, async () => {
      const client = clientsOf(installed, folder);
      const disk = writeQcow2(join(folder, 'disk.qcow2'));
      const name = installed.label.replace(/\W+/g, '-');
      await client.openstack('image', 'create', name, '--file', disk, '--disk-format', 'qcow2', '--container-format', 'bare');
      await client.openstack('server', 'create', '--flavor', 'm1.small', '--image', name, '--network', 'private', '--wait', name);
      assert.equal((await client.json('server', 'show', name)).status, 'ACTIVE');
      const network = (await client.json('network', 'show', 'private')).id;
      await client.nova('boot', '--flavor', 'm1.small', '--image', name, '--nic', `net-id=${network}`, '--poll', `${name}-nova`);
      assert.match(await client.nova('list'), new RegExp(`${name}-nova.*ACTIVE`));
      assert.match(await eventually(() => client.openstack('console', 'log', 'show', name)), /\S/);
      await client.openstack('server', 'delete', '--wait', name, `${name}-nova`);
      await client.openstack('image', 'delete', name);
    });
  }
  test('the clients that people have are tried', { skip: clients.length === 0 && clientsNeeded }, () => {
    assert.ok(clients.length > 0);
  });

  test('a destroyed deployment leaves nothing that answers', async () => {
    await hosts?.stop();
    hosts = undefined;
    await destroy(() => {});
    destroyed = true;
    assert.notEqual((await demo.get('/identity/v3')).status, 200);
  });
});
