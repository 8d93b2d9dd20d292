import { payloadTooLarge } from '../../../shared/http/errors.ts';

export type Visibility = 'private' | 'shared' | 'community' | 'public';
export const visibilities: Visibility[] = ['public', 'community', 'shared', 'private'];

/** `saving`: bytes come through the API; `importing`: glance-api itself fetches them. Both end at the upload's deadline. */
export type Status = 'queued' | 'saving' | 'importing' | 'active' | 'deactivated';

/** An image as its item in the table. Times are ISO 8601 with milliseconds; sizes are bytes, min_disk GB, min_ram MB. */
export interface Image extends Record<string, unknown> {
  id: string;
  name: string | null;
  status: Status;
  visibility: Visibility;
  owner: string | null;
  disk_format: string | null;
  container_format: string | null;
  min_disk: number;
  min_ram: number;
  protected: boolean;
  os_hidden: boolean;
  size: number | null;
  virtual_size: number | null;
  checksum: string | null; // md5, hexadecimal
  os_hash_algo: string | null;
  os_hash_value: string | null;
  tags: string[];
  /** Custom properties, and those that glance-api sets itself (`os_glance_…`). */
  properties: Record<string, string>;
  created_at: string;
  updated_at: string;
  /** The upload that brought the data, or is bringing it: the object's key is made of it. */
  upload_id?: string;
  /** Counts changes; every write is conditional on the one that it has read. */
  revision: number;
}

/** Size, hashes and format facts of stored bytes. */
export interface Stored {
  size: number;
  checksum: string;
  os_hash_algo: string;
  os_hash_value: string;
  virtual_size?: number | null;
}

/** The project that an image is shared with, and its answer. */
export interface Member extends Record<string, unknown> {
  image_id: string;
  member_id: string;
  status: 'pending' | 'accepted' | 'rejected';
  created_at: string;
  updated_at: string;
}

export const imageKey = (id: string) => ({ pk: `image#${id}`, sk: 'image' });
export const memberKey = (imageId: string, project: string) => ({ pk: `image#${imageId}`, sk: `member#${project}` });

/** Where an image lies among others of its owner or visibility; backwards it is the order that lists have unless told: newest first. */
export const position = ({ created_at, id }: Image) => `${created_at}#${id}`;

/** The item with its keys: images are found by owner (gsi1) and by visibility (gsi2). */
export const imageItem = (image: Image) => ({
  ...image,
  ...imageKey(image.id),
  gsi1pk: `owner#${image.owner}`,
  gsi1sk: position(image),
  gsi2pk: `visibility#${image.visibility}`,
  gsi2sk: position(image),
});

/** Members are found by image (its own partition) and by project (gsi1). */
export const memberItem = (member: Member) => ({
  ...member,
  ...memberKey(member.image_id, member.member_id),
  gsi1pk: `member#${member.member_id}`,
  gsi1sk: member.image_id,
});

const MAX_BYTES = 300_000; // an item of DynamoDB holds 400 KB

/** Throws 413 where properties and tags have grown past what a record holds. */
export function refuseOvergrown(image: Image): void {
  if (Object.keys(image.properties).length > 128) throw tooMany('properties', Object.keys(image.properties).length);
  if (image.tags.length > 128) throw tooMany('tags', image.tags.length);
  if (JSON.stringify(image).length > MAX_BYTES) throw payloadTooLarge(`The image's properties are too large: at most ${MAX_BYTES} bytes in all.`);
}

const tooMany = (what: string, count: number) =>
  payloadTooLarge(`The limit has been exceeded on the number of allowed image ${what}. Attempted: ${count}, Maximum: 128`);
