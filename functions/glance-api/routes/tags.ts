import { badRequest, notFound } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { imageToChange } from '../image/access.ts';
import { changeImage } from '../image/store.ts';

/** Image API v2, "Add image tag" and "Delete image tag". */
async function add(request: Request) {
  const tag = request.params['tag']!;
  if (tag.length > 255) throw badRequest(`Provided object does not match schema 'image': '${tag.slice(0, 40)}…' is too long`);
  const { id } = await imageToChange(request, 'modify_image');
  await changeImage(id, (image) => (image.tags.includes(tag) ? undefined : { ...image, tags: [...image.tags, tag] }));
}

async function remove(request: Request) {
  const tag = request.params['tag']!;
  const { id } = await imageToChange(request, 'modify_image');
  await changeImage(id, (image) => {
    if (!image.tags.includes(tag)) throw notFound(`Image ${id} has no tag ${tag}`);
    return { ...image, tags: image.tags.filter((each) => each !== tag) };
  });
}

export const tagRoutes: Route[] = [
  { method: 'PUT', path: '/images/{image_id}/tags/{tag}', policy: 'modify_image', handler: add },
  { method: 'DELETE', path: '/images/{image_id}/tags/{tag}', policy: 'modify_image', handler: remove },
];
