import type { Disk, SpawnArgs, Vif } from '../../../shared/agent/command.ts';
import type { BlockDevice, Instance } from '../../../shared/objects/instance.ts';
import { CannotDo } from '../errors.ts';
import type { ImageSource } from './image.ts';

export interface SpawnParts { image: ImageSource | undefined; vifs: Vif[]; block_devices: BlockDevice[]; console_public_key: string }

/** Step 28, first half: the hypervisor driver's data, as the host's agent takes it. */
export function guestOf(instance: Instance, parts: SpawnParts): SpawnArgs {
  const { uuid, project_id, user_id, display_name: name, hostname, launch_index, flavor, image_properties, config_drive, key_name, key_data, user_data, metadata } = instance;
  const { vcpus, memory_mb, root_gb, ephemeral_gb, swap, extra_specs } = flavor;
  return {
    instance_uuid: uuid, project_id, user_id, name, hostname, launch_index,
    flavor: { name: flavor.name, vcpus, memory_mb, root_gb, ephemeral_gb, swap, extra_specs },
    image_properties, disks: disksOf(instance, parts.block_devices, parts.image), vifs: parts.vifs,
    config_drive, key_name, key_data, user_data, metadata,
    ...(typeof instance['admin_pass'] === 'string' && { admin_pass: instance['admin_pass'] }),
    availability_zone: instance.host_availability_zone ?? 'nova', console_public_key: parts.console_public_key,
  };
}

const disksOf = (instance: Instance, devices: BlockDevice[], image: ImageSource | undefined): Disk[] =>
  devices.map((device) => ({
    device: device.device_name, boot_index: device.boot_index !== null && device.boot_index >= 0 ? device.boot_index : null, ...(device.disk_bus && { bus: device.disk_bus }), ...(device.tag && { tag: device.tag }),
    ...(device.device_type && device.device_type !== 'disk' && { device_type: device.device_type }),
    source: sourceOf(instance, device, image),
  }));

function sourceOf({ flavor }: Instance, device: BlockDevice, image: ImageSource | undefined): Disk['source'] {
  if (device.destination_type === 'volume') return { type: 'volume', volume_id: device.volume_id! };
  const size = device.volume_size ?? 0;
  if (device.source_type === 'blank') {
    // a swap disk's size is in MB, as the flavor's
    const sized = device.guest_format === 'swap' ? { size_gb: Math.ceil(size / 1024), size_mb: size } : { size_gb: size };
    return { type: 'blank', ...sized, ...(device.guest_format && { guest_format: device.guest_format }) };
  }
  if (!image || (device.image_id && device.image_id !== image.id)) throw new CannotDo(`Block device ${device.device_name} is of an image that is not the instance's.`);
  return { type: 'image', image_id: image.id, location: image.location, size: image.size, checksum: image.checksum, disk_format: image.disk_format, size_gb: flavor.root_gb };
}

/** Fetching and unpacking an image is most of a spawn; slower than this counts as stuck. */
const LEAST_BYTES_A_SECOND = 20_000_000;
const SPAWN_SECONDS = 90;
export const spawnSeconds = (image: ImageSource | undefined) => SPAWN_SECONDS + Math.ceil((image?.size ?? 0) / LEAST_BYTES_A_SECOND);
