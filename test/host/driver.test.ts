import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { after, test, type TestContext } from 'node:test';
import { checkHost, lacksInWords } from '../../agent/check.ts';
import { ActionFailed } from '../../agent/drivers/driver.ts';
import { LibvirtFailed, openVirsh } from '../../agent/drivers/libvirt/virsh.ts';
import { eventually } from '../support/eventually.ts';
import { libvirtdTurn } from '../support/libvirtd-turn.ts';
import { blank, driverRig, Killed, killer, newJob } from './driver-rig.ts';
import { vifOf } from './network-rig.ts';

const { lacks } = await checkHost();
const skip = lacks.length > 0 && `guests of libvirt need what is not here: ${lacksInWords(lacks)}`;
const [RUNNING, PAUSED, SHUTDOWN, CRASHED, SUSPENDED] = [1, 3, 4, 6, 7] as const;

const LIBVIRTD = '/run/libvirtd.pid';

const rigs: ReturnType<typeof driverRig>[] = [];
after(async () => {
  for (const rig of rigs) await rig.stop();
});
function newRig(_t: TestContext) {
  const rig = driverRig();
  rigs.push(rig);
  return rig;
}
const domid = (rig: ReturnType<typeof driverRig>, uuid: string) => rig.virsh('domid', uuid);

test('a guest goes through all its states, and nothing is left of it', { skip }, async (t) => {
  const rig = newRig(t);
  const driver = rig.start();
  const spawn = rig.args({ vifs: [vifOf(randomUUID(), 5)], config_drive: true, name: `'/><b>\u0000$(reboot)`, metadata: { '<': ']]>' } });
  const guest = { instance_uuid: spawn.instance_uuid };
  const state = async (work: Promise<{ power_state?: number }>) => (await work).power_state;
  assert.equal(await state(driver.actions.spawn(spawn, newJob())), RUNNING);
  assert.equal(await state(driver.actions.pause(guest, newJob())), PAUSED);
  assert.equal(await state(driver.actions.unpause(guest, newJob())), RUNNING);
  assert.equal(await state(driver.actions.suspend(guest, newJob())), SUSPENDED);
  assert.equal(await state(driver.actions.resume(guest, newJob())), RUNNING);
  assert.equal(await state(driver.actions.stop({ ...guest, timeout: 1 }, newJob())), SHUTDOWN);
  await assert.rejects(driver.actions.pause(guest, newJob()), /^ActionFailed: The guest is shut down\.$/);
  assert.equal(await state(driver.actions.start(guest, newJob())), RUNNING);
  const reboot = newJob();
  const before = domid(rig, guest.instance_uuid);
  assert.equal(await state(driver.actions.reboot({ ...guest, type: 'HARD' }, reboot)), RUNNING);
  const rebooted = domid(rig, guest.instance_uuid);
  assert.notEqual(rebooted, before);
  await driver.actions.reboot({ ...guest, type: 'HARD' }, reboot);
  assert.equal(domid(rig, guest.instance_uuid), rebooted, 'a reboot that comes again happened twice');
  assert.deepEqual(driver.guests(), [{ uuid: guest.instance_uuid, power_state: RUNNING }]);
  assert.ok((await driver.facts()).guests.includes(guest.instance_uuid));
  assert.deepEqual(rig.told, [], 'changes that commands made were told as if they had happened by themselves');
  await driver.actions.destroy(guest, newJob());
  assert.deepEqual(rig.left(), { domains: [], files: [], namespaces: [] });
});

test('disks and interfaces of a guest that is shut down come and go, and are there when it starts', { skip }, async (t) => {
  const rig = newRig(t);
  const driver = rig.start();
  const spawn = rig.args();
  const guest = { instance_uuid: spawn.instance_uuid };
  const volume = randomUUID();
  const vif = vifOf(randomUUID(), 6);
  await driver.actions.spawn(spawn, newJob());
  await driver.actions.create_volume({ volume_id: volume, size_gb: 1 }, newJob());
  // a guest that runs gets them at once
  await driver.actions.attach_volume({ ...guest, disk: { device: '/dev/vdb', boot_index: null, source: { type: 'volume', volume_id: volume } } }, newJob());
  await driver.actions.attach_interface({ ...guest, vif }, newJob());
  assert.match(rig.xml(guest.instance_uuid), new RegExp(`ua-volume-${volume}[^]*ua-port-${vif.port_id}`));
  await assert.rejects(driver.actions.delete_volume({ volume_id: volume }, newJob()), /is attached to an instance/);
  const other = rig.args({ disks: [blank, { device: '/dev/vdb', boot_index: null, source: { type: 'volume', volume_id: volume } }] });
  await assert.rejects(driver.actions.spawn(other, newJob()), /is attached to another instance/);
  await driver.actions.reboot({ ...guest, type: 'HARD' }, newJob());
  assert.match(rig.xml(guest.instance_uuid), new RegExp(`<serial>${volume}</serial>`));
  await driver.actions.stop({ ...guest, timeout: 0 }, newJob());
  await driver.actions.detach_volume({ ...guest, volume_id: volume }, newJob());
  await driver.actions.detach_interface({ ...guest, port_id: vif.port_id }, newJob());
  await driver.actions.start(guest, newJob());
  assert.doesNotMatch(rig.xml(guest.instance_uuid), new RegExp(`${volume}|${vif.port_id}`));
  await driver.actions.delete_volume({ volume_id: volume }, newJob());
});

test('what could not be attached is not on the host any more: its address and the volume may go to another guest', { skip }, async (t) => {
  const rig = newRig(t);
  const real = openVirsh();
  let failing = '';
  const driver = rig.start(undefined, {
    virsh: Object.assign(async (...call: Parameters<typeof real>) => {
      if (call[0][0] === failing) throw new LibvirtFailed('No more available PCI slots', undefined);
      return real(...call);
    }, { uri: real.uri }),
  });
  const guest = { instance_uuid: rig.args().instance_uuid };
  const volume_id = randomUUID();
  const disk = { device: '/dev/vdb', boot_index: null, source: { type: 'volume' as const, volume_id } };
  await driver.actions.spawn(rig.args(guest), newJob());
  const definition = () => rig.virsh('dumpxml', '--inactive', guest.instance_uuid);
  const before = definition();

  failing = 'attach-device';
  await assert.rejects(driver.actions.attach_interface({ ...guest, vif: vifOf(randomUUID(), 5) }, newJob()), /No more available PCI slots/);
  assert.deepEqual([rig.left().namespaces, definition()], [[], before]);
  await driver.actions.create_volume({ volume_id, size_gb: 1 }, newJob());
  for (failing of ['attach-device', 'define']) {
    await assert.rejects(driver.actions.attach_volume({ ...guest, disk }, newJob()), /No more available PCI slots/);
    assert.equal(definition(), before);
    assert.doesNotMatch(rig.xml(guest.instance_uuid), /ua-volume/);
  }
  failing = '';
  await driver.actions.delete_volume({ volume_id }, newJob());

  // also where the guest has the device by then, and does not let go of it
  await driver.actions.pause(guest, newJob());
  failing = 'domif-setlink';
  await assert.rejects(driver.actions.attach_interface({ ...guest, vif: vifOf(randomUUID(), 5) }, newJob()), /No more available PCI slots/);
  assert.deepEqual(rig.left().namespaces, []);
});

test('a guest that ends by itself is told, as crashed or shut down, also to an agent that starts later', { skip }, async (t) => {
  const rig = newRig(t);
  let driver = rig.start();
  const spawn = rig.args();
  const guest = { instance_uuid: spawn.instance_uuid };
  await driver.actions.spawn(spawn, newJob());
  process.kill(Number(readFileSync(`/run/libvirt/qemu/instance-${guest.instance_uuid}.pid`, 'utf8')), 'SIGKILL');
  await rig.waitFor(guest.instance_uuid, CRASHED);
  assert.equal((await driver.actions.stop({ ...guest, timeout: 1 }, newJob())).power_state, SHUTDOWN);
  assert.equal((await driver.actions.start(guest, newJob())).power_state, RUNNING);
  rig.virsh('destroy', guest.instance_uuid);
  await rig.waitFor(guest.instance_uuid, SHUTDOWN);
  await driver.actions.start(guest, newJob());
  driver.close();
  rig.told.length = 0;
  rig.virsh('destroy', guest.instance_uuid);
  driver = rig.start();
  await rig.waitFor(guest.instance_uuid, SHUTDOWN);
  assert.deepEqual(driver.guests(), [{ uuid: guest.instance_uuid, power_state: SHUTDOWN }]);
});

test('another agent\'s guest of the same id is left alone', { skip }, async (t) => {
  const [mine, theirs] = [newRig(t), newRig(t)];
  const spawn = theirs.args();
  await theirs.start().actions.spawn(spawn, newJob());
  const before = domid(theirs, spawn.instance_uuid);
  const driver = mine.start();
  await assert.rejects(driver.actions.spawn(mine.args({ instance_uuid: spawn.instance_uuid }), newJob()), /Another agent has a guest of this id/);
  await driver.actions.destroy({ instance_uuid: spawn.instance_uuid }, newJob());
  assert.equal(domid(theirs, spawn.instance_uuid), before);
  mine.servers.length = 0; // it isn't theirs to look after
});

test('a host whose libvirt is away says so, and is silent until it is back', { skip }, async (t) => {
  const rig = newRig(t);
  const driver = rig.start(undefined, { virsh: openVirsh('qemu+unix:///system?socket=/nonexistent') });
  for (const ask of [() => driver.actions.spawn(rig.args(), newJob()), () => driver.facts()]) {
    await assert.rejects(ask, (error) => error instanceof ActionFailed && error.retryable && /libvirt does not answer on this host/.test(error.message));
  }
});

const notHere = skip || (process.env['CI'] !== 'true' && 'libvirtd is restarted in CI only') || (!existsSync(LIBVIRTD) && 'libvirtd is not a daemon of its own here');
test('a guest goes on while libvirtd is restarted, and what becomes of it afterwards is told', { skip: notHere }, async (t) => {
  const rig = newRig(t);
  const driver = rig.start();
  const guest = { instance_uuid: rig.args().instance_uuid };
  await driver.actions.spawn(rig.args(guest), newJob());
  const qemu = readFileSync(`/run/libvirt/qemu/instance-${guest.instance_uuid}.pid`, 'utf8');
  await libvirtdTurn(async () => {
    const daemon = Number(readFileSync(LIBVIRTD, 'utf8'));
    process.kill(daemon, 'SIGTERM');
    await eventually(async () => assert.throws(() => process.kill(daemon, 0)));
    await assert.rejects(driver.facts(), /libvirt does not answer on this host/);
    execFileSync('libvirtd', ['-d']);
    await eventually(async () => assert.ok((await driver.facts()).guests.includes(guest.instance_uuid)));
  });
  assert.equal(readFileSync(`/run/libvirt/qemu/instance-${guest.instance_uuid}.pid`, 'utf8'), qemu);
  assert.deepEqual(driver.guests(), [{ uuid: guest.instance_uuid, power_state: RUNNING }]);
  assert.deepEqual(rig.told, []);
  process.kill(Number(qemu), 'SIGKILL');
  await rig.waitFor(guest.instance_uuid, CRASHED);
});

test('an image\'s wish that this host cannot grant is refused before anything is made', { skip }, async (t) => {
  const rig = newRig(t);
  const spawn = rig.args({ image_properties: { hw_machine_type: 'virt-99' } });
  await assert.rejects(rig.start().actions.spawn(spawn, newJob()), /hw_machine_type=virt-99 is no machine type of this host/);
  assert.deepEqual(rig.left(), { domains: [], files: [], namespaces: [] });
});

/** Does `work` with an agent that is killed after its first, second, … call to what is outside of it, until one gets through. */
async function killedEverywhere(rig: ReturnType<typeof driverRig>, work: (driver: ReturnType<typeof rig.start>) => Promise<unknown>, then: (stage: string) => Promise<void>) {
  for (let most = 0; ; most++) {
    const kill = killer(most);
    try {
      await work(rig.start(kill));
      return kill.passed;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      await then(kill.passed.at(-1) ?? 'nothing');
    }
  }
}

test('an agent killed at any stage of a spawn makes one guest when it comes back, or leaves nothing where that is not wanted any more', { skip, timeout: 300_000 }, async (t) => {
  const rig = newRig(t);
  const network = randomUUID();
  let spawn = rig.args({ vifs: [vifOf(network, 7)], config_drive: true });
  const job = newJob();
  let stage = 0;
  const passed = await killedEverywhere(rig, (driver) => driver.actions.spawn(spawn, job), async (last) => {
    const driver = rig.start();
    // in turns: asked for again, or to be gone
    if (stage++ % 2 === 0) {
      assert.equal((await driver.actions.spawn(spawn, job)).power_state, RUNNING, `after ${last}`);
      assert.deepEqual(rig.domains(), [spawn.instance_uuid], `after ${last}`);
    }
    await driver.actions.destroy({ instance_uuid: spawn.instance_uuid }, newJob());
    assert.deepEqual(rig.left(), { domains: [], files: [], namespaces: [] }, `after ${last}`);
    spawn = rig.args({ vifs: [vifOf(network, 7)], config_drive: true });
  });
  assert.deepEqual(passed, ['virsh dumpxml', 'network.prepare', 'disks.prepare', 'disks.configDrive', 'virsh define', 'virsh start', 'network.plug', 'virsh resume']);
});

test('an agent killed at any stage of a delete leaves nothing when it comes back', { skip, timeout: 300_000 }, async (t) => {
  const rig = newRig(t);
  const spawn = rig.args({ vifs: [vifOf(randomUUID(), 8)] });
  const guest = { instance_uuid: spawn.instance_uuid };
  await rig.start().actions.spawn(spawn, newJob());
  const passed = await killedEverywhere(rig, (driver) => driver.actions.destroy(guest, newJob()), async () => {});
  assert.ok(passed.length > 0);
  assert.deepEqual(rig.left(), { domains: [], files: [], namespaces: [] });
});

test('an agent killed at any stage of a hard reboot reboots the guest once', { skip, timeout: 300_000 }, async (t) => {
  const rig = newRig(t);
  const spawn = rig.args();
  const guest = { instance_uuid: spawn.instance_uuid, type: 'HARD' as const };
  await rig.start().actions.spawn(spawn, newJob());
  const before = Number(domid(rig, guest.instance_uuid));
  const job = newJob();
  await killedEverywhere(rig, (driver) => driver.actions.reboot(guest, job), async () => {});
  assert.equal(Number(domid(rig, guest.instance_uuid)), before + 1);
});
