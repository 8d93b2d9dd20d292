import * as Type from '@sinclair/typebox';
import { badRequest } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { validate } from '../../../shared/http/validate.ts';
import { couldNotFind } from '../errors.ts';
import { changeEntity } from '../records/changes.ts';
import { find, type Project } from '../records/entities.ts';
import { Tag, Tags } from './schema.ts';

/* Identity API v3, "Project Tags". */

async function project(request: Request, policy: string): Promise<Project> {
  const id = request.params['id']!;
  const found = await find('project', id);
  request.enforce(policy, { project_id: found?.data.id ?? null, domain_id: found?.data.domain_id ?? null });
  if (!found) throw couldNotFind('project', id);
  return found;
}

const selfOf = ({ baseUrl, path }: Request) => ({ links: { self: baseUrl + path } });

async function show(request: Request) {
  return { body: { tags: (await project(request, 'identity:list_project_tags')).data.tags, ...selfOf(request) } };
}

async function set(request: Request, tagsOf: (current: string[]) => string[]) {
  const { data: { id } } = await project(request, 'identity:update_project_tags');
  return changeEntity('project', id, ({ data }) => {
    const tags = [...new Set(tagsOf(data.tags))];
    if (tags.length > 80) throw badRequest('Invalid input for field/attribute tags. A project has 80 tags at most.');
    return { data: { ...data, tags } };
  });
}

async function check(request: Request) {
  const { data } = await project(request, 'identity:list_project_tags');
  if (!data.tags.includes(request.params['tag']!)) throw couldNotFind('project tag', request.params['tag']!);
}

async function add(request: Request) {
  const tag = request.params['tag']!;
  validate(Tag, tag);
  await set(request, (tags) => [...tags, tag]);
  return { status: 201, headers: { Location: request.baseUrl + request.path } };
}

async function remove(request: Request) {
  const tag = request.params['tag']!;
  await set(request, (tags) => {
    if (!tags.includes(tag)) throw couldNotFind('project tag', tag);
    return tags.filter((t) => t !== tag);
  });
}

const policy = 'identity:authenticated';
export const tagRoutes: Route[] = [
  { method: 'GET', path: '/projects/{id}/tags', policy, handler: show },
  { method: 'PUT', path: '/projects/{id}/tags', policy, body: Type.Object({ tags: Tags }), handler: async (request) => ({ body: { tags: (await set(request, () => request.body.tags)).data.tags, ...selfOf(request) } }) },
  { method: 'DELETE', path: '/projects/{id}/tags', policy, status: 204, handler: async (request) => void (await set(request, () => [])) },
  { method: 'GET', path: '/projects/{id}/tags/{tag}', policy, status: 204, handler: check },
  { method: 'PUT', path: '/projects/{id}/tags/{tag}', policy, handler: add },
  { method: 'DELETE', path: '/projects/{id}/tags/{tag}', policy, status: 204, handler: remove },
];

/** `tags`: all of them; `tags-any`: one of them; `not-tags` and `not-tags-any`: the opposite. Lists with commas. */
export function byTags(projects: Project[], query: URLSearchParams): Project[] {
  const asked = (name: string) => query.get(name)?.split(',').filter(Boolean);
  const [every, any, notEvery, notAny] = [asked('tags'), asked('tags-any'), asked('not-tags'), asked('not-tags-any')];
  const has = ({ data }: Project) => (tag: string) => data.tags.includes(tag);
  return projects.filter((p) =>
    (!every || every.every(has(p))) && (!any || any.some(has(p))) && (!notEvery || !notEvery.every(has(p))) && (!notAny || !notAny.some(has(p))));
}
