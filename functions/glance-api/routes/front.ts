import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { badRequest, conflict, notFound } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { HEAD_BYTES, mismatch, virtualSize } from '../data/format.ts';
import { bucket, objectKey, objectSize, readObject } from '../data/objects.ts';
import { abandonUpload, beginUpload, finishUpload, getUpload, type Upload } from '../data/upload.ts';
import { imageToChange } from '../image/access.ts';
import type { Image } from '../image/record.ts';
import { hasData } from '../image/view.ts';
import { imageToDownload } from './data.ts';

/*
 * For a front that moves image bytes straight between the client and S3, in the user's name: it asks before the first byte
 * where they go, and tells after the last what was stored. Its requests carry the user's own token.
 */

const DEADLINE_MS = 6 * 3_600_000; // 5 GB at 2 Mbit/s

const Begin = Type.Object({ image_id: Type.String() }, { additionalProperties: false });
const Finish = Type.Object({
  size: Type.Integer({ minimum: 0 }),
  checksum: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  os_hash_algo: Type.Literal('sha512'),
  os_hash_value: Type.String({ pattern: '^[0-9a-f]{128}$' }),
}, { additionalProperties: false });

/** `{image_id}` → 201 `{id, bucket, key}`; the image is `saving`. */
async function begin(request: Request<Static<typeof Begin>>) {
  const image = await imageToChange({ ...request, params: { image_id: request.body.image_id } }, 'upload_image');
  const upload = await beginUpload(image.id, 'saving', DEADLINE_MS);
  return { status: 201, body: { id: upload.id, bucket: bucket(), key: objectKey(image.id, upload.id) } };
}

/** `{size, checksum, os_hash_algo, os_hash_value}` → 204; the image is `active`. 400 where the bytes aren't what was said. */
async function finish(request: Request<Static<typeof Finish>>) {
  const { upload, image } = await uploadOf(request);
  if (upload.state === 'abandoned') return refuse(upload, `The upload took too long: image ${image.id} is waiting for its data again.`);
  const key = objectKey(image.id, upload.id);
  const stored = request.body;
  const size = await objectSize(key);
  if (size !== stored.size) throw badRequest(`The store has ${size ?? 'no'} bytes, not ${stored.size}.`);
  const head = await readObject(key, 0, Math.min(HEAD_BYTES, size) - 1);
  const wrong = mismatch(image.disk_format ?? 'raw', head);
  if (wrong) {
    await abandonUpload(upload);
    throw badRequest(wrong);
  }
  if (!(await finishUpload(upload, { ...stored, virtual_size: virtualSize(image.disk_format ?? 'raw', head, size) })))
    return refuse(upload, `Image ${image.id} was changed during the upload.`);
}

/** The client went away: 204; the image is `queued` again. */
async function cancel(request: Request) {
  const { upload } = await uploadOf(request);
  await abandonUpload(upload);
}

async function refuse(upload: Upload, reason: string): Promise<never> {
  await abandonUpload(upload);
  throw conflict(reason);
}

/** 404 where there is no such upload, or not for the asker. A finished upload is found through its image. */
async function uploadOf(request: Request): Promise<{ upload: Upload; image: Image }> {
  const id = request.params['upload_id']!;
  const upload = await getUpload(id);
  if (!upload) throw notFound(`No upload found with ID ${id}`);
  const image = await imageToChange({ ...request, params: { image_id: upload.image_id } }, 'upload_image');
  return { upload, image };
}

/** `{bucket, key, size, checksum}`; 204 where there is no data yet. */
async function where(request: Request) {
  const image = await imageToDownload(request);
  if (!hasData(image)) return;
  return { body: { bucket: bucket(), key: objectKey(image.id, image.upload_id!), size: image.size, checksum: image.checksum } };
}

export const frontRoutes: Route[] = [
  { method: 'POST', path: '/novaless/uploads', policy: 'upload_image', body: Begin, handler: begin },
  { method: 'PUT', path: '/novaless/uploads/{upload_id}', policy: 'upload_image', body: Finish, handler: finish },
  { method: 'DELETE', path: '/novaless/uploads/{upload_id}', policy: 'upload_image', handler: cancel },
  { method: 'GET', path: '/novaless/downloads/{image_id}', policy: 'get_image', handler: where },
];
