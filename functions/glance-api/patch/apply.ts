import { badRequest, conflict, forbidden } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import { enforceVisibility, isWritable, tagsOf } from '../image/fields.ts';
import type { Image } from '../image/record.ts';
import { baseProperties } from '../image/schema.ts';
import type { Change } from './parse.ts';

/** The image as the changes leave it. Throws 403, 409. */
export function applyChanges(request: Request, image: Image, changes: Change[]): Image {
  const next = { ...image, properties: { ...image.properties } };
  for (const change of changes) {
    if (isWritable(change.field)) setField(request, next, change);
    else setProperty(next, change);
  }
  if (next.visibility !== image.visibility) enforceVisibility(request, next);
  return next;
}

function setField({ context }: Request, image: Image, { op, field, value, draft }: Change): void {
  if (op === 'remove') throw forbidden(`Property ${field} may not be removed.`);
  if (op === 'add' && draft === 4) throw conflict(`Property ${field} already present.`);
  if (field === 'owner' && !isAdmin(context)) throw forbidden("Owner can't be updated by non admin.");
  if ((field === 'disk_format' || field === 'container_format') && image.status !== 'queued' && value !== image[field])
    throw forbidden(`Attribute ${field} can be only replaced for a queued image.`);
  if (value === null && field !== 'name' && field !== 'owner' && field !== 'disk_format' && field !== 'container_format') throw badRequest(`Attribute ${field} may not be null.`);
  (image as Record<string, unknown>)[field] = field === 'tags' ? tagsOf(value) : value;
}

function setProperty(image: Image, { op, field, value, draft }: Change): void {
  const there = Object.hasOwn(image.properties, field);
  if (baseProperties.has(field)) throw forbidden(`Attribute '${field}' is read-only.`);
  if (op === 'add' && draft === 4 && there) throw conflict(`Property ${field} already present.`);
  if (op !== 'add' && !there) throw conflict(`Property ${field} does not exist.`);
  if (op === 'remove') delete image.properties[field];
  else image.properties[field] = value as string;
}
