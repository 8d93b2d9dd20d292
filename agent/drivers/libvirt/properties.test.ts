import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ActionFailed } from '../driver.ts';
import type { Abilities } from './capabilities.ts';
import { settingsOf, topology } from './properties.ts';
import { testAbilities } from './test-abilities.ts';

const refused = (image: Record<string, unknown>, flavor: Record<string, string> = {}, host: Abilities = testAbilities) => {
  try {
    settingsOf(image, flavor, host);
  } catch (error) {
    assert.ok(error instanceof ActionFailed);
    return error.message;
  }
  return undefined;
};

test('an image and a flavor get the machine that they ask for', () => {
  const settings = settingsOf({ hw_disk_bus: 'scsi', hw_vif_model: 'e1000', hw_machine_type: 'pc', hw_qemu_guest_agent: 'yes', hw_cpu_cores: 2, os_type: 'windows', hw_firmware_type: 'uefi' },
    { 'hw:cpu_cores': '4', 'hw:watchdog_action': 'reset', 'hw_rng:allowed': 'False', 'quota:disk_read_iops_sec': '100' }, testAbilities);
  assert.deepEqual([settings.diskBus, settings.vifModel, settings.machine, settings.cdromBus, settings.guestAgent, settings.cores, settings.windows, settings.firmware, settings.watchdog, settings.rng, settings.io],
    ['scsi', 'e1000', 'pc', 'ide', true, 4, true, 'efi', 'reset', false, { read_iops_sec: 100 }]);
});

test('what this host cannot do is refused, naming the property and its value', () => {
  assert.equal(refused({ hw_disk_bus: 'xen' }), "The image's property hw_disk_bus=xen must be one of virtio, scsi, sata, ide, usb.");
  assert.equal(refused({}, { 'hw:mem_page_size': 'large' }), "The flavor's extra spec hw:mem_page_size=large is not supported on this host.");
  assert.match(refused({ hw_architecture: 'aarch64' })!, /hw_architecture=aarch64 does not run on a x86_64 host/);
  assert.match(refused({ hw_machine_type: "pc'/><evil" })!, /is no machine type of this host/);
  assert.match(refused({ hw_firmware_type: 'uefi' }, {}, { ...testAbilities, uefi: false })!, /no UEFI firmware/);
  assert.match(refused({}, { 'hw:numa_cpus.0': '0,1' })!, /hw:numa_cpus\.0=0,1 is not supported/);
  assert.match(refused({ kernel_id: '3ad2a2a5-70cb-4b2c-b4f4-8c2fd8d5a0c9' })!, /kernel_id/);
  assert.match(refused({ hw_video_ram: 64 }, { 'hw_video:ram_max_mb': '16' })!, /more than the flavor allows/);
  assert.match(refused({ hw_vif_model: `\u0007${'x'.repeat(500)}` })!, /^The image's property hw_vif_model=\?x{56}\.\.\. must be one of/);
});

test('what only describes an image, and what is for the scheduler, changes nothing', () => {
  const plain = settingsOf({}, {}, testAbilities);
  assert.deepEqual(settingsOf({ os_distro: 'debian', os_version: '12', img_config_drive: 'mandatory', os_admin_user: 'root', owner_specified: 'x', __proto__: 'x', constructor: 'y', kernel_id: null, hw_disk_type: 'thin' },
    { 'trait:HW_CPU_X86_AVX': 'required', 'aggregate_instance_extra_specs:ssd': 'true', 'resources:VCPU': '1', toString: 'x', 'capabilities:cpu_info:arch': 'x86_64' }, testAbilities), plain);
});

test('whatever properties an image has, its guest gets settings or a reason', () => {
  const names = fc.constantFrom('hw_disk_bus', 'hw_cpu_cores', 'hw_machine_type', 'hw_video_ram', 'hw_rng_model', 'os_type', 'hw_boot_menu', 'x');
  fc.assert(fc.property(fc.dictionary(names, fc.anything()), fc.dictionary(fc.constantFrom('hw:cpu_cores', 'quota:cpu_quota', 'hw:pmu', 'hw_rng:rate_bytes'), fc.string()), (image, flavor) => {
    const reason = refused(Object.fromEntries(Object.entries(image).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))), flavor);
    assert.ok(reason === undefined || /^The (image's property|flavor's extra spec) /.test(reason));
  }));
});

test('a topology holds just the vCPUs of the flavor', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 256 }), (vcpus) => {
    const { sockets, cores, threads } = topology(vcpus, { maxSockets: 256 });
    assert.equal(sockets * cores * threads, vcpus);
  }));
  assert.deepEqual(topology(8, {}), { sockets: 8, cores: 1, threads: 1 });
  assert.deepEqual(topology(8, { maxSockets: 2 }), { sockets: 2, cores: 4, threads: 1 });
  assert.deepEqual(topology(8, { cores: 2, threads: 2 }), { sockets: 2, cores: 2, threads: 2 });
  assert.throws(() => topology(8, { cores: 3 }), /8 vCPUs cannot be made of cores 3/);
});
