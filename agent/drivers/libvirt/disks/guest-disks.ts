import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk } from '../../../../shared/agent/command.ts';
import { log } from '../../../../shared/telemetry/log.ts';
import { CommandFailed } from '../../../run.ts';
import { ActionFailed, type Args } from '../../driver.ts';
import type { GuestDisk } from './disks.ts';
import type { ImageCache } from './images.ts';
import { GIB, type Storage } from './storage.ts';
import { complaint, Missing, tool, writing } from './tools.ts';

const MIB = 1024 ** 2;
const SECTOR = 512;

interface Making { args: Args<'spawn'>; disk: Disk; index: number; folder: string; signal: AbortSignal }
type Source<T extends Disk['source']['type']> = Extract<Disk['source'], { type: T }>;

/** Files are named by the device, which a disk keeps while others come and go. */
const fileName = (device: string) => /^\/dev\/([a-z0-9]{1,16})$/.exec(device)?.[1] ?? createHash('sha256').update(device).digest('hex').slice(0, 16);

/** The disks that a guest has for itself, as files of its folder. */
export function guestDisks(storage: Storage, images: ImageCache) {
  const common = ({ disk }: Making) => ({ device: disk.device, boot_index: disk.boot_index, bus: disk.bus, ...(disk.tag && { tag: disk.tag }) });

  /** An overlay of the image, as large as the flavor's root disk; 0: as the image. An ISO is a CD, and stays as it is. */
  async function ofImage(source: Source<'image'>, making: Making): Promise<GuestDisk> {
    const { disk, folder, signal } = making;
    const [backing, overlay] = ['image', 'qcow2'].map((ending) => join(folder, `${fileName(disk.device)}.${ending}`)) as [string, string];
    const cdrom = source.disk_format === 'iso' || disk.device_type === 'cdrom';
    const flavorBytes = source.size_gb > 0 ? source.size_gb * GIB : Infinity;
    if (!existsSync(overlay)) {
      const image = { id: source.image_id, location: source.location, size: source.size, checksum: source.checksum, disk_format: source.disk_format };
      const imageBytes = await images.obtain(image, backing, {
        bytes: flavorBytes,
        exceeded: (bytes) => new ActionFailed(`Flavor's disk is too small for requested image. Flavor disk is ${flavorBytes} bytes, image is ${bytes} bytes.`),
      }, signal);
      const bytes = !cdrom && Number.isFinite(flavorBytes) ? flavorBytes : Math.ceil(imageBytes / SECTOR) * SECTOR;
      const draft = storage.draft('.qcow2');
      await draw('a root disk', draft, async () => {
        await tool('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', backing, draft, String(bytes)], { signal });
        signal.throwIfAborted();
        await storage.place(draft, overlay, 'own');
      });
    }
    return { ...common(making), path: overlay, format: 'qcow2', backing: { path: backing, format: 'raw' }, type: cdrom ? 'cdrom' : 'disk', readonly: cdrom };
  }

  /** An ephemeral disk with an empty file system, or swap. */
  async function blank(source: Source<'blank'>, making: Making): Promise<GuestDisk> {
    const { args, disk, index, folder, signal } = making;
    const file = join(folder, `${fileName(disk.device)}.raw`);
    if (!existsSync(file)) {
      const bytes = source.size_mb !== undefined ? source.size_mb * MIB : source.size_gb * GIB;
      if (bytes <= 0) throw new ActionFailed(`Disk ${disk.device} has no size.`);
      const draft = storage.draft('.raw');
      await draw(`a disk of ${bytes} bytes`, draft, async () => {
        await storage.blank(draft, bytes);
        const number = args.disks.slice(0, index).filter(({ source }) => source.type === 'blank' && source.guest_format !== 'swap').length;
        await format(draft, source.guest_format ?? defaultFormat(args), `ephemeral${number}`, source.guest_format !== undefined, signal);
        signal.throwIfAborted();
        await storage.place(draft, file, 'own');
      });
    }
    return { ...common(making), path: file, format: 'raw', type: 'disk', readonly: false };
  }

  /** Where the disk is full, unused images go first; what came to nothing leaves no draft. */
  const draw = (what: string, draft: string, work: () => Promise<void>) =>
    images.withRoom(() => writing(what, work).catch(async (error: unknown) => {
      await storage.discard(draft);
      throw error;
    })).catch((error: unknown) => {
      if (error instanceof CommandFailed) throw new ActionFailed(`The host could not make ${what}: ${complaint(error)}.`, { retryable: true, cause: error });
      throw error;
    });

  return {
    make: (source: Source<'image' | 'blank'>, making: Making) => (source.type === 'image' ? ofImage(source, making) : blank(source, making)),
  };
}

/** DevStack's default_ephemeral_format, and Nova's for Windows. */
const defaultFormat = ({ image_properties: { os_type } }: Args<'spawn'>) => (os_type === 'windows' ? 'ntfs' : 'ext4');

const NO_LABEL_BEYOND = 11; // of FAT
const makers: Record<string, (label: string) => [program: string, ...args: string[]]> = {
  ext2: (label) => ['mkfs.ext2', '-q', '-F', '-L', label],
  ext3: (label) => ['mkfs.ext3', '-q', '-F', '-L', label],
  ext4: (label) => ['mkfs.ext4', '-q', '-F', '-L', label],
  xfs: (label) => ['mkfs.xfs', '-q', '-f', '-L', label],
  vfat: (label) => ['mkfs.vfat', '-n', label.slice(0, NO_LABEL_BEYOND)],
  ntfs: (label) => ['mkfs.ntfs', '-q', '-F', '-f', '-L', label],
  swap: () => ['mkswap'],
};

/** A file system that nobody asked for by name, and that this host can't make, is left to the guest, as cloud-init can. */
async function format(file: string, kind: string, label: string, asked: boolean, signal: AbortSignal): Promise<void> {
  const maker = makers[kind];
  if (!maker) throw new ActionFailed(`A disk cannot be formatted as ${JSON.stringify(kind)}: known are ${Object.keys(makers).join(', ')}.`);
  const [program, ...args] = maker(label);
  try {
    await tool(program, [...args, file], { signal });
  } catch (error) {
    if (asked || !(error instanceof Missing)) throw error;
    log.warn('an ephemeral disk has no file system: the host cannot make it', { format: kind, reason: error.message });
  }
}

