import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentPid } from '../support/agent-process.ts';
import { apiAs, type Api } from '../support/api.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { eventually } from '../support/eventually.ts';
import { activeImage, bootServer } from '../support/servers.ts';

const COMPUTE = '/compute/v2.1';
const HOSTS = ['compute-1', 'compute-2'];

let cloud: TestCloud;
let demo: Api;
let image: string;
let network: string;
let flavor: string;
let first: string;
before(async () => {
  cloud = await testCloud(undefined, { hypervisors: HOSTS.length });
  demo = await apiAs('demo', cloud.endpoint, cloud.dataDir);
  image = await activeImage(demo, 'small');
  network = (await demo.get('/network/v2.0/networks?name=private')).body.networks[0].id;
  flavor = (await demo.get(`${COMPUTE}/flavors`)).body.flavors.find(({ name }: { name: string }) => name === 'm1.tiny').id;
  first = await bootServer(demo, { name: 'first', image, flavor, networks: [{ uuid: network }] }); // the functions' cold starts are over
});
after(() => cloud?.stop());

async function killAgent(): Promise<void> {
  const pid = agentPid(cloud);
  process.kill(pid, 'SIGKILL');
  await eventually(async () => assert.notEqual(agentPid(cloud), pid), 60);
}

const files = (kind: string) => HOSTS.flatMap((host) => {
  const folder = join(cloud.dataDir, 'hosts', host, 'state', kind);
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => ({ host, uuid: name.slice(0, 36) })) : [];
});
const guests = () => files('fake/guests');

async function launch(name: string): Promise<string> {
  const made = await demo.post(`${COMPUTE}/servers`, { server: { name, imageRef: image, flavorRef: flavor, networks: [{ uuid: network }] } });
  assert.equal(made.status, 202, JSON.stringify(made.body));
  return made.body.server.id;
}
const show = async (id: string) => (await demo.get(`${COMPUTE}/servers/${id}`)).body.server;

/** Each at its end: up on exactly one host, or in ERROR with a reason and on none. */
async function settled(servers: string[]): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  await eventually(async () => {
    for (const id of servers) {
      const { status, fault } = await show(id);
      assert.ok(status === 'ACTIVE' || status === 'ERROR', `server ${id} is still in ${status}`);
      if (status === 'ERROR') assert.ok(fault.message, `server ${id} is in ERROR without a word`);
      states.set(id, status);
    }
    for (const [id, status] of states) assert.equal(guests().filter(({ uuid }) => uuid === id).length, status === 'ACTIVE' ? 1 : 0, `guests of ${id}, which is ${status}`);
  }, 240);
  return states;
}

test('servers whose host is cut off in the middle of their launch come up once or fail with a reason, and none stays in BUILD', async (t) => {
  const seen = files('subjects').length;
  const servers = await Promise.all(Array.from({ length: 6 }, (_, index) => launch(`a${index}`)));
  await eventually(async () => assert.ok(files('subjects').length > seen, 'no command has arrived'), 60);
  await killAgent();
  servers.push(...(await Promise.all(Array.from({ length: 3 }, (_, index) => launch(`b${index}`)))));
  for (const wait of [0, 300, 900]) {
    await sleep(wait);
    await killAgent();
  }
  const states = await settled(servers);
  const active = servers.filter((id) => states.get(id) === 'ACTIVE');
  t.diagnostic(`${active.length} of ${servers.length} became ACTIVE`);

  await Promise.all(active.slice(0, 3).map((id) => demo.post(`${COMPUTE}/servers/${id}/action`, { reboot: { type: 'HARD' } })));
  await Promise.all(servers.slice(5).map((id) => demo.delete(`${COMPUTE}/servers/${id}`)));
  await killAgent();
  await settled(servers.slice(0, 5));
  await Promise.all([first, ...servers.slice(0, 5)].map((id) => demo.delete(`${COMPUTE}/servers/${id}`)));
  await eventually(async () => {
    assert.deepEqual((await demo.get(`${COMPUTE}/servers`)).body.servers, []);
    assert.deepEqual(guests(), []);
  }, 240);
});
