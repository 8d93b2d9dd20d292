import { isAdmin, type RequestContext } from '../../../shared/identity/context.ts';
import { badRequest } from '../../../shared/http/errors.ts';
import type { Walk } from '../../../shared/store/newest.ts';
import type { Image, Member, Visibility } from '../image/record.ts';
import { visibilities } from '../image/record.ts';
import { getImages, membershipsOf, walkOfOwner, walkOfVisibility, type Part } from '../image/store.ts';

/**
 * Walks over the images that the asker's list is made of; the same one may be met in two of them. Admins see all. Projects see their own, the
 * public ones, and those shared with them whose membership is as asked (accepted, unless said otherwise); others' community images only when asked for.
 */
export function candidates(query: URLSearchParams, context: RequestContext): (part: Part) => Walk<Image>[] {
  const visibility = visibilityOf(query);
  const memberStatus = memberStatusOf(query);
  const { project_id: project } = context;
  return (part) => {
    const of = (...those: Visibility[]) => those.map((v) => walkOfVisibility(v, part));
    const own = (which: Part) => (project ? [walkOfOwner(project, which)] : []);
    const ownOf = (v: Visibility) => own({ ...part, filter: { ...part.filter, visibility: v }, size: undefined });
    const shared = () => (project ? [walkOfShared(project, memberStatus ?? 'accepted')] : []);
    if (isAdmin(context) && memberStatus === undefined) return of(...(visibility === undefined || visibility === 'all' ? visibilities : [visibility]));
    switch (visibility) {
      case undefined: return [...own(part), ...of('public'), ...shared()];
      case 'all': return [...own(part), ...of('public', 'community'), ...shared()];
      case 'public': case 'community': return of(visibility); // one's own are among them
      case 'shared': return [...ownOf('shared'), ...shared()];
      case 'private': return ownOf('private');
    }
  };
}

/** What others share is not much, and its memberships lie in no order of the images: all of it is read at once. */
async function* walkOfShared(project: string, status: Member['status'] | 'all'): AsyncGenerator<Image[], undefined> {
  yield await sharedWith(project, status);
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
