import { existsSync, readdirSync, statSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFile } from '../../../files.ts';
import { CommandFailed } from '../../../run.ts';
import { ActionFailed, type Args, type Job } from '../../driver.ts';
import type { GuestVolume } from './disks.ts';
import type { ImageCache } from './images.ts';
import { GIB, type Storage } from './storage.ts';
import { complaint, conversion, NoRoom, tool, writing } from './tools.ts';

const COPY_MS = 1800_000;

/**
 * The volumes of a host: raw files that take the room of what was written, each of exactly its volume's size. Their whole sizes are set
 * aside, so that a volume that was given out never meets a full disk by the fault of another.
 */
export function volumePool(storage: Storage, images: ImageCache) {
  const { folders } = storage;
  const fileOf = (volume: string) => join(folders.volumes, `${volume}.raw`);
  const sizeGb = (volume: string) => statSync(fileOf(volume)).size / GIB;

  /** Of the volumes that are being made. */
  let making = 0;

  /** Bytes that volumes may yet take. */
  function promised(): number {
    return making + readdirSync(folders.volumes).reduce((sum, name) => {
      const { size, blocks } = statSync(join(folders.volumes, name));
      return sum + Math.max(0, size - blocks * 512);
    }, 0);
  }
  const freeBytes = () => storage.room().free - promised();

  /** A volume's draft: nothing, or a copy of an image or of another volume, at its full size. */
  async function fill(draft: string, { size_gb, source_volume_id: source, image }: Args<'create_volume'>, signal: AbortSignal): Promise<void> {
    if (image) {
      const link = storage.draft('.image');
      try {
        await images.obtain(image, link, {
          bytes: size_gb * GIB,
          exceeded: (bytes) => new ActionFailed(`Image virtual size is ${Math.ceil(bytes / GIB)}GB and doesn't fit in a volume of size ${size_gb}GB.`),
        }, signal);
        await tool('cp', ['--reflink=auto', '--sparse=always', '--no-preserve=mode,ownership', link, draft], { signal, timeoutMs: COPY_MS });
      } finally {
        await storage.discard(link);
      }
      await truncate(draft, size_gb * GIB);
    } else {
      await storage.blank(draft, size_gb * GIB);
      // qemu-img honours the lock of a guest that is writing to the source.
      if (source !== undefined) await conversion(await storage.access(), ['convert', '-f', 'raw', '-O', 'raw', '-n', '--target-is-zero', fileOf(source), draft], signal);
    }
  }

  return {
    get(volume: string): GuestVolume | undefined {
      return existsSync(fileOf(volume)) ? { path: fileOf(volume), format: 'raw', size_gb: sizeGb(volume) } : undefined;
    },

    async create(args: Args<'create_volume'>, { signal }: Job): Promise<void> {
      const { volume_id: volume, size_gb: size, source_volume_id: source } = args;
      if (existsSync(fileOf(volume))) {
        if (sizeGb(volume) === size) return;
        throw new ActionFailed(`Volume ${volume} is there already, with ${sizeGb(volume)} GB.`);
      }
      if (size < 1) throw new ActionFailed(`A volume of ${size} GB cannot be made.`);
      if (source !== undefined && !existsSync(fileOf(source))) throw new ActionFailed(`Source volume ${source} is not on this host.`);
      if (source !== undefined && sizeGb(source) > size) throw new ActionFailed(`Source volume ${source} is larger than ${size} GB.`);
      const draft = storage.draft('.volume');
      let promise = 0;
      try {
        await images.withRoom(async () => {
          await storage.discard(draft);
          if (freeBytes() < size * GIB - promise) throw new NoRoom(`volume ${volume} (${size} GB)`);
          making += size * GIB - promise;
          promise = size * GIB;
          await writing(`volume ${volume}`, () => fill(draft, args, signal));
          signal.throwIfAborted();
          await writing(`volume ${volume}`, () => storage.place(draft, fileOf(volume), 'own'));
        });
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        if (/Failed to get .*lock/.test(error.stderr)) throw new ActionFailed(`Source volume ${source} is in use by a running server: stop it, or detach the volume, to copy it.`, { cause: error });
        throw new ActionFailed(`Volume ${volume} could not be made: ${complaint(error)}.`, { retryable: true, cause: error });
      } finally {
        making -= promise;
        await storage.discard(draft);
      }
    },

    remove: (volume: string) => removeFile(fileOf(volume)),

    space() {
      return { total_gb: gb(storage.room().total), free_gb: gb(Math.max(0, freeBytes())) };
    },
  };
}

/** Whole ones: the control plane is told of every change. */
const gb = (bytes: number) => Math.floor(bytes / GIB);
