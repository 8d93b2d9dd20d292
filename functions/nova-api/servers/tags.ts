import * as Type from '@sinclair/typebox';
import { badRequest, notFound } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { validator } from '../../../shared/http/validate.ts';
import { Strict, Tag } from '../common/types.ts';
import { changeServer } from './change.ts';
import { findServer } from './find.ts';
import { checkState } from './task.ts';

/** Nova's limit per server. */
const MAX_TAGS = 50;
export const tagsSchema = Strict({ tags: Type.Array(Tag, { maxItems: MAX_TAGS }) });

const notTagged = ({ params }: Request) => notFound(`Server ${params['id']} has no tag '${params['tag']}'`);

export const listTags = async (request: Request): Promise<Reply> => ({ body: { tags: (await findServer(request)).tags } });

export async function checkTag(request: Request): Promise<void> {
  if (!(await findServer(request)).tags.includes(request.params['tag']!)) throw notTagged(request);
}

export const replaceTags = async (request: Request<{ tags: string[] }>): Promise<Reply> => ({ body: { tags: await change(request, 'update tags', () => [...new Set(request.body.tags)]) } });

/** 201 with its address where it is new, 204 where it was there. */
export async function addTag(request: Request): Promise<Reply> {
  const tag = request.params['tag']!;
  if (!validator(Tag)(tag)) throw badRequest(`Tag '${tag}' is invalid. It must be a non empty string without characters '/' and ','.`);
  let added = false;
  await change(request, 'update tag', (tags) => {
    added = !tags.includes(tag);
    if (added && tags.length >= MAX_TAGS) throw badRequest(`The number of tags exceeded the per-server limit ${MAX_TAGS}`);
    return added ? [...tags, tag] : tags;
  });
  return added ? { status: 201, headers: { Location: `${request.baseUrl}/servers/${request.params['id']}/tags/${encodeURIComponent(tag)}` } } : { status: 204 };
}

export async function deleteTag(request: Request): Promise<void> {
  await change(request, 'delete tag', (tags) => {
    if (!tags.includes(request.params['tag']!)) throw notTagged(request);
    return tags.filter((tag) => tag !== request.params['tag']);
  });
}

export const deleteTags = async (request: Request): Promise<void> => void (await change(request, 'delete tags', () => []));

async function change(request: Request, method: string, next: (tags: string[]) => string[]): Promise<string[]> {
  const server = await changeServer(await findServer(request), ['tags'], (server) => {
    checkState(server, method, { vm: ['active', 'paused', 'suspended', 'stopped'], task: 'any', launched: false });
    return { tags: next(server.tags) };
  });
  return server.tags;
}
