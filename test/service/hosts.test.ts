import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { COMMAND_PREFIX, type CommandItem, hostPartition } from '../../shared/agent/command.ts';
import { hostsDown } from '../../shared/deployment/metrics.ts';
import { computeNodeKey } from '../../shared/objects/compute_node.ts';
import { table } from '../../shared/store/table.ts';
import { commandIn, startComputeRig, type ComputeRig } from '../support/compute-rig.ts';
import { settle } from '../support/launch-checks.ts';

let rig: ComputeRig;
before(async () => { rig = await startComputeRig(); });
after(() => rig.stop());
const stranger = generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });

test('a host is what its heartbeats say, and nobody else can say it', async () => {
  const [one] = rig.agents as [(typeof rig.agents)[number]];
  const before = (await rig.node(one.host))!;
  assert.equal(before.vcpus, 8);
  assert.equal(before.hypervisor_type, 'fake');
  const { gsi1sk } = before;
  await new Promise((done) => setTimeout(done, 5));
  one.beat();
  await rig.pump();
  const beaten = (await rig.node(one.host))!;
  assert.ok(beaten.last_seen_up! > before.last_seen_up!);
  assert.equal(beaten.gsi1sk, gsi1sk, 'a bare heartbeat is no news to the schedulers');
  one.beat({ vcpus: 16 });
  await rig.pump();
  const grown = (await rig.node(one.host))!;
  assert.equal(grown.vcpus, 16);
  assert.notEqual(grown.gsi1sk, gsi1sk);
  one.beat({ vcpus: 99, sent_at: new Date(Date.now() - 60_000).toISOString() });
  await rig.pump();
  assert.equal((await rig.node(one.host))?.vcpus, 16, 'an older heartbeat changes nothing');
  one.say('host-heartbeats', 'heartbeat', { ...JSON.parse(JSON.stringify({})), sent_at: new Date().toISOString(), vcpus: 1000 }, stranger.privateKey);
  await rig.pump();
  assert.equal((await rig.node(one.host))?.vcpus, 16);
  one.beat({ vcpus: 8 });
  await rig.pump();
});

test('an operator hears of a host that fell silent, and of none that was taken out of service', async (t) => {
  const [one, two] = rig.agents as [(typeof rig.agents)[number], (typeof rig.agents)[number]];
  const nova = table('nova');
  const told = async () => {
    const written = t.mock.method(console, 'log', () => {});
    await rig.sweep('nova-conductor');
    const lines = written.mock.calls.map(({ arguments: [line] }) => String(line)).filter((line) => line.includes(hostsDown.message)).map((line) => JSON.parse(line));
    written.mock.restore();
    return lines.map(({ level, message, hosts, [hostsDown.count]: count }) => ({ level, message, hosts, count }));
  };
  assert.deepEqual(await told(), [], 'all are well');
  const long_ago = new Date(Date.now() - 61_000).toISOString();
  for (const { host } of [one, two]) await nova.update(computeNodeKey(host), { set: { last_seen_up: long_ago } });
  await nova.update(computeNodeKey(two.host), { set: { disabled: true } });
  assert.deepEqual(await told(), [{ level: 'warn', message: 'hosts are down', hosts: [one.host], count: 1 }]);
  await nova.update(computeNodeKey(two.host), { set: { disabled: false } });
  assert.deepEqual((await told()).map(({ count }) => count), [2]);
  for (const agent of [one, two]) agent.beat();
  await rig.pump();
  assert.deepEqual(await told(), []);
});

test('a pool is told to cinder when it changes, and only then', async () => {
  const [one] = rig.agents as [(typeof rig.agents)[number]];
  rig.answers.length = 0;
  one.beat();
  await rig.pump();
  assert.deepEqual(rig.answers.map(({ method }) => method), []);
  one.beat({ volume_pool: { total_gb: 100, free_gb: 42 } });
  await rig.pump();
  assert.deepEqual(rig.answers.map(({ method, args }) => [method, args.host, args.free_gb]), [['update_service_capabilities', one.host, 42]]);
});

test('a host speaks for itself only: no report of another\'s command, forged or stolen, does anything', async () => {
  const [one, two] = rig.agents as [(typeof rig.agents)[number], (typeof rig.agents)[number]];
  for (const agent of rig.agents) agent.behaviour = () => undefined;
  const { uuid } = await rig.launch();
  await rig.pump();
  const { host } = (await rig.instance(uuid))!;
  const [its, other] = host === one.host ? [one, two] : [two, one];
  const at = new Date().toISOString();
  const claim = { command_id: `spawn-${uuid}-1`, kind: 'spawn', subject: uuid, attempt: 1, outcome: 'done', started_at: at, finished_at: at, power_state: 1 };
  other.say('host-reports', 'command_done', claim);
  its.say('host-reports', 'command_done', claim, stranger.privateKey);
  its.say('host-reports', 'command_done', { ...claim, outcome: 'perhaps' });
  await rig.pump();
  assert.equal((await rig.instance(uuid))?.task_state, 'spawning');
  other.say('host-reports', 'power_states', { observed_at: at, guests: [{ instance_uuid: uuid, power_state: 4 }] });
  for (const agent of rig.agents) agent.behaviour = () => ({ outcome: 'done' });
  its.rings = 1;
  await rig.pump();
  assert.equal((await rig.instance(uuid))?.vm_state, 'active');
  other.say('host-reports', 'power_states', { observed_at: new Date().toISOString(), guests: [{ instance_uuid: uuid, power_state: 4 }] });
  await rig.pump();
  assert.equal((await rig.instance(uuid))?.vm_state, 'active');
  its.say('host-reports', 'power_states', { observed_at: new Date().toISOString(), guests: [{ instance_uuid: uuid, power_state: 4 }] });
  await rig.pump();
  const stopped = (await rig.instance(uuid))!;
  assert.deepEqual([stopped.vm_state, stopped.power_state], ['stopped', 4], 'a guest that shut down from inside');
  await rig.delete(uuid);
  await settle(rig);
});

test('enrolment is safe to repeat; a new key makes the old one void; what makes no sense is refused', async () => {
  const [one] = rig.agents as [(typeof rig.agents)[number]];
  const before = (await rig.node(one.host))!;
  const same = { command: 'enrol', host: one.host, instanceId: one.id, publicKey: one.keys.publicKey, consoleUrl: 'http://127.0.0.1:6080/' };
  await rig.manage(same);
  await rig.pump();
  const after = (await rig.node(one.host))!;
  assert.deepEqual([after.uuid, after.vcpus, after.vcpus_used, after.created_at], [before.uuid, before.vcpus, before.vcpus_used, before.created_at]);
  await rig.manage({ ...same, publicKey: stranger.publicKey });
  await rig.pump();
  one.beat({ vcpus: 77 });
  await rig.pump();
  assert.equal((await rig.node(one.host))?.vcpus, 8);
  await rig.manage(same);
  await rig.pump();
  const { hosts } = (await rig.manage({ command: 'list' })) as { hosts: { host: string }[] };
  assert.deepEqual(hosts.map(({ host }) => host), ['host-1', 'host-2']);
  await assert.rejects(() => rig.manage({ command: 'enrol', host: 'x' }), /not a request/);
  await assert.rejects(() => rig.manage({ ...same, publicKey: 'nonsense' }));
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  await assert.rejects(() => rig.manage({ ...same, publicKey: rsa.publicKey }), /Ed25519/);
});

test('a retired host is heard no more, its volumes\' room is gone, and it may be enrolled again', async () => {
  const host = 'going';
  const { publicKey } = generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  const names = async () => ((await rig.manage({ command: 'list' })) as { hosts: { host: string }[] }).hosts.map((each) => each.host);
  await rig.manage({ command: 'enrol', host, instanceId: 'mi-00000000000000009', publicKey, consoleUrl: 'http://127.0.0.1:6080' });
  assert.ok((await names()).includes(host));
  rig.answers.length = 0;
  const retired = (await rig.manage({ command: 'retire', host })) as { host: { instanceId: string } };
  assert.equal(retired.host.instanceId, 'mi-00000000000000009');
  await rig.pump();
  assert.deepEqual(rig.answers.map(({ method, args }) => [method, args.host, args.total_gb, args.free_gb]), [['update_service_capabilities', host, 0, 0]]);
  assert.ok(!(await names()).includes(host));
  assert.deepEqual(await rig.manage({ command: 'retire', host }), { host: null });
  await assert.rejects(() => rig.manage({ command: 'retire', host: '../x' }), /not a request/);
});

test('a host that takes nothing but garbage from the queues loses nothing', async () => {
  rig.waiting.push({ queue: 'host-reports', body: 'garbage', receives: 0 }, { queue: 'host-reports', body: '{}', receives: 0 }, { queue: 'host-heartbeats', body: '[]', receives: 0 });
  await rig.pump();
  assert.deepEqual(rig.dead, []);
});

test('orphaned claims and wrong counters are put right, one host at a time', async () => {
  const { reconcile } = await import('../../functions/nova-conductor/sweep/reconcile.ts');
  const { claimKey, claimsIndex } = await import('../../shared/objects/compute_node.ts');
  const [one] = rig.agents as [(typeof rig.agents)[number]];
  const uuid = '77777777-2222-4333-8444-555555555555';
  const node = (await rig.node(one.host))!;
  await rig.nova.put({ ...claimKey(uuid), instance_uuid: uuid, project_id: 'p', host: one.host, attempt: 1, vcpus: 2, memory_mb: 100, local_gb: 1, created_at: '2020-01-01T00:00:00Z', ...claimsIndex(one.host, uuid) });
  await rig.nova.update({ pk: node.pk, sk: node.sk }, { add: { vcpus_used: 2, memory_mb_used: 100, local_gb_used: 1, running_vms: 1 } });
  await reconcile((await rig.node(one.host))!);
  assert.equal(await rig.nova.get(claimKey(uuid)), undefined);
  const after = (await rig.node(one.host))!;
  assert.deepEqual([after.vcpus_used, after.memory_mb_used, after.running_vms], [0, 0, 0]);
  await rig.nova.update({ pk: node.pk, sk: node.sk }, { set: { vcpus_used: 5, gsi1sk: `2020-01-01T00:00:00.000Z#${one.host}` } });
  await reconcile((await rig.node(one.host))!);
  assert.equal((await rig.node(one.host))?.vcpus_used, 0);
});

test('a host gets commands as its agent reads them: in bytes from a report that says so on, plainly before and after it is put back', async () => {
  const agent = rig.agents[0]!;
  const kept: string[] = [];
  const launch = async (readsCompressed: boolean) => {
    agent.readsCompressed = readsCompressed;
    agent.behaviour = () => undefined; // so that the command is still there
    const { uuid } = await rig.launch({ forced_host: agent.host });
    await rig.pump();
    const [item] = await rig.journal.query<CommandItem & Record<string, unknown>>({ pk: hostPartition(agent.host), prefix: COMMAND_PREFIX });
    assert.deepEqual([commandIn(item!).kind, commandIn(item!).subject], ['spawn', uuid]);
    kept.push(item!.command instanceof Uint8Array ? 'bytes' : 'plain');
    agent.behaviour = () => ({ outcome: 'done' });
    agent.rung();
    await rig.pump();
    assert.equal((await rig.instance(uuid))!.vm_state, 'active');
  };
  const { enrolmentKey, enrolmentOf } = await import('../../functions/nova-compute/host/enrolment.ts');
  await rig.journal.change(enrolmentKey(agent.host), { set: { reads_compressed: false } }); // as after its enrolment
  for (const readsCompressed of [true, true, false, false]) {
    await enrolmentOf(agent.host, { afresh: true }); // remembered for ten minutes otherwise
    await launch(readsCompressed);
  }
  assert.deepEqual(kept, ['plain', 'bytes', 'bytes', 'plain']);
});
