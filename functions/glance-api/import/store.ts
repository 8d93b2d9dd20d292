import { AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { bucket, s3 } from '../data/objects.ts';

const PART = 16 * 1024 * 1024; // of at most 10,000
const AT_ONCE = 3;

/** Writes a stream into an object, part by part: memory holds a few parts, however large the whole. Nothing stays of a broken one. */
export async function storeStream(key: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  const object = { Bucket: bucket(), Key: key };
  let uploadId: string | undefined;
  const parts: { PartNumber: number; ETag: string | undefined }[] = [];
  const going = new Set<Promise<void>>();
  const send = async (number: number, body: Buffer) => {
    const { ETag } = await s3().send(new UploadPartCommand({ ...object, UploadId: uploadId, PartNumber: number, Body: body }));
    parts.push({ PartNumber: number, ETag });
  };
  let number = 0;
  try {
    for await (const { bytes, last } of inParts(chunks)) {
      if (last && uploadId === undefined) return void (await s3().send(new PutObjectCommand({ ...object, Body: bytes })));
      uploadId ??= (await s3().send(new CreateMultipartUploadCommand(object))).UploadId;
      const part: Promise<void> = send(++number, bytes).finally(() => going.delete(part));
      going.add(part);
      part.catch(() => {}); // awaited below
      if (going.size >= AT_ONCE) await Promise.race(going);
    }
    await Promise.all(going);
    parts.sort((a, b) => a.PartNumber - b.PartNumber);
    if (parts.length !== number) throw new Error('a part of the object was not stored');
    await s3().send(new CompleteMultipartUploadCommand({ ...object, UploadId: uploadId, MultipartUpload: { Parts: parts } }));
  } catch (error) {
    await Promise.allSettled(going);
    if (uploadId !== undefined) await s3().send(new AbortMultipartUploadCommand({ ...object, UploadId: uploadId })).catch(() => {}); // the bucket's lifecycle does it
    throw error;
  }
}

/** The stream in pieces of one size; the last one may be smaller, or empty where it is the only one. */
async function* inParts(chunks: AsyncIterable<Buffer>): AsyncGenerator<{ bytes: Buffer; last: boolean }> {
  let held: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    size += chunk.length;
    if (size <= PART) continue;
    const all = Buffer.concat(held);
    let from = 0;
    for (; all.length - from > PART; from += PART) yield { bytes: all.subarray(from, from + PART), last: false };
    held = [Buffer.from(all.subarray(from))];
    size = held[0]!.length;
  }
  yield { bytes: Buffer.concat(held), last: true };
}
