import { badRequest } from '../../../../shared/http/errors.ts';
import type { Flavor } from '../../../../shared/objects/flavor.ts';
import type { BlockDevice } from '../../../../shared/objects/instance.ts';
import { isTrue } from '../../common/types.ts';
import { diskBuses, nameDevice, withDev } from '../device-names.ts';
import type { Device, LegacyDevice } from './schema.ts';
import type { LaunchRequest } from './request.ts';

/** A device that has no certain name yet. */
export type Draft = Omit<BlockDevice, 'device_name'> & { device_name?: string };

/** Nova's max_local_block_devices: the root disk, swap and one ephemeral disk. */
const MAX_LOCAL_DEVICES = 3;

const invalid = (details: string) => badRequest(`Block Device Mapping is Invalid: ${details}`);

/**
 * The disks of an instance, made whole out of what was asked in either syntax, the image, and the flavor's ephemeral disk and
 * swap: boot order checked, sizes set, names given. Nobody is asked here; volumes are looked at by volumes.ts. 400 for what is not valid.
 */
export function blockDevices({ devices, imageRef, maxCount }: Pick<LaunchRequest, 'devices' | 'imageRef' | 'maxCount'>, flavor: Flavor): BlockDevice[] {
  const asked = 'legacy' in devices ? devices.legacy.flatMap(fromLegacy) : devices.v2.flatMap((device) => fromApi(device, imageRef));
  if (!imageRef && asked.length === 0) throw badRequest('Missing imageRef attribute');
  if (imageRef && asked.some(({ destination_type, device_name }) => destination_type === 'volume' && device_name === '/dev/vda'))
    throw badRequest('The volume cannot be assigned the same device name as the root device vda');
  const drafts = withRoot(asked, 'legacy' in devices || asked.length === 0, imageRef);
  if (maxCount > 1 && drafts.some(({ source_type }) => source_type === 'volume')) throw badRequest('Cannot attach one or more volumes to multiple instances');
  drafts.push(...ofFlavor(flavor, drafts));
  check(drafts, flavor);
  return named(drafts.map((draft) => ({ ...draft, ...sizeOf(draft, flavor) })));
}

/** Version 2 of the syntax; a `no_device` takes nothing. */
function fromApi(device: Device, imageRef: string): Draft[] {
  if (device.no_device !== undefined && device.no_device !== null && device.no_device !== false && device.no_device !== '') return [];
  const { source_type, uuid } = device;
  if (source_type === 'blank' && uuid) throw invalid('Invalid device UUID.');
  if (source_type === undefined) throw invalid('Some required fields are missing');
  const id = uuid ?? { volume: device.volume_id, image: device.image_id, snapshot: device.snapshot_id, blank: undefined }[source_type];
  if (source_type !== 'blank' && !id) throw invalid('Missing device UUID.');
  const boot_index = device.boot_index === null || device.boot_index === undefined ? -1 : Number(device.boot_index);
  const destination_type = device.destination_type ?? (source_type === 'volume' || source_type === 'snapshot' ? 'volume' : 'local');
  if (source_type === 'image' && destination_type === 'local' && !(imageRef && boot_index === 0)) throw invalid('Mapping image to local is not supported.');
  if (destination_type === 'local' && source_type !== 'image' && source_type !== 'blank') throw invalid(`Mapping ${source_type} to local is not supported.`);
  if (device.volume_type && destination_type === 'local') throw invalid('Specifying a volume_type with destination_type=local is not supported.');
  if (device.volume_type && source_type === 'volume') throw invalid('Specifying volume type to existing volume is not supported.');
  if (device.disk_bus && !diskBuses.includes(device.disk_bus)) throw badRequest(`Block device mapping is invalid: disk bus ${device.disk_bus} is not one of ${diskBuses.join(', ')}`);
  return [{
    source_type, destination_type, boot_index,
    ...(id && { [`${source_type}_id`]: source_type === 'image' && destination_type === 'local' ? imageRef : id }),
    ...(device.volume_size !== undefined && { volume_size: Number(device.volume_size) }),
    ...(device.volume_type && { volume_type: device.volume_type }),
    delete_on_termination: destination_type === 'local' || isTrue(device.delete_on_termination),
    ...(device.device_name && { device_name: withDev(device.device_name) }),
    ...(device.disk_bus && { disk_bus: device.disk_bus }),
    ...(device.device_type && { device_type: device.device_type }),
    ...(device.guest_format && { guest_format: device.guest_format }),
    ...(device.tag && { tag: device.tag }),
  }];
}

/** Version 1: volumes, snapshots, and `virtual_name` for swap and ephemeral disks. */
function fromLegacy(device: LegacyDevice): Draft[] {
  if (device.no_device !== undefined && device.no_device !== null) return [];
  const common = {
    boot_index: device.device_name && withDev(device.device_name) === '/dev/vda' ? 0 : -1,
    ...(device.device_name && { device_name: withDev(device.device_name) }),
    ...(device.volume_size !== undefined && { volume_size: Number(device.volume_size) }),
  };
  if (device.virtual_name === 'swap' || /^ephemeral\d+$/.test(device.virtual_name ?? ''))
    return [{ ...common, boot_index: -1, source_type: 'blank', destination_type: 'local', delete_on_termination: true, ...(device.virtual_name === 'swap' && { guest_format: 'swap' }) }];
  const delete_on_termination = isTrue(device.delete_on_termination);
  if (device.snapshot_id) return [{ ...common, source_type: 'snapshot', destination_type: 'volume', snapshot_id: device.snapshot_id, delete_on_termination }];
  if (device.volume_id) return [{ ...common, source_type: 'volume', destination_type: 'volume', volume_id: device.volume_id, delete_on_termination }];
  throw invalid('Unrecognized legacy format.');
}

/** The image as root disk, where the syntax does not name one by itself. */
function withRoot(asked: Draft[], addsImage: boolean, imageRef: string): Draft[] {
  if (!addsImage || asked.some(({ boot_index }) => boot_index === 0)) return [...asked];
  if (!imageRef) return asked.map((draft, i) => (i === asked.findIndex(({ source_type }) => source_type !== 'blank') ? { ...draft, boot_index: 0 } : draft));
  return [{ source_type: 'image', destination_type: 'local', image_id: imageRef, boot_index: 0, device_type: 'disk', delete_on_termination: true }, ...asked];
}

const isSwap = ({ source_type, guest_format }: Draft) => source_type === 'blank' && guest_format === 'swap';
const isEphemeral = (draft: Draft) => draft.source_type === 'blank' && draft.destination_type === 'local' && !isSwap(draft);

/** The flavor's ephemeral disk and swap, where the request says nothing of its own about them. */
function ofFlavor({ ephemeral_gb, swap }: Flavor, drafts: Draft[]): Draft[] {
  const blank = { source_type: 'blank', destination_type: 'local', boot_index: -1, device_type: 'disk', delete_on_termination: true } as const;
  return [
    ...(ephemeral_gb > 0 && !drafts.some(isEphemeral) ? [{ ...blank, volume_size: ephemeral_gb }] : []),
    ...(swap > 0 && !drafts.some(isSwap) ? [{ ...blank, guest_format: 'swap' }] : []),
  ];
}

function check(drafts: Draft[], flavor: Flavor): void {
  const order = drafts.map(({ boot_index }) => boot_index ?? -1).filter((index) => index >= 0).sort((a, b) => a - b);
  if (order.length === 0 || order.some((index, i) => index !== i))
    throw invalid('Boot sequence for the instance and image/block device mapping combination is not valid.');
  for (const { source_type, destination_type, volume_size } of drafts) {
    if (destination_type !== 'volume' || volume_size) continue;
    if (source_type === 'image') throw badRequest("Images with destination_type 'volume' need to have a non-zero size specified");
    if (source_type === 'blank') throw badRequest("Blank volumes (source: 'blank', dest: 'volume') need to have non-zero size");
  }
  const ephemeral = drafts.filter(isEphemeral).reduce((sum, { volume_size }) => sum + (volume_size ?? flavor.ephemeral_gb), 0);
  if (ephemeral > flavor.ephemeral_gb)
    throw badRequest('Ephemeral disks requested are larger than the instance type allows. If no size is given in one block device mapping, flavor ephemeral size will be used.');
  const swaps = drafts.filter(isSwap);
  if (swaps.length > 1) throw invalid('More than one swap drive requested.');
  if ((swaps[0]?.volume_size ?? 0) > flavor.swap) throw badRequest('Swap drive requested is larger than instance type allows.');
  if (drafts.filter(({ destination_type }) => destination_type === 'local').length > MAX_LOCAL_DEVICES) throw invalid('You specified more local devices than the limit allows');
}

/** GB, but for swap, which is MB as in flavors. */
function sizeOf(draft: Draft, flavor: Flavor): { volume_size?: number } {
  if (draft.volume_size !== undefined || draft.destination_type === 'volume') return {};
  if (isSwap(draft)) return { volume_size: flavor.swap };
  return { volume_size: draft.source_type === 'blank' ? flavor.ephemeral_gb : flavor.root_gb };
}

/** The root disk first, then those with a name of their own, then the others in their order. */
function named(drafts: Draft[]): BlockDevice[] {
  const names = new Map<Draft, string>();
  const give = (draft: Draft) => names.set(draft, nameDevice(names.values(), draft.disk_bus, draft.device_name));
  const root = drafts.find(({ boot_index }) => boot_index === 0);
  if (root) give(root);
  for (const draft of drafts) if (draft.device_name && draft !== root) give(draft);
  for (const draft of drafts) if (!names.has(draft)) give(draft);
  return drafts.map((draft) => ({ ...draft, device_name: names.get(draft)! }));
}
