import { rest } from '../../../shared/openstack/rest.ts';
import { step, stepDone } from '../../../shared/telemetry/steps.ts';
import { asTheLaunchBegan, callerOf } from '../caller.ts';
import { CannotDo, refusalsAreFinal } from '../errors.ts';
import type { Build } from '../journal.ts';

export interface ImageSource { id: string; location: string; size: number; checksum: string | null; disk_format: string }

/** Steps 19 to 21: the image's location and metadata. Undefined for an instance that boots from a volume. */
export async function findImage({ instance, context, request_id }: Build): Promise<ImageSource | undefined> {
  const id = instance!.image_ref;
  if (!id) return undefined;
  const image = await step(19, 'nova-compute', request_id, () => refusalsAreFinal(rest('image', 'GET', `/images/${id}`, { caller: callerOf(context!), headers: asTheLaunchBegan })));
  const location: string | undefined = image.direct_url ?? image.locations?.[0]?.url;
  if (image.status !== 'active' || !location) throw new CannotDo(`Image ${id} is unacceptable: its status is ${image.status}, not active.`);
  stepDone(21, 'nova-compute', request_id);
  return { id, location, size: image.size, checksum: image.checksum ?? null, disk_format: image.disk_format };
}
