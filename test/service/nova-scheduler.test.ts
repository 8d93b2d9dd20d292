import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startComputeRig, type ComputeRig } from '../support/compute-rig.ts';
import { assertNothingLeft, settle } from '../support/launch-checks.ts';

const FLEET = 50;
let rig: ComputeRig;
before(async () => { rig = await startComputeRig({ hosts: Array.from({ length: FLEET }, (_, i) => `host-${i + 1}`) }); });
after(() => rig.stop());

test('many launches at once on many hosts: every one finds room, none takes more than there is, and each costs few requests', { timeout: 300_000 }, async (t) => {
  const servers = [];
  for (let i = 0; i < 40; i++) servers.push(await rig.launch());
  rig.gate();
  await rig.pump({ atOnce: 10 });
  const instances = await Promise.all(servers.map(({ uuid }) => rig.instance(uuid)));
  assert.deepEqual(instances.map((instance) => instance?.vm_state), servers.map(() => 'active'));
  const counts = new Map<string, number>();
  for (const { queue, what } of rig.calls) counts.set(`${queue} ${what}`, (counts.get(`${queue} ${what}`) ?? 0) + 1);
  const perLaunch = (pattern: RegExp) => [...counts].filter(([what]) => pattern.test(what)).reduce((sum, [, count]) => sum + count, 0) / servers.length;
  t.diagnostic(`per launch: ${perLaunch(/DynamoDB/).toFixed(1)} DynamoDB, ${perLaunch(/SendMessage/).toFixed(1)} SQS sends, ${perLaunch(/SendCommand/).toFixed(2)} SSM, ${perLaunch(/PutEvents/).toFixed(1)} events, ${perLaunch(/GET|POST|PUT/).toFixed(1)} REST`);
  assert.ok(perLaunch(/DynamoDB/) < 16, 'the cost does not grow with the fleet');
  const used = await Promise.all(rig.agents.map(({ host }) => rig.node(host)));
  assert.equal(used.reduce((sum, node) => sum + node!.running_vms, 0), servers.length);
  t.diagnostic(`instances on each host: ${used.map((node) => node!.running_vms).join(' ')}`);
  assert.ok(Math.max(...used.map((node) => node!.running_vms)) <= 4, 'they are spread over the fleet');
  for (const { uuid } of servers) await rig.delete(uuid);
  await rig.pump({ atOnce: 10 });
  await settle(rig);
  await assertNothingLeft(rig, servers.map(({ uuid }) => uuid));
});

test('launches that come to one host together are all known to be under way there, so that its disks are not asked for more', async () => {
  const [{ host }] = rig.agents as [(typeof rig.agents)[0]];
  const servers = [];
  for (let i = 0; i < 5; i++) servers.push(await rig.launch({ forced_host: host }));
  await rig.pump({ atOnce: 5 });
  assert.ok((await rig.node(host))!.launches!.length >= servers.length);
  for (const { uuid } of servers) await rig.delete(uuid);
  await settle(rig);
  await assertNothingLeft(rig, servers.map(({ uuid }) => uuid));
});

test('the last room on a host is given once, whatever the schedulers remember', { timeout: 120_000 }, async () => {
  // every host but two is full: 16 MB of memory are left on each of those, for three servers of 8
  const [one, two] = rig.agents.map(({ host }) => host) as [string, string];
  for (const { host } of rig.agents) {
    const node = (await rig.node(host))!;
    const left = host === one || host === two ? 16 : 0;
    await rig.nova.update({ pk: node.pk, sk: node.sk }, { set: { memory_mb_used: (16384 - 512) * 1.5 - left } }); // the schedulers are not told
  }
  const tiny = { flavorid: '2', name: 'tiny', vcpus: 1, memory_mb: 8, root_gb: 1, ephemeral_gb: 0, swap: 0, rxtx_factor: 1, extra_specs: {} };
  const servers = [];
  for (let i = 0; i < 6; i++) servers.push(await rig.launch({ flavor: tiny }));
  await rig.pump({ atOnce: 6 });
  const states = await Promise.all(servers.map(async ({ uuid }) => (await rig.instance(uuid))?.vm_state));
  assert.deepEqual([...states].sort(), ['active', 'active', 'active', 'active', 'error', 'error']);
  for (const host of [one, two]) assert.equal((await rig.node(host))?.memory_mb_used, (16384 - 512) * 1.5);
});

test('a host that is disabled, or has fallen silent, is passed over; when it beats again it is found again', { timeout: 120_000 }, async () => {
  const [one, ...others] = rig.agents;
  for (const { host } of rig.agents) {
    const node = (await rig.node(host))!;
    await rig.nova.update({ pk: node.pk, sk: node.sk }, { set: { memory_mb_used: 0 } });
  }
  for (const agent of others) {
    agent.alive = false;
    const node = (await rig.node(agent.host))!;
    await rig.nova.update({ pk: node.pk, sk: node.sk }, { set: { last_seen_up: new Date(Date.now() - 120_000).toISOString() } });
  }
  const { uuid } = await rig.launch();
  await rig.pump();
  assert.equal((await rig.instance(uuid))?.host, one!.host, 'the only one alive');
  one!.alive = false;
  const node = (await rig.node(one!.host))!;
  await rig.nova.update({ pk: node.pk, sk: node.sk }, { set: { last_seen_up: new Date(Date.now() - 120_000).toISOString() } });
  const none = await rig.launch();
  await rig.pump();
  assert.equal((await rig.instance(none.uuid))?.vm_state, 'error');
  const back = others[7]!;
  back.alive = true;
  back.beat();
  await rig.pump();
  const again = await rig.launch();
  await rig.pump();
  assert.equal((await rig.instance(again.uuid))?.host, back.host);
});
