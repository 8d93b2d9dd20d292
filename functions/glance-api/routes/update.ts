import { badRequest, unsupportedMediaType } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { imageToChange } from '../image/access.ts';
import { changeImage } from '../image/store.ts';
import { showImage } from '../image/view.ts';
import { applyChanges } from '../patch/apply.ts';
import { parseChanges, patchTypes } from '../patch/parse.ts';

/** Image API v2, "Update image": JSON patch on one level. Another's change that comes between is applied first. */
async function update(request: Request) {
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  const draft = patchTypes[type];
  if (!draft)
    throw unsupportedMediaType(`Image PATCH expects Content-Type one of: ${Object.keys(patchTypes).join(', ')}`, { headers: { 'Accept-Patch': Object.keys(patchTypes).join(', ') } });
  if (request.body === undefined) throw badRequest('Body expected in request.');
  const changes = parseChanges(request.body, draft);
  const image = await imageToChange(request, 'modify_image');
  if (!changes.length) return { body: showImage(image, request.context) };
  const updated = await changeImage(image.id, (current) => applyChanges(request, current, changes));
  return { body: showImage(updated, request.context) };
}

export const updateRoutes: Route[] = [{ method: 'PATCH', path: '/images/{image_id}', policy: 'modify_image', mediaTypes: Object.keys(patchTypes), handler: update }];
