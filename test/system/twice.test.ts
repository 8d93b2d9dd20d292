import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Outcome } from '../../local/functions.ts';
import { apiAs, type Api } from '../support/api.ts';
import { testCloud } from '../support/cloud.ts';
import { everything, quiet } from '../support/cloud-state.ts';
import { eventually } from '../support/eventually.ts';
import { activeImage } from '../support/servers.ts';

const COMPUTE = '/compute/v2.1';
const SERVERS = 100;
const AT_ONCE = 5;
const headers = { 'OpenStack-API-Version': 'compute 2.90' };

test('a hundred servers come and go with every message delivered twice, and nothing is left of them', { timeout: 900_000 }, async (t) => {
  let dataDir: string | undefined;
  await comeAndGo(t, (folder) => { dataDir = folder; }).catch((error: unknown) => {
    if (dataDir) t.diagnostic(troubles(dataDir));
    throw error;
  });
});

async function comeAndGo(t: TestContext, started: (dataDir: string) => void): Promise<void> {
  let turn = 0;
  const cloud = await testCloud(t, {
    hypervisors: 4,
    // one after the other, or both at once; either may fail and come again
    around: async ({ source, event }, next) => {
      if (source !== 'sqs') return next(event);
      const first = next(event);
      if (turn++ % 2) await first;
      return worse(await Promise.all([first, next(event)]));
    },
  });
  started(cloud.dataDir);
  assert.deepEqual(cloud.problems, []);
  const demo = await apiAs('demo', cloud.endpoint, cloud.dataDir);
  const admin = await apiAs('admin', cloud.endpoint, cloud.dataDir);
  const image = await activeImage(demo, 'twice');
  const network = (await demo.get('/network/v2.0/networks?name=private')).body.networks[0].id;
  await unlimited(demo, admin);
  // the first one makes what is made once: the default security group, the console key
  await goes(demo, await comes(demo, { image, network }));
  await quiet(cloud);
  await cloud.invoke('nova-conductor-sweep', {});
  const before = await everything(cloud);

  const began = Date.now();
  const servers: string[] = [];
  for (let i = 0; i < SERVERS; i += AT_ONCE) servers.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => comes(demo, { image, network })))));
  t.diagnostic(`${SERVERS} servers ACTIVE in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  assert.equal(new Set((await demo.get(`${COMPUTE}/servers/detail?limit=1000`)).body.servers.flatMap((s: any) => Object.values(s.addresses).flat().map((a: any) => a.addr))).size, SERVERS, 'each has an address of its own');
  for (let i = 0; i < SERVERS; i += AT_ONCE) await Promise.all(servers.slice(i, i + AT_ONCE).map((id) => goes(demo, id)));
  t.diagnostic(`and gone after ${((Date.now() - began) / 1000).toFixed(1)} s`);
  await quiet(cloud);
  await cloud.invoke('nova-conductor-sweep', {});

  const after = await everything(cloud);
  const left = [...after].filter(([key, item]) => !before.has(key) && !item['expires_at']).map(([key]) => key);
  assert.deepEqual(left, [], 'records that were not there before, and will not expire');
  for (const [key, { vcpus_used, memory_mb_used, local_gb_used, running_vms }] of [...after].filter(([key]) => key.startsWith('nova HOSTS/'))) {
    assert.deepEqual([vcpus_used, memory_mb_used, local_gb_used, running_vms], [0, 0, 0, 0].map((n) => ({ N: String(n) })), key);
  }
  const gone = await demo.get('/network/v2.0/ports');
  assert.deepEqual(gone.body.ports.filter((port: any) => port.device_owner.startsWith('compute:')), []);
  assert.deepEqual((await demo.get('/volume/v3/attachments', { 'OpenStack-API-Version': 'volume 3.44' })).body.attachments, []);
  assert.deepEqual((await admin.get(`${COMPUTE}/os-hypervisors/detail`)).body.hypervisors.map((h: any) => h.running_vms), [0, 0, 0, 0]);
  const { absolute } = (await demo.get(`${COMPUTE}/limits`)).body.limits;
  assert.deepEqual([absolute.totalInstancesUsed, absolute.totalCoresUsed, absolute.totalRAMUsed], [0, 0, 0]);
}

/** Of two outcomes of one batch: what failed in either has failed. */
function worse([one, other]: [Outcome, Outcome]): Outcome {
  if ('error' in one) return one;
  if ('error' in other) return other;
  const failures = [one, other].flatMap(({ result }) => (result as { batchItemFailures?: object[] } | null)?.batchItemFailures ?? []);
  return { result: { batchItemFailures: failures } };
}

/** What the functions complained about last. */
const troubles = (dataDir: string) => readdirSync(join(dataDir, 'logs'))
  .filter((name) => name.includes('nova'))
  .flatMap((name) => readFileSync(join(dataDir, 'logs', name), 'utf8').split('\n').filter((line) => /"level":"(error|warn)"|Error/.test(line)).slice(-5).map((line) => `${name}: ${line.slice(0, 600)}`))
  .join('\n');

async function unlimited(demo: Api, admin: Api): Promise<void> {
  const { project } = (await demo.get('/identity/v3/auth/tokens', { 'X-Subject-Token': demo.token })).body.token;
  assert.equal((await admin.put(`${COMPUTE}/os-quota-sets/${project.id}`, { quota_set: { instances: -1, cores: -1, ram: -1 } })).status, 200);
  assert.equal((await admin.put(`/network/v2.0/quotas/${project.id}`, { quota: { port: -1 } })).status, 200);
}

/** An ACTIVE server's id. */
async function comes(demo: Api, { image, network }: { image: string; network: string }): Promise<string> {
  const made = await demo.post(`${COMPUTE}/servers`, { server: { name: 'twice', flavorRef: '1', imageRef: image, networks: [{ uuid: network }] } }, headers);
  assert.equal(made.status, 202, JSON.stringify(made.body));
  const { id } = made.body.server;
  await eventually(async () => {
    const { body } = await demo.get(`${COMPUTE}/servers/${id}`);
    assert.equal(body.server.status, 'ACTIVE', JSON.stringify(body.server.fault));
  }, 120);
  return id;
}

async function goes(demo: Api, id: string): Promise<void> {
  assert.equal((await demo.delete(`${COMPUTE}/servers/${id}`)).status, 204);
  await eventually(async () => assert.equal((await demo.get(`${COMPUTE}/servers/${id}`)).status, 404), 120);
}
