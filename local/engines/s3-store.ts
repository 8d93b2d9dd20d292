import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { collecting } from './collecting.ts';

/** An error as S3 answers it. */
export class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface StoredObject {
  key: string;
  size: number;
  etag: string;
  modified: string; // ISO 8601
  headers: Record<string, string>;
  parts: { file: string; size: number }[];
  /** The upload that made it, so that a repeated completion is recognized. */
  upload: string;
}

/**
 * On disk: BUCKET/objects/KEY.json describes an object (written last and renamed into place: that is the commit);
 * BUCKET/data/UPLOAD/ holds its bytes, one file per part, named NUMBER-MD5, and `upload.json` while the upload goes on.
 */
export function openStore(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const bucketFolder = (bucket: string) => join(folder, encodeURIComponent(bucket).replaceAll('.', '%2E'));
  const dataFolder = (bucket: string, upload: string) => join(bucketFolder(bucket), 'data', upload.replaceAll(/[^0-9a-f-]/g, ''));
  const recordFile = (bucket: string, key: string) => {
    const name = encodeURIComponent(key);
    return join(bucketFolder(bucket), 'objects', `${name.length < 200 ? name : `~${createHash('sha256').update(key).digest('hex')}`}.json`);
  };
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as StoredObject;
  const requireBucket = (bucket: string) => {
    if (!existsSync(bucketFolder(bucket))) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist');
  };
  const find = (bucket: string, key: string) => {
    requireBucket(bucket);
    const file = recordFile(bucket, key);
    return existsSync(file) ? read(file) : undefined;
  };
  const requireUpload = (bucket: string, upload: string) => {
    const marker = join(dataFolder(bucket, upload), 'upload.json');
    if (!existsSync(marker)) throw new S3Error(404, 'NoSuchUpload', 'The specified multipart upload does not exist');
    return JSON.parse(readFileSync(marker, 'utf8')) as Pick<StoredObject, 'key' | 'headers'>;
  };
  const dropBytes = (bucket: string, upload: string) => rm(dataFolder(bucket, upload), { recursive: true, force: true });

  async function commit(bucket: string, object: Omit<StoredObject, 'modified'>) {
    const file = recordFile(bucket, object.key);
    const before = find(bucket, object.key);
    writeFileSync(`${file}.${object.upload}`, JSON.stringify({ ...object, modified: new Date().toISOString() }));
    renameSync(`${file}.${object.upload}`, file);
    if (before && before.upload !== object.upload) await dropBytes(bucket, before.upload);
  }

  return {
    requireBucket,
    createBucket(bucket: string) {
      mkdirSync(join(bucketFolder(bucket), 'objects'), { recursive: true });
      mkdirSync(join(bucketFolder(bucket), 'data'), { recursive: true });
    },

    async put(bucket: string, key: string, body: AsyncIterable<Buffer>, headers: Record<string, string>, onlyNew: boolean) {
      if (find(bucket, key) && onlyNew) throw new S3Error(412, 'PreconditionFailed', 'If-None-Match');
      const upload = randomUUID();
      mkdirSync(dataFolder(bucket, upload));
      try {
        const { md5, size } = await writeBytes(join(dataFolder(bucket, upload), '1'), body);
        if (find(bucket, key) && onlyNew) throw new S3Error(412, 'PreconditionFailed', 'If-None-Match');
        await commit(bucket, { key, size, etag: md5, headers, parts: [{ file: '1', size }], upload });
        return md5;
      } catch (error) {
        await dropBytes(bucket, upload);
        throw error;
      }
    },

    beginUpload(bucket: string, key: string, headers: Record<string, string>) {
      requireBucket(bucket);
      const upload = randomUUID();
      mkdirSync(dataFolder(bucket, upload));
      writeFileSync(join(dataFolder(bucket, upload), 'upload.json'), JSON.stringify({ key, headers }));
      return upload;
    },

    async putPart(bucket: string, upload: string, number: number, body: AsyncIterable<Buffer>) {
      requireUpload(bucket, upload);
      if (!(Number.isInteger(number) && number >= 1 && number <= 10_000)) throw new S3Error(400, 'InvalidArgument', 'partNumber');
      const temporary = join(dataFolder(bucket, upload), `incoming-${randomUUID()}`);
      try {
        const { md5 } = await writeBytes(temporary, body);
        requireUpload(bucket, upload);
        renameSync(temporary, join(dataFolder(bucket, upload), `${number}-${md5}`));
        return md5;
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
    },

    async completeUpload(bucket: string, key: string, upload: string, wanted: { number: number; etag: string }[]) {
      const done = find(bucket, key);
      if (done?.upload === upload) return done.etag;
      const { headers, key: begun } = requireUpload(bucket, upload);
      if (begun !== key) throw new S3Error(404, 'NoSuchUpload', 'The specified multipart upload does not exist');
      const parts = wanted.map(({ number, etag }, index) => {
        const file = `${number}-${etag}`;
        const path = join(dataFolder(bucket, upload), file);
        if (!/^\d+-[0-9a-f]{32}$/.test(file) || !existsSync(path)) throw new S3Error(400, 'InvalidPart', `part ${number}`);
        if (index && number <= wanted[index - 1]!.number) throw new S3Error(400, 'InvalidPartOrder', `part ${number}`);
        const { size } = statSync(path);
        if (size < 5 * 1024 * 1024 && index < wanted.length - 1) throw new S3Error(400, 'EntityTooSmall', `part ${number}`);
        return { file, size };
      });
      if (!parts.length) throw new S3Error(400, 'MalformedXML', 'no parts');
      const digest = createHash('md5').update(Buffer.concat(wanted.map(({ etag }) => Buffer.from(etag, 'hex')))).digest('hex');
      const etag = `${digest}-${parts.length}`;
      await commit(bucket, { key, size: parts.reduce((sum, part) => sum + part.size, 0), etag, headers, parts, upload });
      unlinkSync(join(dataFolder(bucket, upload), 'upload.json'));
      const kept = new Set(parts.map(({ file }) => file));
      for (const file of readdirSync(dataFolder(bucket, upload))) if (!kept.has(file)) rmSync(join(dataFolder(bucket, upload), file));
      return etag;
    },

    async abortUpload(bucket: string, upload: string) {
      requireUpload(bucket, upload);
      await dropBytes(bucket, upload);
    },

    get(bucket: string, key: string): StoredObject {
      const object = find(bucket, key);
      if (!object) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.');
      const base = dataFolder(bucket, object.upload);
      return { ...object, parts: object.parts.map(({ file, size }) => ({ file: join(base, file), size })) };
    },

    async delete(bucket: string, key: string) {
      const object = find(bucket, key);
      if (!object) return;
      rmSync(recordFile(bucket, key), { force: true });
      await dropBytes(bucket, object.upload);
    },

    list(bucket: string) {
      requireBucket(bucket);
      const records = join(bucketFolder(bucket), 'objects');
      return readdirSync(records).filter((name) => name.endsWith('.json')).map((name) => read(join(records, name)));
    },
  };
}

async function writeBytes(file: string, body: AsyncIterable<Buffer>) {
  const md5 = createHash('md5');
  let size = 0;
  await pipeline(body, async function* (pieces: AsyncIterable<Buffer>) {
    for await (const piece of collecting(pieces)) {
      md5.update(piece);
      size += piece.length;
      yield piece;
    }
  }, createWriteStream(file, { mode: 0o600 }));
  return { md5: md5.digest('hex'), size };
}

/** Sends bytes `from`..`to` (both included) of an object, in pieces of 64 KB. */
export async function sendBytes({ parts }: Pick<StoredObject, 'parts'>, from: number, to: number, target: Writable) {
  const bytes = async function* () {
    let start = 0;
    for (const { file, size } of parts) {
      const [first, last] = [Math.max(from - start, 0), Math.min(to - start, size - 1)];
      if (first <= last) yield* createReadStream(file, { start: first, end: last }) as AsyncIterable<Buffer>;
      start += size;
    }
  };
  await pipeline(collecting(bytes()), target);
}
