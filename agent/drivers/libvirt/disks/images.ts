import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { factsOf, log } from '../../../../shared/telemetry/log.ts';
import { CommandFailed } from '../../../run.ts';
import { unless } from '../../../unless.ts';
import { ActionFailed, type ImageReference, type Images } from '../../driver.ts';
import { checkContent, Unacceptable } from './content.ts';
import type { Storage } from './storage.ts';
import { complaint, conversion, inspection, NoRoom, writing } from './tools.ts';

/** Nova's remove_unused_original_minimum_age_seconds. */
const UNUSED_MS = 24 * 3600_000;
const SWEEP_MS = 3600_000;
/** A draft that nothing happened to for so long is nobody's: a program that was ended may have written on for a moment. */
const FORGOTTEN_MS = 24 * 3600_000;

/** qemu-img check's exit code: room is wasted, nothing is wrong. */
const ONLY_LEAKS = 3;

export interface ImageSource extends ImageReference { disk_format: string }
/** How large an image may be in its raw form, and what to say of a larger one. */
export interface SizeLimit { bytes: number; exceeded(bytes: number): ActionFailed }

/** Glance's word for a format, and QEMU's. */
const qemuFormats: Record<string, string> = { raw: 'raw', iso: 'raw', qcow2: 'qcow2', vmdk: 'vmdk', vdi: 'vdi', vhd: 'vpc', vhdx: 'vhdx' };

class TooLarge extends Error {
  readonly bytes: number;
  constructor(bytes: number) {
    super(`${bytes} bytes`);
    this.bytes = bytes;
  }
}

/**
 * Images in raw form, each fetched, checked and converted once for all guests. Raw, as Nova's force_raw_images: nothing in such a file can
 * mean another file, every guest reads it without unpacking, and copies of it are volumes.
 *
 * A user of an image has a hard link to it. So the file system counts the users, over any crash; an image that nobody uses can go without
 * asking anybody, and one in use could not be lost; and the time of the last change of an image's links is how long it has been unused.
 */
export function imageCache(storage: Storage, images: Images, { unusedMs = UNUSED_MS } = {}) {
  const { folders } = storage;
  const making = new Map<string, { limits: number[]; done: Promise<void> }>();
  const ending = new AbortController();
  const sweeper = setInterval(() => void Promise.all([sweep(unusedMs), storage.discardOld(FORGOTTEN_MS)]).catch((error: unknown) => log.error('unused images could not be removed', factsOf(error))), SWEEP_MS).unref();

  /** The same id with another checksum would be another image. */
  const fileOf = ({ id, checksum, size, location, disk_format }: ImageSource) =>
    join(folders.images, `${id}-${createHash('sha256').update(JSON.stringify([checksum ?? location, size, disk_format])).digest('hex').slice(0, 16)}.raw`);

  /** Removes images that nobody has used for so long; tells whether there were any. */
  async function sweep(unusedForMs: number): Promise<boolean> {
    let removed = false;
    for (const name of await readdir(folders.images)) {
      const file = join(folders.images, name);
      const { nlink, ctimeMs } = await stat(file);
      if (nlink > 1 || Date.now() - ctimeMs < unusedForMs) continue;
      await rm(file, { force: true });
      log.info('removed an unused image', { image: name });
      removed = true;
    }
    return removed;
  }

  /** Tries once more with the room that unused images take. */
  async function withRoom<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NoRoom) || !(await sweep(0))) throw error;
      return work();
    }
  }

  async function make(image: ImageSource, file: string, limits: number[]): Promise<void> {
    const fetched = storage.draft('.fetched');
    const raw = storage.draft('.raw');
    try {
      const format = qemuFormats[image.disk_format];
      if (!format) throw new Unacceptable(`Image not in a supported format: ${image.disk_format}`);
      const user = await storage.access();
      await writing(`image ${image.id}`, async () => {
        if (storage.room().free < image.size) throw new NoRoom(`image ${image.id} (${image.size} bytes)`);
        await images.fetch(image, fetched, ending.signal);
      });
      await checkContent(fetched, image.disk_format);
      if (format === 'raw') {
        if (image.size > Math.max(...limits)) throw new TooLarge(image.size);
        return await storage.place(fetched, file, 'shared');
      }
      await storage.place(fetched, `${fetched}.in`, 'shared'); // for QEMU's user to read
      const bytes = await inspect(image, `${fetched}.in`, format);
      if (bytes > Math.max(...limits)) throw new TooLarge(bytes);
      await writing(`image ${image.id} in raw form (${bytes} bytes)`, async () => {
        await storage.blank(raw, bytes);
        await conversion(user, ['convert', '-f', format, '-O', 'raw', '-n', '--target-is-zero', `${fetched}.in`, raw], ending.signal);
        await storage.place(raw, file, 'shared');
      });
    } catch (error) {
      if (error instanceof Unacceptable) throw new ActionFailed(`Image ${image.id} is unacceptable: ${error.message}.`, { cause: error });
      if (error instanceof CommandFailed) throw new ActionFailed(`Image ${image.id} is unacceptable: Unable to convert image to raw: ${complaint(error)}.`, { cause: error });
      throw error;
    } finally {
      await storage.discard(fetched, `${fetched}.in`, raw);
    }
  }

  /** The second look, by qemu-img, told the format: the size of the disk, and once more that it is a disk by itself. */
  async function inspect(image: ImageSource, file: string, format: string): Promise<number> {
    const info = JSON.parse(await inspection(await storage.access(), ['info', '--output=json', '-f', format, file], ending.signal).catch((error: unknown) => {
      if (error instanceof CommandFailed) throw new Unacceptable(`it cannot be read as ${image.disk_format}: ${complaint(error)}`);
      throw error;
    })) as { format: string; 'virtual-size': number; 'backing-filename'?: string; 'full-backing-filename'?: string; 'format-specific'?: { data?: { 'data-file'?: string; 'create-type'?: string } } };
    const specifics = info['format-specific']?.data;
    if (info.format !== format) throw new Unacceptable('Image content does not match disk_format');
    if (info['backing-filename'] !== undefined || info['full-backing-filename'] !== undefined) throw new Unacceptable('Image has a backing file');
    if (specifics?.['data-file'] !== undefined) throw new Unacceptable('Image has data_file set');
    if (format === 'vmdk' && !['monolithicSparse', 'streamOptimized'].includes(specifics?.['create-type'] ?? '')) throw new Unacceptable('Invalid VMDK create-type specified');
    // What is missing reads as zeros: QEMU itself would not mind.
    if (format === 'qcow2') await inspection(await storage.access(), ['check', '-q', '-f', format, file], ending.signal).catch((error: unknown) => {
      if (error instanceof CommandFailed && error.code !== ONLY_LEAKS) throw new Unacceptable('its data is damaged or cut off');
      if (!(error instanceof CommandFailed)) throw error;
    });
    return info['virtual-size'];
  }

  /** What is being made goes on when a launch that waits for it ends: the next one needs it as well. */
  async function made(image: ImageSource, limit: SizeLimit, signal: AbortSignal): Promise<void> {
    const file = fileOf(image);
    const there = making.get(file);
    if (there) there.limits.push(limit.bytes);
    const limits = there?.limits ?? [limit.bytes];
    const work = there ?? { limits, done: withRoom(() => make(image, file, limits)).finally(() => making.delete(file)) };
    making.set(file, work);
    try {
      await unless(signal, work.done);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      if (error.bytes > limit.bytes) throw limit.exceeded(error.bytes);
      // Those who waited first have no room for it; this one has.
    }
  }

  return {
    /** Has the image at `path` as a link of the user's own; gives its size in bytes. Where `path` is there, it is that. */
    async obtain(image: ImageSource, path: string, limit: SizeLimit, signal: AbortSignal): Promise<number> {
      for (let tries = 0; ; tries++) {
        signal.throwIfAborted();
        if (!existsSync(path) && !existsSync(fileOf(image))) await made(image, limit, signal);
        try {
          await link(fileOf(image), path);
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException;
          if (code === 'ENOENT' && !existsSync(path) && tries < 5) continue; // it was removed as unused just then
          if (code !== 'EEXIST' && !existsSync(path)) throw error;
        }
        const { size } = await stat(path);
        if (size > limit.bytes) throw limit.exceeded(size);
        return size;
      }
    },
    sweep,
    withRoom,
    close(): void {
      clearInterval(sweeper);
      ending.abort(new ActionFailed('The agent stops.', { retryable: true }));
    },
  };
}

export type ImageCache = ReturnType<typeof imageCache>;
