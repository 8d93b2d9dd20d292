import { forbidden } from '../../../shared/http/errors.ts';
import { isAdmin, type RequestContext } from '../../../shared/identity/context.ts';
import type { Request } from '../../../shared/http/route.ts';
import type { Image } from './record.ts';
import { getImage, getMember, noImage } from './store.ts';

/**
 * The image, where the asker may see it at all: admins see all, everyone sees public and community images, projects their
 * own and those shared with them. Others' images don't exist for the asker (404).
 */
export async function visibleImage({ params, context }: Pick<Request, 'params' | 'context'>, id = params['image_id']!): Promise<Image> {
  return seen(context, await getImage(id), id);
}

/** An image that was read, where the asker may see it; 404 otherwise. */
export async function seen(context: RequestContext, image: Image | undefined, id: string): Promise<Image> {
  if (!image || !(await sees(context, image))) throw noImage(id);
  return image;
}

export async function sees(context: RequestContext, image: Image): Promise<boolean> {
  if (isAdmin(context) || image.visibility === 'public' || image.visibility === 'community' || owns(context, image)) return true;
  return image.visibility === 'shared' && context.project_id !== null && !!(await getMember(image.id, context.project_id));
}

export const owns = (context: RequestContext, image: Image) => image.owner !== null && image.owner === context.project_id;

/** The image, where the asker's policy and project allow to change it; 404 where it is not seen, 403 where it is. */
export async function imageToChange(request: Request, policy: string): Promise<Image> {
  const image = await visibleImage(request);
  if (!request.allowed(policy, { project_id: image.owner })) throw notYours(policy);
  return image;
}

export const notYours = (policy: string) => forbidden(`You are not authorized to complete ${policy} action.`);
