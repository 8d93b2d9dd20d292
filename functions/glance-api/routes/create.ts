import { randomUUID } from 'node:crypto';
import { badRequest, forbidden } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import { enforceVisibility, isWritable, readOnlyFields, refuseReserved, tagsOf } from '../image/fields.ts';
import type { Image, Visibility } from '../image/record.ts';
import { validateImage } from '../image/schema.ts';
import { addImage } from '../image/store.ts';
import { STORE } from '../image/names.ts';
import { showImage } from '../image/view.ts';
import { importMethods } from './info.ts';

/** Image API v2, "Create image". */
async function create(request: Request) {
  const body: unknown = request.body;
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw badRequest('Body expected in request.');
  for (const name of Object.keys(body)) {
    if (name !== 'id' && readOnlyFields.has(name)) throw forbidden(`Attribute '${name}' is read-only.`);
    refuseReserved(name);
  }
  validateImage(body);
  const image = newImage(request, body);
  if (!isAdmin(request.context) && image.owner !== request.context.project_id) throw forbidden(`You are not permitted to create images owned by '${image.owner}'`);
  enforceVisibility(request, image);
  await addImage(image);
  return {
    status: 201,
    body: showImage(image, request.context),
    headers: {
      Location: `${request.baseUrl}/images/${image.id}`,
      'OpenStack-image-import-methods': importMethods.join(','),
      'OpenStack-image-store-ids': STORE,
    },
  };
}

function newImage({ context }: Request, fields: Record<string, unknown>): Image {
  const now = new Date().toISOString();
  const properties = Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'id' && !isWritable(name))) as Record<string, string>;
  const given = <T>(name: string, otherwise: T): T => (fields[name] === undefined ? otherwise : (fields[name] as T));
  return {
    id: given('id', randomUUID() as string).toLowerCase(),
    name: given<string | null>('name', null),
    status: 'queued',
    visibility: given<Visibility>('visibility', 'shared'),
    owner: given<string | null>('owner', context.project_id),
    disk_format: given<string | null>('disk_format', null),
    container_format: given<string | null>('container_format', null),
    min_disk: given('min_disk', 0),
    min_ram: given('min_ram', 0),
    protected: given('protected', false),
    os_hidden: given('os_hidden', false),
    size: null, virtual_size: null, checksum: null, os_hash_algo: null, os_hash_value: null,
    tags: tagsOf(given('tags', [])),
    properties,
    created_at: now,
    updated_at: now,
    revision: 1,
  };
}

export const createRoutes: Route[] = [{ method: 'POST', path: '/images', policy: 'add_image', handler: create }];
