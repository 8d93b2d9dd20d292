import { randomUUID } from 'node:crypto';
import { badRequest, conflict } from '../../../shared/http/errors.ts';
import { TransactionRefused } from '../../../shared/store/errors.ts';
import type { Item, Key } from '../../../shared/store/table.ts';
import { imageItem, type Image, type Stored } from '../image/record.ts';
import { STORE } from '../image/names.ts';
import { getImage, glance, membersOf, noImage, removeMember } from '../image/store.ts';
import { deleteObject, objectKey } from './objects.ts';

/**
 * An upload owns its object in S3 from before the first byte until an image takes it over. What has neither an image nor an
 * open upload is found by its deadline and deleted, so no byte is ever paid for unseen.
 */
export interface Upload extends Item {
  id: string;
  image_id: string;
  /**
   * `abandoned`: nobody may finish it any more; it stays a day, for the bytes that a late writer may still bring.
   * `finished`: the image has the bytes; it stays a day, so that a repeated report is known.
   */
  state: 'open' | 'abandoned' | 'finished';
  due_at?: string;
  /** glance-api itself fetches the bytes. */
  imports?: boolean;
}

const LATE_WRITERS_MS = 24 * 3_600_000;
export const UPLOADS_DUE = 'uploads';

export const uploadKey = (id: string): Key => ({ pk: `upload#${id}`, sk: 'upload' });
/** Past their deadline, oldest first. */
export const dueUploads = (limit: number) => glance.due<Upload>([UPLOADS_DUE], limit);

export const getUpload = (id: string) => glance.get<Upload>(uploadKey(id));

/** Takes the image from `queued` to `saving` or `importing`, for one upload until its deadline. Throws 404, 409, 400. */
export async function beginUpload(imageId: string, status: 'saving' | 'importing', deadlineMs: number, uploadId: string = randomUUID()): Promise<Upload> {
  for (;;) {
    const image = await getImage(imageId);
    if (!image) throw noImage(imageId);
    if (image.status !== 'queued') throw conflict(`Image status transition from ${image.status} to ${status} is not allowed`);
    const missing = (['disk_format', 'container_format'] as const).filter((p) => !image[p]);
    if (missing.length) throw badRequest(`Properties ${missing.join(', ')} must be set prior to saving data.`);
    const upload: Upload = { id: uploadId, image_id: imageId, state: 'open', due_at: new Date(Date.now() + deadlineMs).toISOString(), ...(status === 'importing' && { imports: true }) };
    const properties = { ...image.properties };
    for (const name of Object.keys(properties)) if (name.startsWith('os_glance')) delete properties[name];
    const next: Image = { ...changed(image), properties, status, upload_id: uploadId };
    try {
      await glance.transact([
        { put: imageItem(next), if: { revision: image.revision } },
        { put: { ...upload, ...uploadKey(uploadId), due_pk: UPLOADS_DUE } },
      ]);
      return upload;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error; // another change of the image came between: look again
    }
  }
}

/** The bytes are there: the image becomes `active`. False where the upload is no longer the image's. Safe to repeat. */
export async function finishUpload(upload: Upload, stored: Stored): Promise<boolean> {
  for (;;) {
    const image = await getImage(upload.image_id);
    if (!image || image.upload_id !== upload.id) return false;
    if (image.status !== 'saving' && image.status !== 'importing') return true; // done before
    const next: Image = { ...changed(image), ...stored, virtual_size: stored.virtual_size ?? null, status: 'active' };
    try {
      await glance.transact([{ put: imageItem(next), if: { revision: image.revision } }, { put: finished(upload) }]);
      return true;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
    }
  }
}

/** Ends an upload without success: the image goes back to `queued` (with why its import failed), its bytes are deleted. Safe to repeat. */
export async function abandonUpload(upload: Pick<Upload, 'id' | 'image_id'>, failedImport?: string): Promise<void> {
  for (;;) {
    const image = await getImage(upload.image_id);
    const holds = image?.upload_id === upload.id;
    if (holds && image.status !== 'saving' && image.status !== 'importing') return; // finished: the object is the image's
    try {
      await glance.transact([
        ...(holds ? [{ put: imageItem(requeued(image, failedImport)), if: { revision: image.revision } }] : []),
        { put: abandoned(upload) },
      ]);
      break;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
    }
  }
  await clean(upload, 'a writer may still be at it');
}

/**
 * Deletes what an abandoned upload left: its bytes, and the members of an image that is gone. Its own record goes last, or
 * stays until a late writer must be done. Safe to repeat.
 */
export async function clean(upload: Pick<Upload, 'id' | 'image_id'>, writers: 'a writer may still be at it' | 'nobody writes'): Promise<void> {
  await deleteObject(objectKey(upload.image_id, upload.id));
  if (!(await getImage(upload.image_id))) for (const { member_id } of await membersOf(upload.image_id)) await removeMember(upload.image_id, member_id);
  if (writers === 'nobody writes') await glance.remove(uploadKey(upload.id), { state: 'abandoned' });
  else await glance.put(abandoned(upload));
}

/** The upload as a record of bytes that nobody will have; the sweeper deletes them (again) when it is due. */
export const abandoned = (upload: Pick<Upload, 'id' | 'image_id'>, due = new Date(Date.now() + LATE_WRITERS_MS)) => ({
  ...uploadKey(upload.id), id: upload.id, image_id: upload.image_id, state: 'abandoned' as const, due_pk: UPLOADS_DUE, due_at: due.toISOString(),
});

const finished = ({ id, image_id }: Upload) => ({ ...uploadKey(id), id, image_id, state: 'finished' as const, expires_at: Math.floor((Date.now() + LATE_WRITERS_MS) / 1000) });

function requeued(image: Image, failedImport: string | undefined): Image {
  const { upload_id: _, ...rest } = changed(image);
  const failure = failedImport !== undefined && { os_glance_failed_import: STORE, os_glance_import_message: failedImport };
  return { ...rest, status: 'queued', properties: { ...image.properties, ...failure } } as Image;
}

const changed = (image: Image): Image => ({ ...image, updated_at: new Date().toISOString(), revision: image.revision + 1 });
