import { forbidden } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { imageToChange } from '../image/access.ts';
import type { Status } from '../image/record.ts';
import { changeImage } from '../image/store.ts';

/** Image API v2, "Deactivate image" and "Reactivate image". Again, it changes nothing. */
const toStatus = (policy: string, from: Status, to: Status) => async (request: Request) => {
  const { id } = await imageToChange(request, policy);
  await changeImage(id, (image) => {
    if (image.status === to) return undefined;
    if (image.status !== from) throw forbidden(`Not allowed to ${policy} image in status '${image.status}'`);
    return { ...image, status: to };
  });
};

export const actionRoutes: Route[] = [
  { method: 'POST', path: '/images/{image_id}/actions/deactivate', policy: 'deactivate', handler: toStatus('deactivate', 'active', 'deactivated') },
  { method: 'POST', path: '/images/{image_id}/actions/reactivate', policy: 'reactivate', handler: toStatus('reactivate', 'deactivated', 'active') },
];
