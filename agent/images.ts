import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { log } from '../shared/telemetry/log.ts';
import { backoff } from './backoff.ts';
import { ActionFailed, type ImageReference, type Images } from './drivers/driver.ts';
import { writeSparse } from './sparse.ts';
import { unless } from './unless.ts';

const REMEMBERED = 200;
const PATIENCE_MS = 30_000; // with S3 being away, before the launch is better tried elsewhere
const IDLE_MS = 20_000; // without a byte

interface Sink {
  write(chunk: Buffer, position: number): Promise<void>;
  /** All that was written is void. */
  empty(): Promise<void>;
}
const nowhere: Sink = { async write() {}, async empty() {} };

/** All the hosts of a process share it: a hundred launches of an image that come together fetch it once. */
export function s3Images(s3: S3Client): Images {
  const checked = new Map<string, Promise<void>>();
  return {
    async verify(image, signal) {
      const key = JSON.stringify([image.id, image.checksum, image.size, image.location]);
      let check = checked.get(key);
      if (!check) {
        check = fetchAndCheck(s3, image, nowhere);
        checked.set(key, check);
        check.catch(() => checked.delete(key)); // the next launch tries anew
        if (checked.size > REMEMBERED) checked.delete(checked.keys().next().value!);
      }
      await unless(signal, check);
    },

    async fetch(image, file, signal) {
      const handle = await open(file, 'wx', 0o600);
      try {
        await fetchAndCheck(s3, image, {
          write: (chunk, position) => writeSparse(handle, chunk, position),
          empty: () => handle.truncate(0),
        }, signal);
        await handle.truncate(image.size); // what was left out at the end
        await handle.sync();
      } catch (error) {
        await rm(file, { force: true });
        throw error;
      } finally {
        await handle.close();
      }
    },
  };
}

/** How far a fetch has come, over several answers of S3. */
interface Progress { size: number; hash: ReturnType<typeof createHash>; etag?: string | undefined }

async function fetchAndCheck(s3: S3Client, image: ImageReference, sink: Sink, signal?: AbortSignal): Promise<void> {
  const location = /^s3:\/\/([^/]+)\/(.+)$/.exec(image.location);
  if (!location) throw new ActionFailed(`Image ${image.id} is at a location that a host cannot fetch from.`);
  const [, bucket, key] = location as unknown as [string, string, string];
  const progress: Progress = { size: 0, hash: createHash('md5') };
  let since = { size: 0, at: Date.now() };
  for (let failures = 1; ; failures++) {
    try {
      return await fetchOn(s3, image, { Bucket: bucket, Key: key }, progress, sink, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ActionFailed) throw error;
      const { name = '', code, $metadata: { httpStatusCode: status } = {} } = error as { name?: string; code?: string; $metadata?: { httpStatusCode?: number } };
      if (code && ofDisk.has(code)) throw error;
      if (name === 'NoSuchKey' || name === 'NoSuchBucket' || status === 404) throw new ActionFailed(`Image ${image.id} has no data in the image store.`, { cause: error });
      if (status === 403) throw new ActionFailed(`The host may not fetch image ${image.id} from the image store.`, { retryable: true, cause: error });
      if (progress.size > since.size) [since, failures] = [{ size: progress.size, at: Date.now() }, 1];
      const wait = backoff(failures);
      log.warn('an image could not be fetched', { image: image.id, error: name, retry_ms: Math.round(wait) });
      if (Date.now() + wait > since.at + PATIENCE_MS) throw new ActionFailed(`Image ${image.id} could not be fetched from the image store.`, { retryable: true, cause: error });
      await sleep(wait, undefined, signal && { signal });
    }
  }
}

/** What the disk said, not the network. */
const ofDisk = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS']);

/** From where it was, if S3 still has the same object and gives parts; else from the beginning. */
async function fetchOn(s3: S3Client, image: ImageReference, object: { Bucket: string; Key: string }, progress: Progress, sink: Sink, signal?: AbortSignal): Promise<void> {
  const on = progress.size > 0 && progress.etag !== undefined;
  const answer = await s3.send(new GetObjectCommand({ ...object, ...(on && { Range: `bytes=${progress.size}-` }) }), signal && { abortSignal: signal });
  const body = answer.Body as Readable;
  const goesOn = on && answer.ETag === progress.etag && answer.ContentRange?.startsWith(`bytes ${progress.size}-`);
  if (!goesOn) {
    await sink.empty();
    Object.assign(progress, { size: 0, hash: createHash('md5'), etag: answer.ETag });
    if (on && answer.ContentRange !== undefined) {
      body.destroy(); // a part of something else
      return fetchOn(s3, image, object, progress, sink, signal);
    }
  }
  const idle = setTimeout(giveUp, IDLE_MS);
  const abort = () => body.destroy(signal!.reason as Error);
  signal?.addEventListener('abort', abort);
  function giveUp() {
    body.destroy(new Error(`no byte for ${IDLE_MS / 1000} s`));
  }
  try {
    signal?.throwIfAborted();
    for await (const chunk of body as AsyncIterable<Buffer>) {
      idle.refresh();
      if (progress.size + chunk.length > image.size) throw new ActionFailed(`Image ${image.id} is unacceptable: its data has more than ${image.size} bytes.`, { retryable: true });
      await sink.write(chunk, progress.size);
      progress.hash.update(chunk);
      progress.size += chunk.length;
    }
  } finally {
    clearTimeout(idle);
    signal?.removeEventListener('abort', abort);
    body.destroy();
  }
  if (progress.size !== image.size) throw new ActionFailed(`Image ${image.id} is unacceptable: its data has ${progress.size} bytes instead of ${image.size} bytes.`, { retryable: true });
  const digest = progress.hash.digest('hex');
  if (image.checksum !== null && digest !== image.checksum) throw new ActionFailed(`Image ${image.id} is unacceptable: its data has checksum ${digest} instead of ${image.checksum}.`, { retryable: true });
}
