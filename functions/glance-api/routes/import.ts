import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { badRequest, conflict } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { cast } from '../../../shared/rpc/send.ts';
import { glanceApi } from '../../../shared/rpc/topics/glance-api.ts';
import { abandonUpload, beginUpload } from '../data/upload.ts';
import { imageToChange } from '../image/access.ts';
import { STORE } from '../image/names.ts';
import { checkedUrl, Refused } from '../import/address.ts';
import { importMethods } from './info.ts';

const DEADLINE_MS = 2 * 3_600_000; // its turn in the queue, and a few attempts

const Import = Type.Object({
  method: Type.Object({ name: Type.String(), uri: Type.Optional(Type.String({ maxLength: 2048 })) }),
  all_stores: Type.Optional(Type.Boolean()),
  all_stores_must_succeed: Type.Optional(Type.Boolean()),
  stores: Type.Optional(Type.Array(Type.String())),
});

/** Image API v2, "Import an image", by web-download: 202; the image is `importing`, then `active`, or `queued` with os_glance_failed_import. */
async function start(request: Request<Static<typeof Import>>) {
  const { method, stores } = request.body;
  if (!importMethods.includes(method.name)) throw badRequest(`Unknown import method name '${method.name}'.`);
  const unknown = stores?.find((store) => store !== STORE);
  if (unknown !== undefined) throw conflict(`Unknown store ${unknown}: there is ${STORE}.`);
  if (method.uri === undefined) throw badRequest("Import method web-download requires a 'uri'.");
  const image = await imageToChange(request, 'modify_image');
  if (image.status === 'active') throw conflict('Image with status active cannot be target for import');
  if (image.status !== 'queued') throw conflict(`Image needs to be in 'queued' state to use 'web-download' method`);
  for (const field of ['container_format', 'disk_format'] as const) if (!image[field]) throw conflict(`'${field}' needs to be set before import`);
  refuseUri(method.uri);
  const upload = await beginUpload(image.id, 'importing', DEADLINE_MS);
  try {
    await cast(glanceApi.methods.import_image, { image_id: image.id, upload_id: upload.id, uri: method.uri, disk_format: image.disk_format! }, { context: request.context });
  } catch (error) {
    await abandonUpload(upload);
    throw error;
  }
  return { status: 202 };
}

function refuseUri(uri: string) {
  try {
    checkedUrl(uri);
  } catch (error) {
    if (error instanceof Refused) throw badRequest(`URI for web-download does not pass filtering: ${error.message}`);
    throw error;
  }
}

export const importRoutes: Route[] = [{ method: 'POST', path: '/images/{image_id}/import', policy: 'modify_image', body: Import, handler: start }];
