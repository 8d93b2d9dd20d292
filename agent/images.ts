import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { log } from '../shared/telemetry/log.ts';
import { backoff } from './backoff.ts';
import { ActionFailed, type ImageReference, type Images } from './drivers/driver.ts';

const REMEMBERED = 200;
const PATIENCE_MS = 30_000; // with S3 being away, before the launch is better tried elsewhere
const IDLE_MS = 20_000; // without a byte

/** All the hosts of a process share it: a hundred launches of an image that come together fetch it once. */
export function s3Images(s3: S3Client): Images {
  const checked = new Map<string, Promise<void>>();
  return {
    async verify(image, signal) {
      const key = JSON.stringify([image.id, image.checksum, image.size, image.location]);
      let check = checked.get(key);
      if (!check) {
        check = fetchAndCheck(s3, image);
        checked.set(key, check);
        check.catch(() => checked.delete(key)); // the next launch tries anew
        if (checked.size > REMEMBERED) checked.delete(checked.keys().next().value!);
      }
      await unless(signal, check);
    },
  };
}

/** One launch's end must not take the image from the others that wait for it. */
async function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function fetchAndCheck(s3: S3Client, image: ImageReference): Promise<void> {
  const location = /^s3:\/\/([^/]+)\/(.+)$/.exec(image.location);
  if (!location) throw new ActionFailed(`Image ${image.id} is at a location that a host cannot fetch from.`);
  const [, bucket, key] = location as unknown as [string, string, string];
  const deadline = Date.now() + PATIENCE_MS;
  for (let failures = 1; ; failures++) {
    try {
      return await fetchOnce(s3, image, bucket, key);
    } catch (error) {
      if (error instanceof ActionFailed) throw error;
      const { name = '', $metadata: { httpStatusCode: status } = {} } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
      if (name === 'NoSuchKey' || name === 'NoSuchBucket' || status === 404) throw new ActionFailed(`Image ${image.id} has no data in the image store.`, { cause: error });
      if (status === 403) throw new ActionFailed(`The host may not fetch image ${image.id} from the image store.`, { retryable: true, cause: error });
      const wait = backoff(failures);
      log.warn('an image could not be fetched', { image: image.id, error: name, retry_ms: Math.round(wait) });
      if (Date.now() + wait > deadline) throw new ActionFailed(`Image ${image.id} could not be fetched from the image store.`, { retryable: true, cause: error });
      await sleep(wait);
    }
  }
}

async function fetchOnce(s3: S3Client, image: ImageReference, bucket: string, key: string): Promise<void> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const body = Body as Readable;
  const hash = createHash('md5');
  let size = 0;
  const idle = setTimeout(giveUp, IDLE_MS);
  function giveUp() {
    body.destroy(new Error(`no byte for ${IDLE_MS / 1000} s`));
  }
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      idle.refresh();
      size += chunk.length;
      if (size > image.size) break;
      hash.update(chunk);
    }
  } finally {
    clearTimeout(idle);
    body.destroy();
  }
  if (size !== image.size) {
    throw new ActionFailed(`Image ${image.id} is unacceptable: its data has ${size > image.size ? 'more than' : `${size} bytes instead of`} ${image.size} bytes.`, { retryable: true });
  }
  const digest = hash.digest('hex');
  if (image.checksum !== null && digest !== image.checksum) throw new ActionFailed(`Image ${image.id} is unacceptable: its data has checksum ${digest} instead of ${image.checksum}.`, { retryable: true });
}
