import type { Args } from '../../../shared/rpc/topic.ts';
import { absent, absentOrLessThan, exists } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { glanceApi } from '../../../shared/rpc/topics/glance-api.ts';
import { log } from '../../../shared/telemetry/log.ts';
import { HEAD_BYTES, mismatch, virtualSize } from '../data/format.ts';
import { hashing } from '../data/hashes.ts';
import { objectKey } from '../data/objects.ts';
import { abandonUpload, finishUpload, getUpload, uploadKey, type Upload } from '../data/upload.ts';
import { glance } from '../image/store.ts';
import { Refused } from './address.ts';
import { NoSource, openSource } from './fetch.ts';
import { storeStream } from './store.ts';

/** As large as an image that comes by web-download may be, in bytes. */
const MAX_SIZE = 100 * 1024 ** 3;
/** Ends before the function itself would be ended. */
const MAX_MS = 14 * 60_000;

type Order = Args<typeof glanceApi.methods.import_image>;

/** The source's bytes can't become this image; `message` is for the user. */
class Unacceptable extends Error {
  override name = 'Unacceptable';
}

/**
 * Streams an image from its source to the store. What cannot get better is recorded at once, and the image waits for data
 * again; what may pass is thrown, and the message comes again.
 */
export async function importImage(order: Order): Promise<void> {
  const upload = await getUpload(order.upload_id);
  if (!upload || upload.state !== 'open') return; // done, deleted or given up
  if (!(await lease(upload))) return; // another is at it; should that one die, its own message comes again
  try {
    await transfer(order, upload);
  } catch (error) {
    if (error instanceof Refused || error instanceof NoSource || error instanceof Unacceptable) return giveUp(order, error.message);
    await unlease(upload);
    throw error;
  }
}

async function transfer({ image_id, uri, disk_format }: Order, upload: Upload): Promise<void> {
  const signal = AbortSignal.timeout(MAX_MS);
  const source = await openSource(uri, signal);
  const announced = source.headers['content-length'];
  if (announced !== undefined && Number(announced) > MAX_SIZE) throw new Unacceptable(tooLarge);
  const hashes = hashing();
  const head: Buffer[] = [];
  async function* watched() {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      if (hashes.size < HEAD_BYTES) head.push(chunk.subarray(0, HEAD_BYTES - hashes.size));
      hashes.update(chunk);
      if (hashes.size > MAX_SIZE) throw new Unacceptable(tooLarge);
      yield chunk;
    }
    if (!source.complete) throw new Error('the source broke off');
  }
  try {
    await storeStream(objectKey(image_id, upload.id), watched());
  } catch (error) {
    if (signal.aborted) throw new Unacceptable(`The source took longer than ${MAX_MS / 60_000} minutes.`);
    throw error;
  } finally {
    source.destroy();
  }
  const beginning = Buffer.concat(head);
  const wrong = mismatch(disk_format, beginning);
  if (wrong) throw new Unacceptable(wrong);
  if (!hashes.size) throw new Unacceptable('The source is empty.');
  const stored = hashes.stored();
  const kept = await finishUpload(upload, { ...stored, virtual_size: virtualSize(disk_format, beginning, stored.size) });
  if (!kept) await abandonUpload(upload); // the image was deleted meanwhile
}

const tooLarge = `The image is larger than ${MAX_SIZE} bytes.`;

/** The import failed for good: the image is `queued` again, and says why. */
export async function giveUp({ image_id, upload_id }: Pick<Order, 'image_id' | 'upload_id'>, reason: string): Promise<void> {
  log.warn('import failed', { image_id, reason });
  await abandonUpload({ id: upload_id, image_id }, reason);
}

/** One at a time writes to an upload's object. */
async function lease({ id }: Upload): Promise<boolean> {
  const until = new Date(Date.now() + MAX_MS + 30_000).toISOString();
  return changed(glance.update(uploadKey(id), { set: { lease_until: until } }, { state: 'open', lease_until: absentOrLessThan(new Date().toISOString()) }));
}
const unlease = ({ id }: Upload) => changed(glance.update(uploadKey(id), { remove: ['lease_until'] }, { pk: exists(), expires_at: absent() }));

async function changed(update: Promise<unknown>): Promise<boolean> {
  try {
    await update;
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}
