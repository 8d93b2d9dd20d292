import { badRequest, forbidden, HttpError, payloadTooLarge, unsupportedMediaType } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import { HEAD_BYTES, mismatch, virtualSize } from '../data/format.ts';
import { hashing } from '../data/hashes.ts';
import { objectKey, putObject, readObject } from '../data/objects.ts';
import { abandonUpload, beginUpload, finishUpload } from '../data/upload.ts';
import { imageToChange, notYours, visibleImage } from '../image/access.ts';
import type { Image } from '../image/record.ts';
import { hasData } from '../image/view.ts';

/** What API Gateway takes; larger images come in by import. */
const MAX_UPLOAD = 10 * 1024 * 1024;
/** A function answers with at most 6 MB, of which base64 takes a quarter. */
const MAX_DOWNLOAD = 4_500_000;
const DEADLINE_MS = 2 * 60_000; // well past this function's own timeout

/** Image API v2, "Upload binary image data": of an image small enough to pass through a function. */
async function upload(request: Request) {
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== undefined && type !== 'application/octet-stream') throw unsupportedMediaType(`The content type ${type} is not supported: send application/octet-stream.`);
  const image = await imageToChange(request, 'upload_image');
  const bytes = request.rawBody;
  if (bytes.length > MAX_UPLOAD)
    throw payloadTooLarge(`Image data of more than ${MAX_UPLOAD} bytes cannot be uploaded here: import it by web-download (POST /v2/images/${image.id}/import).`);
  const begun = await beginUpload(image.id, 'saving', DEADLINE_MS);
  try {
    const wrong = mismatch(image.disk_format!, bytes.subarray(0, HEAD_BYTES));
    if (wrong) throw badRequest(wrong);
    await putObject(objectKey(image.id, begun.id), bytes);
    const hashes = hashing();
    hashes.update(bytes);
    const stored = { ...hashes.stored(), virtual_size: virtualSize(image.disk_format!, bytes.subarray(0, HEAD_BYTES), bytes.length) };
    if (!(await finishUpload(begun, stored))) throw new HttpError(410, `Image ${image.id} could not be found after upload. The image may have been deleted during the upload.`);
  } catch (error) {
    await abandonUpload(begun);
    throw error;
  }
}

/** Image API v2, "Download binary image data": all of it, or the part that a Range header names. */
async function download(request: Request) {
  const image = await imageToDownload(request);
  if (!hasData(image)) return;
  const size = image.size!;
  const range = rangeOf(request.header('range'), size);
  const { from, to } = range ?? { from: 0, to: size - 1 };
  if (to - from + 1 > MAX_DOWNLOAD) throw payloadTooLarge(`Image data of more than ${MAX_DOWNLOAD} bytes cannot be downloaded here at once: ask for parts of it with a Range header.`);
  return {
    status: range ? 206 : 200,
    body: await readObject(objectKey(image.id, image.upload_id!), from, to),
    headers: {
      'Accept-Ranges': 'bytes',
      ...(range ? { 'Content-Range': `bytes ${from}-${to}/${size}` } : { 'Content-MD5': image.checksum! }),
    },
  };
}

/** Throws 404 where the asker doesn't see the image, 403 where it may not have its data. */
export async function imageToDownload(request: Request): Promise<Image> {
  const image = await visibleImage(request);
  if (!request.allowed('download_image')) throw notYours('download_image');
  if (image.status === 'deactivated' && !isAdmin(request.context)) throw forbidden('The requested image has been deactivated. Image data download is forbidden.');
  return image;
}

/** First and last byte of a single-range header; undefined for the whole. Throws 416 (RFC 9110). */
function rangeOf(header: string | undefined, size: number): { from: number; to: number } | undefined {
  if (header === undefined) return undefined;
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  const [first, last] = [match?.[1], match?.[2]];
  const from = first ? Number(first) : size - Number(last);
  const to = first && last ? Math.min(Number(last), size - 1) : size - 1;
  if (!match || (!first && !last) || from < 0 || from > to) throw new HttpError(416, `Invalid range ${header}: the image has ${size} bytes.`, { headers: { 'Content-Range': `bytes */${size}` } });
  return { from, to };
}

export const dataRoutes: Route[] = [
  { method: 'PUT', path: '/images/{image_id}/file', policy: 'upload_image', raw: true, handler: upload },
  { method: 'GET', path: '/images/{image_id}/file', policy: 'get_image', handler: download },
];
