import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../../../files.ts';
import { ActionFailed, type Args, type Images, type Job } from '../../driver.ts';
import { writeConfigDrive } from './config-drive.ts';
import { guestDisks } from './guest-disks.ts';
import { imageCache } from './images.ts';
import { openStorage } from './storage.ts';
import { volumePool } from './volumes.ts';

/** A file that a guest has as a disk, with what libvirt must know of it. */
export interface GuestDisk {
  path: string;
  /** Always named to libvirt and QEMU: neither may guess it from what a guest wrote. */
  format: 'raw' | 'qcow2';
  /**
   * What the file is an overlay of. To be named in the domain's `<backingStore>`, with `<seclabel model='dac' relabel='no'/>` in its `<source>`:
   * it is shared with other guests, QEMU may read it by its group, and nobody is to own it.
   */
  backing?: { path: string; format: 'raw' };
  /** As asked for: `/dev/vda`. */
  device: string;
  boot_index: number | null;
  /** As asked for the disk itself; undefined: as the image says. */
  bus: string | undefined;
  type: 'disk' | 'cdrom';
  readonly: boolean;
  /** A volume's id, which the guest sees as the disk's serial number. */
  serial?: string;
  tag?: string;
}

export interface GuestVolume { path: string; format: 'raw'; size_gb: number }

/** The user and group that QEMU runs as. */
export interface QemuUser { uid: number; gid: number }

export interface DisksOptions {
  /** Everything lies in here; see storageFolder. */
  folder: string;
  images: Images;
  /** Undefined: QEMU runs as the agent's own user. See qemuUser. */
  qemu?: () => Promise<QemuUser | undefined>;
}

/** What a guest's disks are made of on this host. Everything throws ActionFailed with the reason. */
export interface Disks {
  /**
   * The guest's disks in the order of `args.disks`: files that exist and are whole when it returns. What is there already stays as it is, so
   * it may be called again at any time, also for a guest that has run. Where it fails, or is killed, `remove` takes what it made.
   */
  prepare(args: Args<'spawn'>, signal: AbortSignal): Promise<GuestDisk[]>;
  /** A disk as an attachment brings it: a volume of the pool, which must be there. */
  volumeDisk(disk: Args<'attach_volume'>['disk']): GuestDisk;
  /** OpenStack's config drive out of its files (path → content), made anew: the ISO's path. */
  configDrive(args: Pick<Args<'spawn'>, 'instance_uuid'>, files: Map<string, Buffer>): Promise<string>;
  volume(volume_id: string): GuestVolume | undefined;
  createVolume(args: Args<'create_volume'>, job: Job): Promise<void>;
  /** Before: no guest has it. One that isn't there is fine. */
  deleteVolume(volume_id: string): Promise<void>;
  /** All of the instance's files go, volumes stay. Nothing there is fine. */
  remove(instance_uuid: string): Promise<void>;
  /** Of the file system, less what the volumes there may yet grow by. */
  space(): { total_gb: number; free_gb: number };
  /** Nothing of the host's disks, volumes and images is left; for a host that goes, after its guests. */
  purge(): Promise<void>;
  /** Ends the looking after images that nobody uses any more. */
  close(): void;
}

/** Opens a host's disks; what a crash left half made goes. One process at a time. */
export function openDisks({ folder, images, qemu = async () => undefined }: DisksOptions): Disks {
  const storage = openStorage(folder, qemu);
  const cache = imageCache(storage, images);
  const own = guestDisks(storage, cache);
  const pool = volumePool(storage, cache);

  function volumeDisk({ device, boot_index, bus, tag, device_type, source }: Args<'attach_volume'>['disk']): GuestDisk {
    if (source.type !== 'volume') throw new ActionFailed('Only volumes can be attached.');
    const volume = pool.get(source.volume_id);
    if (!volume) throw new ActionFailed(`Volume ${source.volume_id} is not on this host.`);
    return { path: volume.path, format: volume.format, device, boot_index, bus, type: device_type === 'cdrom' ? 'cdrom' : 'disk', readonly: device_type === 'cdrom', serial: source.volume_id, ...(tag && { tag }) };
  }

  return {
    async prepare(args, signal) {
      const folder = await storage.makeGuestFolder(args.instance_uuid);
      const disks: GuestDisk[] = [];
      for (const [index, disk] of args.disks.entries()) {
        signal.throwIfAborted();
        disks.push(disk.source.type === 'volume' ? volumeDisk(disk) : await own.make(disk.source, { args, disk, index, folder, signal }));
      }
      return disks;
    },
    volumeDisk,
    async configDrive({ instance_uuid }, files) {
      const file = join(await storage.makeGuestFolder(instance_uuid), 'config.iso');
      await writeConfigDrive(storage, files, file);
      return file;
    },
    volume: pool.get,
    createVolume: pool.create,
    deleteVolume: pool.remove,
    async remove(instance_uuid) {
      await rm(storage.guestFolder(instance_uuid), { recursive: true, force: true });
      await syncFolder(storage.folders.guests);
    },
    space: pool.space,
    async purge() {
      cache.close();
      await storage.removeAll();
    },
    close: cache.close,
  };
}
