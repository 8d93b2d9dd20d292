import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockDevices } from '../../functions/nova-api/servers/create/block-devices.ts';
import type { Device } from '../../functions/nova-api/servers/create/schema.ts';
import { guestOf } from '../../functions/nova-compute/build/guest.ts';
import type { Flavor } from '../../shared/objects/flavor.ts';
import type { Instance } from '../../shared/objects/instance.ts';

/* What a request asks for in disks, and what the host is told to give the guest. */

const image = { id: '11111111-2222-4333-8444-555555555555', location: 's3://images/one', size: 1000, checksum: null, disk_format: 'qcow2' };
const volume = (n: number) => `${n}2222222-2222-4333-8444-555555555555`;
const plain = { flavorid: '1', name: 'm1.tiny', vcpus: 1, memory_mb: 512, root_gb: 5, ephemeral_gb: 0, swap: 0, extra_specs: {} } as unknown as Flavor;

function disks(devices: Device[], { imageRef = image.id, ...more }: { imageRef?: string } & Partial<Flavor> = {}) {
  const flavor = { ...plain, ...more };
  const made = blockDevices({ devices: { v2: devices }, imageRef, maxCount: 1 }, flavor);
  // what is to become a volume is one by then
  const block_devices = made.map((device, i) => (device.destination_type === 'volume' ? { ...device, volume_id: device.volume_id ?? volume(i) } : device));
  return guestOf({ flavor } as unknown as Instance, { image: imageRef ? image : undefined, vifs: [], block_devices, console_public_key: '' }).disks;
}
const rootDisk = { device: '/dev/vda', boot_index: 0, source: { type: 'image', image_id: image.id, location: image.location, size: 1000, checksum: null, disk_format: 'qcow2', size_gb: 5 } };

test('a flavor with an ephemeral disk and swap gives them in their sizes, swap to the megabyte', () => {
  assert.deepEqual(disks([], { ephemeral_gb: 3, swap: 512 }), [
    rootDisk,
    { device: '/dev/vdb', boot_index: null, source: { type: 'blank', size_gb: 3 } },
    { device: '/dev/vdc', boot_index: null, source: { type: 'blank', size_gb: 1, size_mb: 512, guest_format: 'swap' } },
  ]);
});

test('--swap and --ephemeral of a smaller size and another file system are what the guest gets', () => {
  const asked: Device[] = [
    { source_type: 'image', uuid: image.id, destination_type: 'local', boot_index: 0, delete_on_termination: true },
    { source_type: 'blank', destination_type: 'local', boot_index: -1, guest_format: 'swap', volume_size: 64, delete_on_termination: true },
    { source_type: 'blank', destination_type: 'local', boot_index: -1, guest_format: 'xfs', volume_size: 1, delete_on_termination: true },
  ];
  assert.deepEqual(disks(asked, { ephemeral_gb: 3, swap: 512 }).slice(1), [
    { device: '/dev/vdb', boot_index: null, source: { type: 'blank', size_gb: 1, size_mb: 64, guest_format: 'swap' } },
    { device: '/dev/vdc', boot_index: null, source: { type: 'blank', size_gb: 1, guest_format: 'xfs' } },
  ]);
});

test('--boot-from-volume boots from the volume that was made of the image, and has no image disk', () => {
  const asked: Device[] = [{ source_type: 'image', uuid: image.id, destination_type: 'volume', boot_index: '0', volume_size: '7' }];
  assert.deepEqual(disks(asked, { imageRef: '' }), [{ device: '/dev/vda', boot_index: 0, source: { type: 'volume', volume_id: volume(0) } }]);
});

test('volumes of each source stand beside the root disk with the bus, tag and kind that were asked for', () => {
  const asked: Device[] = [
    { source_type: 'image', uuid: image.id, destination_type: 'local', boot_index: 0, delete_on_termination: true },
    { source_type: 'volume', uuid: volume(7), destination_type: 'volume', disk_bus: 'scsi', tag: 'data', boot_index: 1 },
    { source_type: 'blank', destination_type: 'volume', volume_size: 1 },
    { source_type: 'volume', uuid: volume(8), destination_type: 'volume', device_type: 'cdrom', disk_bus: 'sata' },
  ];
  assert.deepEqual(disks(asked), [
    rootDisk,
    { device: '/dev/sda', boot_index: 1, bus: 'scsi', tag: 'data', source: { type: 'volume', volume_id: volume(7) } },
    { device: '/dev/vdb', boot_index: null, source: { type: 'volume', volume_id: volume(2) } },
    { device: '/dev/sdb', boot_index: null, bus: 'sata', device_type: 'cdrom', source: { type: 'volume', volume_id: volume(8) } },
  ]);
});
