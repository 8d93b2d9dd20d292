import { randomUUID } from 'node:crypto';
import { forbidden } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { TransactionRefused } from '../../../shared/store/errors.ts';
import { abandoned, clean } from '../data/upload.ts';
import { imageToChange } from '../image/access.ts';
import { imageKey } from '../image/record.ts';
import { glance } from '../image/store.ts';

const SOON_MS = 5 * 60_000;

/**
 * Image API v2, "Delete image". The record goes at once; its bytes and members are left to the upload's record in the same
 * transaction, so that what this request does not get to is done by the sweeper.
 */
async function remove(request: Request) {
  for (;;) {
    const image = await imageToChange(request, 'delete_image');
    if (image.protected) throw forbidden(`Image ${image.id} is protected and cannot be deleted.`);
    const moving = image.status === 'saving' || image.status === 'importing';
    const rest = { id: image.upload_id ?? randomUUID(), image_id: image.id };
    try {
      await glance.transact([
        { delete: imageKey(image.id), if: { revision: image.revision } },
        { put: abandoned(rest, new Date(Date.now() + SOON_MS)) },
      ]);
    } catch (error) {
      if (error instanceof TransactionRefused) continue; // somebody changed it meanwhile: look again
      throw error;
    }
    await clean(rest, moving ? 'a writer may still be at it' : 'nobody writes');
    return;
  }
}

export const deleteRoutes: Route[] = [{ method: 'DELETE', path: '/images/{image_id}', policy: 'delete_image', handler: remove }];
