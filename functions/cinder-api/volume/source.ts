import { badRequest, notFound } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { rest, RemoteError } from '../../../shared/openstack/rest.ts';
import type { Snapshot } from '../snapshot/record.ts';
import { ownSnapshot } from '../snapshot/store.ts';
import { ownVolume } from './access.ts';
import type { Volume } from './record.ts';
import type { CreateBody } from './schema.ts';

/** What a volume is made of, apart from its size. */
export interface Source {
  image?: { id: string; location: string; size: number; checksum: string | null; disk_format: string };
  image_metadata?: Record<string, string>;
  volume?: Volume;
  snapshot?: Snapshot;
}

const GB = 1024 ** 3;

/** Looks up the image, volume or snapshot that the request names. Throws 400 and 404 naming it. */
export async function sourceOf(request: Request<CreateBody>, size: number | null): Promise<Source> {
  const { imageRef, image_id, source_volid, snapshot_id, backup_id, group_id, consistencygroup_id } = request.body.volume;
  const image = imageRef ?? image_id;
  const given = [image, source_volid, snapshot_id, backup_id].filter((source) => source);
  if (given.length > 1) throw badRequest('Invalid input received: May specify only one of snapshot, imageRef or source volume');
  if (backup_id) throw notFound(`Backup ${backup_id} could not be found.`);
  const group = group_id ?? consistencygroup_id;
  if (group) throw notFound(`Group ${group} could not be found.`);
  if (image) return ofImage(request, image, size);
  if (source_volid) return ofVolume(request, source_volid, size);
  if (snapshot_id) return ofSnapshot(request, snapshot_id, size);
  return {};
}

async function ofVolume(request: Request, id: string, size: number | null): Promise<Source> {
  const volume = await ownVolume(request, 'volume:get', id);
  if (volume.status !== 'available') throw badRequest(`Invalid volume: Source volume ${id} must be available, it is ${volume.status}.`);
  if (size !== null && size < volume.size) throw badRequest(`Invalid input received: Volume size ${size}GB cannot be smaller than original volume size ${volume.size}GB. They must be >= original volume size.`);
  return { volume, ...(volume.image_metadata && { image_metadata: volume.image_metadata }) };
}

async function ofSnapshot(request: Request, id: string, size: number | null): Promise<Source> {
  const snapshot = await ownSnapshot(request, 'volume:get_snapshot', id);
  if (snapshot.status !== 'available') throw badRequest(`Invalid snapshot: Originating snapshot status must be one of 'available' values, it is ${snapshot.status}.`);
  if (size !== null && size < snapshot.volume_size) throw badRequest(`Invalid input received: Volume size ${size}GB cannot be smaller than the snapshot size ${snapshot.volume_size}GB. They must be >= original snapshot size.`);
  return { snapshot, ...(snapshot.image_metadata && { image_metadata: snapshot.image_metadata }) };
}

async function ofImage(request: Request, ref: string, size: number | null): Promise<Source> {
  const image = await findImage(request, ref.split('/').at(-1)!);
  if (image.status !== 'active') throw badRequest(`Invalid input received: Image ${image.id} is not active.`);
  const needed = Math.ceil(Math.max(image.size ?? 0, image.virtual_size ?? 0) / GB);
  if (size !== null && needed > size) throw badRequest(`Invalid input received: Size of specified image ${needed}GB is larger than volume size ${size}GB.`);
  if (size !== null && image.min_disk > size) throw badRequest(`Invalid input received: Volume size ${size}GB cannot be smaller than the image minDisk size ${image.min_disk}GB.`);
  return {
    image: { id: image.id, location: image.direct_url!, size: image.size!, checksum: image.checksum, disk_format: image.disk_format! },
    image_metadata: metadataOf(image),
  };
}

interface Image {
  id: string; name: string | null; status: string; size: number | null; virtual_size: number | null; min_disk: number; min_ram: number; checksum: string | null;
  disk_format: string | null; container_format: string | null; direct_url?: string; [property: string]: unknown;
}

/** By id, or by a name that only one image has. As the user, with our own token: so we learn where the bytes are. */
async function findImage(request: Request, ref: string): Promise<Image> {
  const caller = { context: request.context, service: 'cinder' } as const;
  const ask = async <T>(path: string): Promise<T | undefined> => {
    try {
      return await rest<T>('image', 'GET', path, { caller });
    } catch (error) {
      if (error instanceof RemoteError && error.status >= 400 && error.status < 500) return undefined;
      throw error;
    }
  };
  const byId = /^[0-9a-f-]{36}$/i.test(ref) ? await ask<Image>(`/images/${ref}`) : undefined;
  if (byId) return byId;
  const named = (await ask<{ images: Image[] }>(`/images?name=${encodeURIComponent(ref)}`))?.images ?? [];
  if (named.length > 1) throw badRequest(`Multiple matches found for '${ref}', use an ID to be more specific.`);
  if (!named[0]) throw badRequest(`Invalid image identifier or unable to access requested image: ${ref}.`);
  return named[0];
}

const notCopied = new Set(['id', 'name', 'status', 'visibility', 'owner', 'size', 'virtual_size', 'tags', 'created_at', 'updated_at', 'self', 'file', 'schema', 'direct_url', 'locations', 'stores', 'protected', 'os_hidden', 'os_hash_algo', 'os_hash_value']);

/** Cinder's volume_image_metadata: the image's facts and its custom properties, as strings. */
function metadataOf(image: Image): Record<string, string> {
  const copied = Object.entries(image).filter(([name, value]) => !notCopied.has(name) && value !== null && !name.startsWith('os_glance'));
  return { ...Object.fromEntries(copied.map(([name, value]) => [name, String(value)])), image_id: image.id, image_name: image.name ?? '', size: String(image.size ?? 0) };
}
