import { badRequest } from '../../../../shared/http/errors.ts';
import type { RequestContext } from '../../../../shared/identity/context.ts';
import type { BlockDevice } from '../../../../shared/objects/instance.ts';
import { RemoteError } from '../../../../shared/openstack/rest.ts';
import { getSnapshot, getVolume, listVolumeTypes, type Snapshot, type Volume } from '../../volume.ts';

export interface Checked {
  devices: BlockDevice[];
  /** The volume that it boots from, where that is there already. */
  root: Volume | undefined;
  /** The host whose pool has the volumes, or what they will be made of: the instance can only run there. */
  host: string | undefined;
}

/** Looks at every volume, snapshot and volume type that is named: there, free, bootable where it is to be booted from. 400 where not. */
export async function checkVolumes(devices: BlockDevice[], context: RequestContext): Promise<Checked> {
  const types = devices.some(({ volume_type }) => volume_type) ? listVolumeTypes(context) : Promise.resolve([]);
  const volumes = new Map<BlockDevice, Volume>();
  const snapshots: Snapshot[] = [];
  const whole = await Promise.all([types, ...devices.map(async (device): Promise<BlockDevice> => {
    if (device.volume_id) {
      const volume = await found(() => getVolume(device.volume_id!, context), 'volume', device.volume_id);
      checkVolume(volume, device.boot_index === 0);
      volumes.set(device, volume);
      return { ...device, volume_size: volume.size };
    }
    if (device.snapshot_id) {
      const snapshot = await found(() => getSnapshot(device.snapshot_id!, context), 'snapshot', device.snapshot_id);
      if (snapshot.status !== 'available') throw badRequest(`Invalid snapshot: snapshot '${snapshot.id}' status must be 'available'. Currently in '${snapshot.status}'`);
      snapshots.push(snapshot);
      return { ...device, volume_size: device.volume_size ?? snapshot.size };
    }
    if (!device.volume_type) return device;
    const type = (await types).find(({ id, name }) => id === device.volume_type || name === device.volume_type);
    if (!type) throw badRequest(`Volume type ${device.volume_type} could not be found.`);
    return { ...device, volume_type: type.name };
  })]);
  return {
    devices: whole.slice(1) as BlockDevice[],
    root: volumes.get(devices.find(({ boot_index }) => boot_index === 0)!),
    host: theirHost([...volumes.values(), ...snapshots]),
  };
}

async function found<T>(ask: () => Promise<T>, kind: 'volume' | 'snapshot', id: string): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RemoteError && error.status < 500) throw badRequest(`Block Device Mapping is Invalid: failed to get ${kind} ${id}.`, { cause: error });
    throw error;
  }
}

function checkVolume({ id, status, bootable }: Volume, booted: boolean): void {
  if (status !== 'available') throw badRequest(`Invalid volume: volume '${id}' status must be 'available'. Currently in '${status}'`);
  if (booted && bootable !== 'true') throw badRequest(`Block Device ${id} is not bootable.`);
}

function theirHost(volumes: Snapshot[]): string | undefined {
  const hosts = [...new Set(volumes.flatMap((volume) => volume['os-vol-host-attr:host'] ?? []))];
  if (hosts.length > 1) throw badRequest('Invalid volume: the volumes are on different hosts, and a volume cannot be attached across hosts.');
  return hosts[0];
}
