/**
 * The S3 engine: an HTTP server (worker thread; data: {port, folder}) for the operations that the cloud uses, path style.
 * Bytes go between socket and disk in small pieces, and a completed multipart upload keeps its parts as the object's body:
 * the engine's memory doesn't grow with an object, and nothing is copied. (fauxqs' own S3 holds whole objects in memory.)
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { bodyOf } from './s3-body.ts';
import { openStore, S3Error, sendBytes } from './s3-store.ts';
import type { StoredObject } from './s3-store.ts';

const { port, folder } = workerData as { port: number; folder: string };
const store = openStore(folder);

const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, async (request, response) => {
  try {
    await serve(request, response);
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    const known = error instanceof S3Error ? error : new S3Error(500, 'InternalError', String(error));
    if (!request.complete) response.setHeader('connection', 'close');
    const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${known.code}</Code><Message>${escape(known.message)}</Message></Error>`;
    response.writeHead(known.status, { 'content-type': 'application/xml' }).end(request.method === 'HEAD' ? undefined : xml);
  }
});

async function serve(request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url!, 'http://s3');
  const query = url.searchParams;
  refuseExpired(query);
  const [, bucket = '', ...rest] = url.pathname.split('/');
  const key = decodeURIComponent(rest.join('/'));
  const operation = `${request.method} ${key ? 'object' : 'bucket'}`;
  const upload = query.get('uploadId');

  switch (operation) {
    case 'PUT bucket': store.createBucket(bucket); return void response.end();
    case 'HEAD bucket': store.requireBucket(bucket); return void response.end();
    case 'GET bucket': return sendXml(response, listing(bucket, query));
    case 'POST bucket': return deleteObjects(bucket, request, response);
    case 'PUT object': {
      if (request.headers['x-amz-copy-source']) throw new S3Error(501, 'NotImplemented', 'CopyObject');
      const body = bodyOf(request);
      const etag = upload
        ? await store.putPart(bucket, upload, Number(query.get('partNumber')), body)
        : await store.put(bucket, key, body, headersOf(request), request.headers['if-none-match'] === '*');
      return void response.setHeader('etag', `"${etag}"`).end();
    }
    case 'POST object': {
      if (query.has('uploads')) return sendXml(response, initiated(bucket, key, store.beginUpload(bucket, key, headersOf(request))));
      if (!upload) throw new S3Error(405, 'MethodNotAllowed', 'POST');
      const etag = await store.completeUpload(bucket, key, upload, await partsOf(request));
      return sendXml(response, `<CompleteMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${escape(key)}</Key><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`);
    }
    case 'DELETE object':
      await (upload ? store.abortUpload(bucket, upload) : store.delete(bucket, key));
      return void response.writeHead(204).end();
    case 'HEAD object':
    case 'GET object': return sendObject(store.get(bucket, key), request, response);
    default: throw new S3Error(405, 'MethodNotAllowed', operation);
  }
}

/** Presigned URLs end when they say so; signatures themselves are not checked on one machine. */
function refuseExpired(query: URLSearchParams) {
  const [date, seconds] = [query.get('X-Amz-Date'), Number(query.get('X-Amz-Expires'))];
  if (!date || !seconds) return;
  const signed = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Date.now() < signed + seconds * 1000)) throw new S3Error(403, 'AccessDenied', 'Request has expired');
}

function headersOf(request: IncomingMessage) {
  const kept = Object.entries(request.headers).filter(([name]) => name.startsWith('x-amz-meta-') || name === 'content-type' || name === 'cache-control' || name === 'content-disposition');
  return Object.fromEntries(kept) as Record<string, string>;
}

async function sendObject(object: StoredObject, request: IncomingMessage, response: ServerResponse) {
  const etag = `"${object.etag}"`;
  if (request.headers['if-match'] && request.headers['if-match'] !== etag) throw new S3Error(412, 'PreconditionFailed', 'If-Match');
  const headers: Record<string, string | number> = { 'content-type': 'binary/octet-stream', ...object.headers, etag, 'last-modified': new Date(object.modified).toUTCString(), 'accept-ranges': 'bytes' };
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304, headers).end();
  const range = rangeOf(request.headers.range, object.size);
  const [from, to] = range ?? [0, object.size - 1];
  headers['content-length'] = to - from + 1;
  if (range) headers['content-range'] = `bytes ${from}-${to}/${object.size}`;
  response.writeHead(range ? 206 : 200, headers);
  if (request.method === 'HEAD') return void response.end();
  await sendBytes(object, from, to, response);
}

/** First and last byte of a Range header; undefined for the whole object. */
function rangeOf(header: string | undefined, size: number): [number, number] | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (!match[1] && !match[2])) return undefined;
  const from = match[1] ? Number(match[1]) : Math.max(0, size - Number(match[2]));
  const to = match[1] && match[2] ? Math.min(Number(match[2]), size - 1) : size - 1;
  if (from > to) throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable');
  return [from, to];
}

function listing(bucket: string, query: URLSearchParams) {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const limit = Number(query.get('max-keys') ?? 1000);
  const found = store.list(bucket).filter(({ key }) => key.startsWith(prefix) && key > after).sort((a, b) => (a.key < b.key ? -1 : 1));
  const page = found.slice(0, limit);
  const next = found.length > limit ? `<NextContinuationToken>${escape(page.at(-1)!.key)}</NextContinuationToken>` : '';
  const contents = page.map(({ key, size, etag, modified }) => `<Contents><Key>${escape(key)}</Key><LastModified>${modified}</LastModified><ETag>"${etag}"</ETag><Size>${size}</Size></Contents>`);
  return `<ListBucketResult><Name>${bucket}</Name><Prefix>${escape(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><IsTruncated>${found.length > limit}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`;
}

async function deleteObjects(bucket: string, request: IncomingMessage, response: ServerResponse) {
  const keys = [...(await textOf(request)).matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => unescape(key!));
  for (const key of keys) await store.delete(bucket, key);
  sendXml(response, `<DeleteResult>${keys.map((key) => `<Deleted><Key>${escape(key)}</Key></Deleted>`).join('')}</DeleteResult>`);
}

async function partsOf(request: IncomingMessage) {
  return [...(await textOf(request)).matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part]) => ({
    number: Number(/<PartNumber>(\d+)/.exec(part!)?.[1]),
    etag: unescape(/<ETag>([^<]*)/.exec(part!)?.[1] ?? '').replaceAll('"', ''),
  }));
}

async function textOf(request: IncomingMessage) {
  const pieces: Buffer[] = [];
  for await (const piece of bodyOf(request)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const initiated = (bucket: string, key: string, upload: string) =>
  `<InitiateMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${escape(key)}</Key><UploadId>${upload}</UploadId></InitiateMultipartUploadResult>`;
const sendXml = (response: ServerResponse, xml: string) => void response.setHeader('content-type', 'application/xml').end(`<?xml version="1.0" encoding="UTF-8"?>${xml}`);
const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string) => text.replace(/[&<>"]/g, (sign) => entities[sign as keyof typeof entities]);
const unescape = (text: string) => Object.entries(entities).reverse().reduce((result, [sign, entity]) => result.replaceAll(entity, sign), text);

server.listen(port, '127.0.0.1', () => parentPort?.postMessage('ready'));
parentPort?.on('message', () => process.exit());
