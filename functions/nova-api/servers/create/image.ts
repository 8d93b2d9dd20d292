import { badRequest } from '../../../../shared/http/errors.ts';
import type { RequestContext } from '../../../../shared/identity/context.ts';
import type { Flavor } from '../../../../shared/objects/flavor.ts';
import { RemoteError, rest } from '../../../../shared/openstack/rest.ts';

/** An image as glance-api shows it, as far as a launch asks. */
export interface Image {
  id: string;
  status: string;
  size: number | null;
  min_disk: number;
  min_ram: number;
  disk_format: string | null;
  container_format: string | null;
  virtual_size?: number | null;
  /** What its owner said about it: `hw_*`, `os_*`, … */
  properties: Record<string, string>;
}

/** Attributes of every image; whatever else stands in its body is a property. */
const standard = new Set([
  'id', 'name', 'status', 'visibility', 'size', 'virtual_size', 'checksum', 'os_hash_algo', 'os_hash_value', 'os_hidden', 'protected', 'owner', 'disk_format', 'container_format',
  'min_disk', 'min_ram', 'created_at', 'updated_at', 'tags', 'self', 'file', 'schema', 'locations', 'direct_url', 'stores', 'members',
]);

/** Undefined where there is no such image, or none that the user may see. */
export async function findImage(id: string, context: RequestContext): Promise<Image | undefined> {
  try {
    const image = await rest<Record<string, unknown>>('image', 'GET', `/images/${encodeURIComponent(id)}`, { caller: { context } });
    const properties = Object.fromEntries(Object.entries(image).filter(([name, value]) => !standard.has(name) && typeof value === 'string')) as Record<string, string>;
    return { ...(image as unknown as Image), min_disk: Number(image['min_disk'] ?? 0), min_ram: Number(image['min_ram'] ?? 0), properties };
  } catch (error) {
    if (error instanceof RemoteError && [400, 403, 404].includes(error.status)) return undefined;
    throw error;
  }
}

const GIB = 1024 ** 3;

/** Is the image ready, and does it fit the flavor, or the volume (GB) that it is to be copied to? 400 where not. */
export function checkImage(image: Image, flavor: Pick<Flavor, 'memory_mb' | 'root_gb'>, target: 'disk' | { volumeGb: number }): void {
  if (image.status !== 'active') throw badRequest(`Image ${image.id} is not active.`);
  if (flavor.memory_mb < image.min_ram) throw badRequest("Flavor's memory is too small for requested image.");
  const volume = target !== 'disk';
  const bytes = (volume ? target.volumeGb : flavor.root_gb) * GIB;
  if (bytes === 0) return; // a root disk as large as the image
  const size = image.size ?? 0;
  const needed = image.min_disk * GIB;
  if (size > bytes)
    throw badRequest(volume
      ? `Volume is too small for requested image. Volume size is ${bytes} bytes, image size is ${size} bytes.`
      : `Flavor's disk is too small for requested image. Flavor disk is ${bytes} bytes, image is ${size} bytes.`);
  if (needed > bytes)
    throw badRequest(volume
      ? `Volume is smaller than the minimum size specified in image metadata. Volume size is ${bytes} bytes, minimum size is ${needed} bytes.`
      : `Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is ${bytes} bytes, minimum size is ${needed} bytes.`);
}
