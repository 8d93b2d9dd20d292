import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apiAs, type Api, type ApiAnswer } from '../support/api.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { everything, quiet } from '../support/cloud-state.ts';
import { eventually } from '../support/eventually.ts';
import { activeImage } from '../support/servers.ts';
import { unkindDay } from '../support/unkind.ts';

/* The whole cloud on unkind days: AWS throttles, cancels, lags, leaves parts undone, doubles and delays. From REST, as a client sees it. */

const SEEDS = [1, 2];
const COMPUTE = '/compute/v2.1';
const VOLUME = '/volume/v3';
const latest = { 'OpenStack-API-Version': 'compute 2.90' };

const day = unkindDay();
let cloud: TestCloud;
let demo: Api;
let image: string;
let network: string;
before(async () => {
  cloud = await testCloud(undefined, { hypervisors: 3, wire: day.wire });
  assert.deepEqual(cloud.problems, []);
  demo = await apiAs('demo', cloud.endpoint, cloud.dataDir);
  image = await activeImage(demo, 'unkind');
  network = (await demo.get('/network/v2.0/networks?name=private')).body.networks[0].id;
  // what is made once: a project's default group, its counts, the key of consoles
  const [first] = await servers(1, {});
  const volume = (await ask('POST', `${VOLUME}/volumes`, { volume: { size: 1 } }, 202)).body.volume.id as string;
  await stands(`${VOLUME}/volumes/${volume}`, (body) => body.volume.status === 'available');
  await stands(`${COMPUTE}/servers/${first}`, ({ server }) => server.status === 'ACTIVE');
  await gone([first!], [volume]);
});
after(async () => {
  await cloud?.stop();
  day.stop();
});

for (const seed of SEEDS) {
  test(`on an unkind day of AWS's (${seed}) servers and volumes come up or say why not, no answer is a 500, and nothing is left of what is deleted`, { timeout: 300_000 }, async (t) => {
    await settled();
    const earlier = await everything(cloud);
    day.begin(seed);
    const volumes = await Promise.all([1, 2, 3].map(async () => (await ask('POST', `${VOLUME}/volumes`, { volume: { size: 1 } }, 202)).body.volume.id as string));
    const fromImage = await servers(4, {});
    const fromVolume = await servers(2, { imageRef: undefined, block_device_mapping_v2: [{ boot_index: 0, uuid: image, source_type: 'image', destination_type: 'volume', volume_size: 1, delete_on_termination: true }] });
    await Promise.all(volumes.map((id) => stands(`${VOLUME}/volumes/${id}`, ({ volume }) => ['available', 'error'].includes(volume.status))));
    const states = await Promise.all([...fromImage, ...fromVolume].map((id) => stands(`${COMPUTE}/servers/${id}`, ({ server }) => server.status === 'ACTIVE' || (server.status === 'ERROR' && server.fault))));
    const active = states.filter(({ server }) => server.status === 'ACTIVE').map(({ server }) => server.id as string);
    t.diagnostic(`${active.length} of ${states.length} servers are ACTIVE; ${states.filter(({ server }) => server.fault).map(({ server }) => server.fault.message).join('; ')}`);
    assert.ok(active.length >= states.length / 2, 'half of them at least');
    await ask('POST', `${COMPUTE}/servers/${active[0]}/os-volume_attachments`, { volumeAttachment: { volumeId: volumes[0] } }, 200, 400, 409); // 400: they are on different hosts
    await stands(`${VOLUME}/volumes/${volumes[0]}`, ({ volume }) => ['available', 'in-use', 'error'].includes(volume.status));
    await ask('POST', `${COMPUTE}/servers/${active[1]}/action`, { reboot: { type: 'HARD' } }, 202, 409);
    await gone([...fromImage, ...fromVolume], volumes);
    day.end();
    t.diagnostic(Object.entries(day.done).map(([what, times]) => `${what} ${times}`).join(', '));

    await settled();
    const left = [...(await everything(cloud))].filter(([key, item]) => !earlier.has(key) && !item['expires_at']).map(([key]) => key);
    assert.deepEqual(left, [], 'records that were not there before, and will not expire');
    const ports = (await demo.get('/network/v2.0/ports')).body.ports.filter((port: any) => port.device_owner.startsWith('compute:'));
    assert.deepEqual(ports, []);
    assert.deepEqual((await demo.get(`${VOLUME}/attachments`, { 'OpenStack-API-Version': 'volume 3.44' })).body.attachments, []);
    assert.deepEqual((await demo.get(`${VOLUME}/volumes`)).body.volumes, []);
    const { absolute } = (await demo.get(`${COMPUTE}/limits`)).body.limits;
    assert.deepEqual([absolute.totalInstancesUsed, absolute.totalCoresUsed, absolute.totalRAMUsed], [0, 0, 0]);
    const admin = await apiAs('admin', cloud.endpoint, cloud.dataDir);
    for (const host of (await admin.get(`${COMPUTE}/os-hypervisors/detail`)).body.hypervisors) assert.deepEqual([host.running_vms, host.vcpus_used, host.local_gb_used], [0, 0, 0], host.hypervisor_hostname);
  });
}

test('the days were unkind', () => {
  for (const what of ['throttled', 'cancelled transaction', 'colliding write', 'doubled message', 'late message', 'unprocessed reads', 'failed sends']) assert.ok(day.done[what], `there was ${what}`);
});

/** A client's request: again after a 503 or a 429, as clients do; an answer that is neither expected nor one of those fails the test. */
async function ask(method: string, path: string, body: unknown, ...expected: number[]): Promise<ApiAnswer> {
  return eventually(async () => {
    const answer = await demo.request(method, path, body, path.startsWith(COMPUTE) ? latest : {});
    if (answer.status === 503 || answer.status === 429) throw new Error(`${method} ${path} keeps answering ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer;
  }, 30).then((answer) => {
    assert.ok(expected.includes(answer.status), `${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer;
  });
}

async function servers(count: number, more: object): Promise<string[]> {
  const made = await Promise.all(Array.from({ length: count }, () =>
    ask('POST', `${COMPUTE}/servers`, { server: { name: 'unkind', flavorRef: '1', imageRef: image, networks: [{ uuid: network }], ...more } }, 202)));
  return made.map(({ body }) => body.server.id);
}

/** What a path shows once it is as wanted; the sweepers look after what only time would bring about. */
async function stands(path: string, wanted: (body: any) => unknown): Promise<any> {
  const end = Date.now() + 120_000;
  for (;;) {
    const { body } = await ask('GET', path, undefined, 200);
    if (wanted(body)) return body;
    if (Date.now() > end) throw new Error(`${path} stays ${JSON.stringify(body)}`);
    await new Promise((done) => setTimeout(done, 400));
  }
}

async function gone(ids: string[], volumes: string[]): Promise<void> {
  const end = Date.now() + 120_000;
  const away = async (path: string) => {
    for (;;) {
      const { status, body } = await ask('DELETE', path, undefined, 202, 204, 404, 400, 409);
      if (status === 404) return;
      if (Date.now() > end) throw new Error(`${path} is not gone: ${status} ${JSON.stringify(body)}; ${JSON.stringify((await demo.get(path)).body)}`);
      await new Promise((done) => setTimeout(done, 700));
    }
  };
  await Promise.all(ids.map((id) => away(`${COMPUTE}/servers/${id}`)));
  await Promise.all(volumes.map((id) => away(`${VOLUME}/volumes/${id}`)));
}

/** Nothing is under way, no command waits for its host, and the sweepers, which ring again for one whose ring was lost, have been by. */
async function settled(): Promise<void> {
  await eventually(async () => {
    await quiet(cloud);
    for (const name of ['nova-compute-sweep', 'cinder-sweep', 'nova-conductor-sweep']) await cloud.invoke(name, {});
    await quiet(cloud);
    assert.deepEqual([...(await everything(cloud)).keys()].filter((key) => key.includes('/COMMAND#')), []);
  }, 90, 3000);
}
