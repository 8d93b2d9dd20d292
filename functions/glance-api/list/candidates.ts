import { isAdmin, type RequestContext } from '../../../shared/identity/context.ts';
import { badRequest } from '../../../shared/http/errors.ts';
import type { Image, Member, Visibility } from '../image/record.ts';
import { visibilities } from '../image/record.ts';
import { getImages, imagesByVisibility, imagesOfOwner, membershipsOf } from '../image/store.ts';

/**
 * The images that the asker's list is made of. Admins see all. Projects see their own, the public ones, and those shared
 * with them whose membership is as asked (accepted, unless said otherwise); others' community images only when asked for.
 */
export async function candidates(query: URLSearchParams, context: RequestContext): Promise<Image[]> {
  const visibility = visibilityOf(query);
  const memberStatus = memberStatusOf(query);
  if (isAdmin(context) && memberStatus === undefined)
    return imagesByVisibility(...(visibility === undefined || visibility === 'all' ? [] : [visibility]));
  const wanted = (v: Visibility) => visibility === undefined || visibility === 'all' || visibility === v;
  const sets = await Promise.all([
    context.project_id ? imagesOfOwner(context.project_id) : [],
    wanted('public') ? imagesByVisibility('public') : [],
    visibility === 'community' || visibility === 'all' ? imagesByVisibility('community') : [],
    context.project_id && wanted('shared') ? sharedWith(context.project_id, memberStatus ?? 'accepted') : [],
  ]);
  const unique = new Map(sets.flat().map((image) => [image.id, image]));
  return [...unique.values()].filter((image) => wanted(image.visibility));
}

async function sharedWith(project: string, status: Member['status'] | 'all'): Promise<Image[]> {
  const ids = (await membershipsOf(project)).filter((m) => status === 'all' || m.status === status).map((m) => m.image_id);
  return (await getImages(ids)).filter((image) => image.visibility === 'shared');
}

function visibilityOf(query: URLSearchParams): Visibility | 'all' | undefined {
  const given = query.get('visibility');
  if (!given) return undefined;
  if (given !== 'all' && !visibilities.includes(given as Visibility)) throw badRequest(`Invalid visibility value: ${given}`);
  return given as Visibility | 'all';
}

function memberStatusOf(query: URLSearchParams): Member['status'] | 'all' | undefined {
  const given = query.get('member_status');
  if (given === null) return undefined;
  if (!['pending', 'accepted', 'rejected', 'all'].includes(given)) throw badRequest(`Invalid status: ${given}`);
  return given as Member['status'] | 'all';
}
