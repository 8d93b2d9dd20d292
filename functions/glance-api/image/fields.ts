import { forbidden } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import type { Image } from './record.ts';

/** Fields that a user may set; everything else that is not a base field is a custom property. */
export const writable = ['name', 'visibility', 'owner', 'disk_format', 'container_format', 'min_disk', 'min_ram', 'protected', 'os_hidden', 'tags'] as const;
export const readOnlyFields = new Set([
  'created_at', 'updated_at', 'status', 'checksum', 'size', 'virtual_size', 'direct_url', 'self', 'file', 'schema', 'id', 'os_hash_algo', 'os_hash_value',
  'stores', 'locations',
]);
const reserved = new Set(['location', 'deleted', 'deleted_at']);

export const isWritable = (name: string): name is (typeof writable)[number] => (writable as readonly string[]).includes(name);

/** Throws 403 for names that only glance-api itself sets. */
export function refuseReserved(name: string): void {
  if (reserved.has(name) || name.startsWith('os_glance')) throw forbidden(`Attribute '${name}' is reserved.`);
}

/** Throws 403 where policy forbids the asker to give an image this visibility. */
export function enforceVisibility(request: Request, image: Pick<Image, 'visibility' | 'owner'>): void {
  if (image.visibility === 'public') request.enforce('publicize_image', { project_id: image.owner });
  if (image.visibility === 'community') request.enforce('communitize_image', { project_id: image.owner });
}

/** What is set to null falls back to its default, as in Glance. */
export const tagsOf = (value: unknown): string[] => [...new Set(value as string[])];
