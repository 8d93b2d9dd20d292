import { conflict, notFound } from '../../../shared/http/errors.ts';
import { absent, exists } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Walk } from '../../../shared/store/newest.ts';
import { table, type Selection } from '../../../shared/store/table.ts';
import { imageItem, imageKey, memberItem, memberKey, refuseOvergrown, type Image, type Member, type Visibility } from './record.ts';

export const glance = table('glance');

export const getImage = (id: string): Promise<Image | undefined> => glance.get<Image>(imageKey(id));

/** Throws 409 where an image of that id is there. */
export async function addImage(image: Image): Promise<void> {
  refuseOvergrown(image);
  try {
    await glance.put(imageItem(image), { pk: absent() });
  } catch (error) {
    if (error instanceof ConditionFailed) throw conflict(`Image ID ${image.id} already exists!`);
    throw error;
  }
}

const ATTEMPTS = 8;

/**
 * Reads the image, lets `change` make a new one of it (or throw), and writes that unless another was faster, in which case
 * it reads again. `change` returns undefined to leave it as it is.
 */
export async function changeImage(id: string, change: (image: Image) => Image | undefined): Promise<Image> {
  for (let attempt = 1; ; attempt++) {
    const image = await getImage(id);
    if (!image) throw noImage(id);
    const changed = change(image);
    if (!changed) return image;
    const next: Image = { ...changed, updated_at: new Date().toISOString(), revision: image.revision + 1 };
    refuseOvergrown(next);
    try {
      await glance.put(imageItem(next), { revision: image.revision });
      return next;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (attempt === ATTEMPTS) throw conflict(`Image ${id} is being changed by others, try again.`);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt));
    }
  }
}

/** Which images a walk is to hand out, newest first: those that lie before the position, and whose fields have these values. DynamoDB looks at `size` at once. */
export interface Part { after?: string; filter?: Partial<Image>; size?: number }

export const walkOfOwner = (project: string, part: Part): Walk<Image> => walk({ index: 'gsi1', pk: `owner#${project}` }, part);
export const walkOfVisibility = (visibility: Visibility, part: Part): Walk<Image> => walk({ index: 'gsi2', pk: `visibility#${visibility}` }, part);

const walk = (images: Selection, { after, filter = {}, size }: Part): Walk<Image> =>
  glance.walk<Image>({ ...images, descending: true, after, filter: Object.keys(filter).length > 0 ? filter : undefined }, size);

/** What others share with a project, whatever it answered. */
export const membershipsOf = (project: string): Promise<Member[]> => glance.query<Member>({ index: 'gsi1', pk: `member#${project}` });

export const getImages = (ids: string[]): Promise<Image[]> => glance.getMany<Image>(ids.map(imageKey));

export const getMember = (imageId: string, project: string): Promise<Member | undefined> => glance.get<Member>(memberKey(imageId, project));
export const membersOf = (imageId: string): Promise<Member[]> => glance.query<Member>({ pk: `image#${imageId}`, prefix: 'member#' });
export const putMember = (member: Member, condition: 'new' | 'there'): Promise<void> =>
  glance.put(memberItem(member), { pk: condition === 'new' ? absent() : exists() });
export const removeMember = (imageId: string, project: string): Promise<Member | undefined> => glance.remove<Member>(memberKey(imageId, project));

export const noImage = (id: string) => notFound(`No image found with ID ${id}`);
