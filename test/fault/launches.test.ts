import { after, afterEach, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { stepsOf } from '../../shared/objects/action.ts';
import { rootDisk, startComputeRig, imageId, networkId, type ComputeRig } from '../support/compute-rig.ts';
import { assertNothingLeft, assertOneGuest, inFlight, settle } from '../support/launch-checks.ts';
import { groupId } from '../support/stand-ins.ts';

let rig: ComputeRig;
before(async () => { rig = await startComputeRig({ hosts: ['host-1', 'host-2', 'host-3', 'host-4'] }); });
after(() => rig.stop());
afterEach(() => {
  rig.gate();
  rig.world.refusals.length = 0;
  rig.world.volumeStatus = 'available';
  rig.dead.length = 0;
  for (const agent of rig.agents) Object.assign(agent, { behaviour: () => ({ outcome: 'done' }), alive: true });
});

async function deleteAll(...uuids: string[]): Promise<void> {
  for (const uuid of uuids) await rig.delete(uuid);
  await settle(rig);
  await assertNothingLeft(rig, uuids);
}

test('a host where the guest cannot be started costs the user nothing but a moment: the next host has it', async () => {
  let failed: string | undefined;
  for (const agent of rig.agents) {
    agent.behaviour = ({ kind }) => {
      if (kind !== 'spawn' || (failed !== undefined && failed !== agent.host)) return { outcome: 'done' };
      failed = agent.host;
      return { outcome: 'failed', reason: 'no more memory', retryable: true };
    };
  }
  const { uuid, create_request_id } = await rig.launch();
  await rig.pump();
  await assertOneGuest(rig, uuid);
  const instance = (await rig.instance(uuid))!;
  assert.notEqual(instance.host, failed);
  assert.equal(instance.attempt, 2);
  assert.equal((await rig.node(failed!))?.failed_builds, 1, 'the scheduler hears of it');
  assert.equal((await rig.node(failed!))?.vcpus_used, 0);
  assert.equal((await rig.action(uuid, create_request_id))?.message, null);
  await deleteAll(uuid);
});

test('where no host can start it the server is in ERROR, says so in Nova\'s words, and keeps its quota until it is deleted', async () => {
  for (const agent of rig.agents) agent.behaviour = ({ kind }) => (kind === 'spawn' ? { outcome: 'failed', reason: 'broken', retryable: true } : { outcome: 'done' });
  const { uuid, create_request_id } = await rig.launch();
  await rig.pump();
  const instance = (await rig.instance(uuid))!;
  assert.equal(instance.vm_state, 'error');
  assert.equal(instance.host, null);
  assert.equal(instance.fault?.message, `Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance ${uuid}. broken`);
  assert.equal(instance.fault.details, 'broken');
  const action = (await rig.action(uuid, create_request_id))!;
  assert.equal(action.message, 'Error');
  assert.equal(action.events['compute__do_build_and_run_instance']?.result, 'Error');
  assert.equal(stepsOf(action).at(-1)!.step, 28);
  assert.equal(stepsOf(action).at(-1)!.result, 'Error');
  assert.equal((await rig.quota())?.instances, 1);
  assert.equal(rig.world.ports.size, 0);
  assert.ok(rig.world.events.some(({ type, instance_id }) => type === 'compute.instance.create.error' && instance_id === uuid));
  assert.deepEqual(await inFlight(rig), []);
  await deleteAll(uuid);
});

test('a fault that no other host would mend ends the launch at once, with the reason', async () => {
  rig.world.refusals.push({ method: 'POST', path: /\/ports$/, status: 409, message: 'IP address 10.0.0.9 already allocated in subnet s.' });
  const { uuid } = await rig.launch();
  await rig.pump();
  const instance = (await rig.instance(uuid))!;
  assert.equal(instance.vm_state, 'error');
  assert.match(instance.fault!.message, /aborted: IP address 10\.0\.0\.9 already allocated/);
  await deleteAll(uuid);
});

test('each refusal of another service ends in ERROR and leaves nothing', async () => {
  const port = [...rig.world.ports.values()];
  assert.deepEqual(port, []);
  const cases: [string, RegExp, object?][] = [
    ['GET', /\/images\//], ['GET', /\/networks/, { requested_networks: 'auto' }], ['GET', /\/security-groups/], ['POST', /\/ports/], ['GET', /\/attachments/],
  ];
  for (const [method, path, more] of cases) {
    const refusal = { method, path, status: 403, message: 'You may not.' };
    rig.world.refusals.push(refusal);
    const { uuid } = await rig.launch({ security_groups: [groupId], ...more });
    await rig.pump({ see: ({ body }) => {
      // it goes on answering once it is undone
      if (body.includes('"method":"build_failed"')) rig.world.refusals.length = 0;
    } });
    rig.world.refusals.length = 0;
    await settle(rig);
    const instance = (await rig.instance(uuid))!;
    assert.equal(instance.vm_state, 'error', `${method} ${path}`);
    await deleteAll(uuid);
  }
});

test('a service that is away for good ends the launch with the reason, in the dead-letter queue', async () => {
  rig.world.refusals.push({ method: 'POST', path: /\/ports$/, status: 503, message: 'gone fishing' });
  const { uuid } = await rig.launch();
  await rig.pump();
  await settle(rig);
  const instance = (await rig.instance(uuid))!;
  assert.equal(instance.vm_state, 'error');
  assert.match(instance.fault!.message, /gone fishing/);
  assert.equal(rig.dead.length, 1);
  rig.world.refusals.length = 0;
  await deleteAll(uuid);
});

test('a host that never answers is fenced off, and only then the next one is asked', async () => {
  const silent: string[] = [];
  for (const agent of rig.agents) {
    agent.behaviour = ({ kind }) => {
      if (kind !== 'spawn' || (silent.length > 0 && silent[0] !== agent.host)) return { outcome: 'done' };
      silent[0] = agent.host;
      return undefined;
    };
  }
  const { uuid } = await rig.launch();
  await rig.pump();
  const first = (await rig.instance(uuid))!;
  assert.equal(first.task_state, 'spawning');
  const shown = async () => {
    const action = (await rig.action(uuid, first.create_request_id))!;
    return [action.events['compute__do_build_and_run_instance']?.result, stepsOf(action).some(({ step }) => step === 27)];
  };
  assert.deepEqual(await shown(), [null, false], 'its end would tell the rest');
  const rings = rig.world.rings;
  await rig.passTime(20);
  await rig.sweep('nova-compute');
  await rig.pump();
  assert.equal(rig.world.rings, rings + 1, 'rung for again');
  assert.deepEqual(await shown(), [null, true], 'its record shows that it waits for its host');
  assert.equal((await rig.instance(uuid))?.host, first.host, 'before its time is over no other host is asked');
  await rig.passTime(150);
  await rig.sweep('nova-compute');
  await rig.pump();
  await assertOneGuest(rig, uuid);
  assert.notEqual((await rig.instance(uuid))?.host, silent[0]);
  await deleteAll(uuid);
});

test('a success that is told too late is undone: there are never two guests', async () => {
  const late: { agent: (typeof rig.agents)[number]; command: any }[] = [];
  for (const agent of rig.agents) {
    agent.behaviour = (command) => {
      if (command.kind !== 'spawn' || late.length > 0) return { outcome: 'done' };
      late.push({ agent, command });
      return undefined;
    };
  }
  const { uuid } = await rig.launch();
  await rig.pump();
  await rig.passTime(200);
  await rig.sweep('nova-compute');
  await rig.pump();
  const [{ agent, command }] = late as [(typeof late)[number]];
  agent.guests.set(uuid, command.attempt);
  agent.say('host-reports', 'command_done', { ...agent.do({ ...command }), outcome: 'done' });
  await rig.pump();
  await assertOneGuest(rig, uuid);
  assert.equal(agent.guests.size, 0);
  await deleteAll(uuid);
});

test('every message three times and in any order: one guest, and nothing left of it', async () => {
  let seed = 42;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  for (let round = 0; round < 4; round++) {
    const servers = await Promise.all([rig.launch(), rig.launch()]);
    const pick = (messages: unknown[]) => Math.floor(random() * messages.length);
    await rig.pump({ times: 3, pick });
    await settle(rig);
    for (const { uuid } of servers) assert.equal((await rig.instance(uuid))?.vm_state, 'active');
    for (const { uuid } of servers) await rig.delete(uuid);
    await rig.pump({ times: 3, pick });
    await settle(rig);
    await assertNothingLeft(rig, servers.map(({ uuid }) => uuid));
  }
});

test('a server that is deleted at any moment of its launch is gone, and nothing is left', { timeout: 300_000 }, async () => {
  for (let moment = 0; moment < 14; moment++) {
    const { uuid } = await rig.launch();
    let delivered = 0;
    let asked = false;
    // the messages up to that moment, then the deletion before everything that still waits
    await rig.pump({ see: () => void delivered++, pick: () => 0, until: () => delivered >= moment });
    await rig.delete(uuid);
    asked = true;
    await rig.pump({ pick: (messages) => messages.length - 1 });
    await settle(rig);
    assert.ok(asked);
    await assertNothingLeft(rig, [uuid]);
  }
});

test("a deletion whose message comes twice goes on with its host's word, whatever becomes of the repeat", async () => {
  const { uuid } = await rig.launch();
  await rig.pump();
  await rig.delete(uuid);
  let first: number | undefined;
  const calls = new Map<number, number>();
  rig.gate(({ delivery }) => {
    first ??= delivery;
    const nth = (calls.get(delivery) ?? 0) + 1;
    calls.set(delivery, nth);
    return delivery === first + 1 && nth > 2 ? 'refuse' : 'pass'; // the repeat dies when it has found what is there
  });
  await rig.pump({ times: 2 });
  assert.equal((await rig.instance(uuid))?.vm_state, 'deleted', 'no sweeper is needed');
  rig.gate();
  await settle(rig);
  await assertNothingLeft(rig, [uuid]);
});

test('a deletion whose host is silent goes on without it, and the host takes the guest away when it comes back', async () => {
  const { uuid } = await rig.launch();
  await rig.pump();
  const host = rig.agentOf((await rig.instance(uuid))!.host!);
  host.behaviour = () => undefined;
  await rig.delete(uuid);
  await rig.pump();
  assert.equal((await rig.instance(uuid))?.task_state, 'deleting');
  await rig.passTime(100);
  await rig.sweep('nova-compute');
  await rig.pump();
  assert.equal((await rig.instance(uuid))?.vm_state, 'deleted');
  assert.equal(host.guests.size, 1);
  host.behaviour = () => ({ outcome: 'done' });
  host.rings = 1; // it starts, and looks
  await settle(rig);
  await assertNothingLeft(rig, [uuid]);
});

test('a host that cannot take the guest away leaves the server in ERROR, and a second deletion does better', async () => {
  const { uuid } = await rig.launch();
  await rig.pump();
  const host = rig.agentOf((await rig.instance(uuid))!.host!);
  host.behaviour = () => ({ outcome: 'failed', reason: 'the disk is busy' });
  await rig.delete(uuid);
  await rig.pump();
  const instance = (await rig.instance(uuid))!;
  assert.equal(instance.vm_state, 'error');
  assert.equal(instance.task_state, null);
  assert.equal(instance.fault?.message, 'the disk is busy');
  host.behaviour = () => ({ outcome: 'done' });
  await deleteAll(uuid);
});

test('a launch from a volume waits for it without anybody waiting, and the volume goes with the server', async () => {
  const block_devices = [{ boot_index: 0, source_type: 'image', destination_type: 'volume', image_id: imageId, volume_size: 1, delete_on_termination: true, device_name: '/dev/vda' }] as (typeof rootDisk)[];
  rig.world.volumeStatus = 'creating';
  const { uuid } = await rig.launch({ image_ref: '', block_devices });
  await rig.pump();
  assert.equal((await rig.instance(uuid))?.task_state, 'networking');
  const [volume] = [...rig.world.volumes.values()];
  volume!.status = 'available';
  await rig.volumeReady(uuid, volume!.id);
  await rig.pump({ times: 2 });
  await assertOneGuest(rig, uuid);
  const instance = (await rig.instance(uuid))!;
  assert.equal(instance.block_devices[0]?.volume_id, volume!.id);
  assert.deepEqual([...rig.world.attachments.values()].map(({ status }) => status), ['attached']);
  await deleteAll(uuid);
});

test('a volume that cannot be made is not left behind when the launch moves on', async () => {
  const block_devices = [{ boot_index: 0, source_type: 'image', destination_type: 'volume', image_id: imageId, volume_size: 1, delete_on_termination: true, device_name: '/dev/vda' }] as (typeof rootDisk)[];
  rig.world.volumeStatus = 'error';
  const { uuid } = await rig.launch({ image_ref: '', block_devices });
  await rig.pump();
  const instance = (await rig.instance(uuid))!;
  assert.equal(instance.vm_state, 'error');
  assert.equal(rig.world.volumes.size, 0);
  await deleteAll(uuid);
});

test('a port and a volume that the user brought are let go of, never deleted', async () => {
  const port = { id: '55555555-2222-4333-8444-555555555555', network_id: networkId, device_id: '', device_owner: '', mac_address: 'fa:16:3e:11:11:11', fixed_ips: [{ subnet_id: '33333333-2222-4333-8444-555555555555', ip_address: '10.0.9.9' }], security_groups: [], project_id: 'p' };
  rig.world.ports.set(port.id, port);
  const volume = { id: '66666666-2222-4333-8444-555555555555', status: 'available', size: 1, attachments: [], kept: true };
  rig.world.volumes.set(volume.id, volume);
  const { uuid } = await rig.launch({
    requested_networks: [{ port_id: port.id, network_id: networkId }],
    block_devices: [rootDisk, { boot_index: null, source_type: 'volume', destination_type: 'volume', volume_id: volume.id, delete_on_termination: false, device_name: '/dev/vdb' }],
  });
  await rig.pump();
  await assertOneGuest(rig, uuid);
  assert.equal(rig.world.attachments.size, 1);
  await rig.delete(uuid);
  await settle(rig);
  assert.equal(rig.world.ports.get(port.id)?.device_id, '');
  assert.ok(rig.world.volumes.has(volume.id));
  rig.world.ports.clear();
  rig.world.volumes.clear();
  await assertNothingLeft(rig, [uuid]);
});

test('a port that two servers want at once is given to one of them; a change of something else is in nobody\'s way', async () => {
  const id = '77777777-2222-4333-8444-555555555555';
  const port = { id, network_id: networkId, device_id: '', device_owner: '', mac_address: 'fa:16:3e:22:22:22', fixed_ips: [], security_groups: [], project_id: 'p', revision_number: 1 };
  for (const [meanwhile, state] of [[{ device_id: 'another' }, 'error'], [{ name: 'renamed' }, 'active']] as const) {
    rig.world.ports.set(id, { ...port });
    let changed = false;
    rig.gate(({ what }) => {
      const before = rig.world.ports.get(id)!;
      if (what.startsWith('PUT /network/') && !changed) rig.world.ports.set(id, { ...before, ...meanwhile, revision_number: before.revision_number! + 1 });
      changed ||= what.startsWith('PUT /network/');
      return 'pass';
    });
    const { uuid } = await rig.launch({ requested_networks: [{ port_id: id, network_id: networkId }] });
    await rig.pump();
    rig.gate();
    assert.ok(changed);
    const { vm_state, fault } = (await rig.instance(uuid))!;
    assert.equal(vm_state, state, JSON.stringify(fault));
    assert.equal(rig.world.ports.get(id)!.device_id, state === 'active' ? uuid : 'another');
    await rig.delete(uuid);
    await settle(rig);
    rig.world.ports.delete(id);
    await assertNothingLeft(rig, [uuid]);
  }
});

test('a volume that cinder keeps, for it has snapshots, does not keep the server that it was to go with', async () => {
  const volume = { id: '77777777-2222-4333-8444-555555555555', status: 'available', size: 1, attachments: [] };
  rig.world.volumes.set(volume.id, volume);
  const { uuid } = await rig.launch({ block_devices: [rootDisk, { boot_index: null, source_type: 'volume', destination_type: 'volume', volume_id: volume.id, delete_on_termination: true, device_name: '/dev/vdb' }] });
  await rig.pump();
  await assertOneGuest(rig, uuid);
  rig.world.refusals.push({ method: 'DELETE', path: new RegExp(`/volumes/${volume.id}$`), status: 400, message: 'Invalid volume: Volume status must not have snapshots.' });
  await rig.delete(uuid);
  await settle(rig);
  assert.ok(rig.world.volumes.delete(volume.id), 'the volume is still there');
  await assertNothingLeft(rig, [uuid]);
});

test('no host has room: ERROR with Nova\'s text, and which filter refused how many', async () => {
  const big = { flavorid: '9', name: 'huge', vcpus: 1, memory_mb: 999_999, root_gb: 1, ephemeral_gb: 0, swap: 0, rxtx_factor: 1, extra_specs: {} };
  const { uuid, create_request_id } = await rig.launch({ flavor: big });
  await rig.pump({ times: 2 });
  const instance = (await rig.instance(uuid))!;
  assert.equal(instance.vm_state, 'error');
  assert.equal(instance.fault?.message, 'No valid host was found. There are not enough hosts available.');
  const action = (await rig.action(uuid, create_request_id))!;
  assert.equal(action.message, 'Error');
  assert.deepEqual(action.filter_verdicts?.at(-1), { filter: 'RamFilter', before: 4, after: 0, refused: ['host-1', 'host-2', 'host-3', 'host-4'] });
  await rig.nova.update({ pk: instance.pk, sk: instance.sk }, { set: { flavor: { ...big, memory_mb: 512 } } }); // the quota that the rig took
  await deleteAll(uuid);
});

test('a launch that nobody has scheduled is scheduled by the sweeper', async () => {
  const { uuid } = await rig.launch();
  await rig.pump({ see: ({ queue }) => queue !== 'nova-scheduler' }); // the message is lost
  await rig.passTime(200);
  await rig.sweep('nova-conductor');
  await rig.pump();
  await assertOneGuest(rig, uuid);
  await deleteAll(uuid);
});

test('whichever message of a launch is lost, the sweepers bring it to its end', { timeout: 300_000 }, async () => {
  const methods = ['select_destinations', 'build_and_run_instance', 'instance_get', 'instance_got', 'instance_update', 'command_done'];
  for (const method of methods) {
    let lost = false;
    const { uuid } = await rig.launch();
    await rig.pump({ see: ({ body }) => {
      if (lost || !body.includes(`"method":"${method}"`) && !body.includes(`\\"method\\":\\"${method}\\"`)) return true;
      lost = true;
      return false;
    } });
    await settle(rig);
    assert.ok(lost, method);
    assert.equal((await rig.instance(uuid))?.vm_state, 'active', method);
    await deleteAll(uuid);
  }
});

test('server actions: each state is what the host made of it, once, however often the message comes', async () => {
  const { uuid } = await rig.launch();
  await rig.pump();
  const cases: [string, string, string, number][] = [
    ['stop', 'powering-off', 'stopped', 4], ['start', 'powering-on', 'active', 1], ['reboot', 'rebooting', 'active', 1],
    ['pause', 'pausing', 'paused', 3], ['unpause', 'unpausing', 'active', 1], ['suspend', 'suspending', 'suspended', 4], ['resume', 'resuming', 'active', 1],
  ];
  for (const [action, task, vm, power] of cases) {
    const request = await rig.act(uuid, action, action === 'reboot' ? { type: 'SOFT' } : {}, task);
    await rig.pump({ times: 2 });
    const instance = (await rig.instance(uuid))!;
    assert.deepEqual([instance.vm_state, instance.task_state, instance.power_state], [vm, null, power], action);
    const event = (await rig.action(uuid, request))?.events[`compute_${action}_instance`];
    assert.equal(event?.result, 'Success', action);
  }
  rig.agentOf((await rig.instance(uuid))!.host!).behaviour = () => ({ outcome: 'failed', reason: 'the guest hangs' });
  const request = await rig.act(uuid, 'stop', {}, 'powering-off');
  await rig.pump();
  const instance = (await rig.instance(uuid))!;
  assert.deepEqual([instance.vm_state, instance.task_state], ['active', null]);
  const action = (await rig.action(uuid, request))!;
  assert.equal(action.message, 'Error');
  assert.equal(action.events['compute_stop_instance']?.details, 'the guest hangs');
  rig.agentOf(instance.host!).behaviour = () => ({ outcome: 'done' });
  await deleteAll(uuid);
});
