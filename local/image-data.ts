import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { collecting } from './engines/collecting.ts';
import { sendProxyResult } from './proxy-event.ts';
import type { ProxyResult } from './proxy-event.ts';
import { abortUpload, beginUpload, completeUpload, openObject, putObject, putPart } from './s3-client.ts';

const PART = 8 * 1024 * 1024;

export interface ImageData {
  s3: string;
  /** Calls glance-api with the client's token; undefined where the gateway has answered the client itself. */
  invoke: (method: string, path: string, json?: object) => Promise<ProxyResult | undefined>;
  /** Lets a client send that asked before (Expect: 100-continue). */
  proceed: () => void;
}

/**
 * Image bytes go between the client and S3, past the functions: glance-api is asked before the first byte whether this
 * token may, and told after the last what was stored. False for every other request.
 */
export async function serveImageData(request: IncomingMessage, response: ServerResponse, path: string, data: ImageData): Promise<boolean> {
  const image = /^\/+image\/+v2\/+images\/+([^/]+)\/+file\/*$/.exec(path)?.[1];
  if (!image || (request.method !== 'PUT' && request.method !== 'GET')) return false;
  await (request.method === 'PUT' ? upload(image, request, response, data) : download(image, request, response, data));
  return true;
}

async function upload(image: string, request: IncomingMessage, response: ServerResponse, { s3, invoke, proceed }: ImageData) {
  const allowed = await invoke('POST', '/image/v2/novaless/uploads', { image_id: decodeURIComponent(image) });
  if (allowed?.statusCode !== 201) {
    if (allowed) sendProxyResult(response, allowed, false);
    return void request.resume(); // a client that's still sending reads the answer only when it is through
  }
  const { id, bucket, key } = jsonOf(allowed) as { id: string; bucket: string; key: string };
  const record = `/image/v2/novaless/uploads/${id}`;
  let stored: Stored;
  try {
    proceed();
    stored = await store(request, `${s3}/${bucket}/${encodeURI(key)}`);
  } catch (error) {
    await invoke('DELETE', record).catch(() => {});
    throw error;
  }
  const done = await invoke('PUT', record, { size: stored.size, checksum: stored.md5, os_hash_algo: 'sha512', os_hash_value: stored.sha512 });
  if (!done) return;
  if (done.statusCode >= 400 && done.statusCode < 500) await invoke('DELETE', record).catch(() => {}); // the image went meanwhile
  sendProxyResult(response, done, false);
}

interface Stored { size: number; md5: string; sha512: string }

/** Writes the body to S3 in parts: one is filled while the one before it travels, so that two are in memory. */
async function store(body: AsyncIterable<Buffer>, url: string): Promise<Stored> {
  const [md5, sha512] = [createHash('md5'), createHash('sha512')];
  const parts: string[] = [];
  let uploadId: string | undefined;
  let sending: Promise<unknown> = Promise.resolve();
  let [filling, spare] = [Buffer.allocUnsafe(PART), Buffer.alloc(0)];
  let [filled, size] = [0, 0];

  async function send() {
    uploadId ??= await beginUpload(url);
    await sending;
    const [number, part, id] = [parts.push('') , filling.subarray(0, filled), uploadId];
    sending = putPart(url, id, number, part).then((etag) => { parts[number - 1] = etag; });
    sending.catch(() => {}); // seen at the next await
    [filling, spare] = [spare.length ? spare : Buffer.allocUnsafe(PART), filling];
    filled = 0;
  }

  try {
    for await (const piece of collecting(body)) {
      md5.update(piece);
      sha512.update(piece);
      size += piece.length;
      for (let taken = 0; taken < piece.length;) {
        const count = piece.copy(filling, filled, taken);
        [filled, taken] = [filled + count, taken + count];
        if (filled === PART) await send();
      }
    }
    if (!uploadId) await putObject(url, filling.subarray(0, filled));
    else {
      if (filled) await send();
      await sending;
      await completeUpload(url, uploadId, parts);
    }
  } catch (error) {
    await sending.catch(() => {});
    if (uploadId) await abortUpload(url, uploadId).catch(() => {});
    throw error;
  }
  return { size, md5: md5.digest('hex'), sha512: sha512.digest('hex') };
}

async function download(image: string, request: IncomingMessage, response: ServerResponse, { s3, invoke }: ImageData) {
  const allowed = await invoke('GET', `/image/v2/novaless/downloads/${image}`);
  if (!allowed) return;
  if (allowed.statusCode !== 200) return sendProxyResult(response, allowed, false);
  const { bucket, key, checksum } = jsonOf(allowed) as { bucket: string; key: string; checksum: string | null };
  const object = await openObject(`${s3}/${bucket}/${encodeURI(key)}`, request.headers.range);
  const { 'content-length': length, 'content-range': range } = object.headers;
  const status = object.statusCode!;
  if (status === 416) {
    object.resume();
    return void response.writeHead(416, { 'content-length': 0, ...(range && { 'content-range': range }) }).end();
  }
  if (status !== 200 && status !== 206) {
    object.destroy();
    throw new Error(`S3 answers ${status}`);
  }
  const requestId = Object.entries(allowed.headers ?? {}).filter(([name]) => name.toLowerCase() === 'x-openstack-request-id').map(([name, value]) => [name, String(value)]);
  response.writeHead(status, {
    'content-type': 'application/octet-stream', 'content-length': length!, 'accept-ranges': 'bytes',
    ...(status === 206 ? { 'content-range': range! } : checksum && { 'content-md5': checksum }), ...Object.fromEntries(requestId),
  });
  await pipeline(collecting(object), response);
}

const jsonOf = ({ body, isBase64Encoded }: ProxyResult) => JSON.parse(Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString()) as unknown;
