import { badRequest } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { all, type Project } from '../records/entities.ts';
import { shown } from './collection.ts';
import { isTrue } from './filter.ts';

/** Keystone's max_project_tree_depth: projects under one another, the domain not counted. */
export const MAX_DEPTH = 5;

/** From the parent up to the topmost project. */
export function ancestors(project: Project, projects: Project[]): Project[] {
  const byId = new Map(projects.map((p) => [p.data.id, p]));
  const found: Project[] = [];
  for (let up = byId.get(project.data.parent_id); up && found.length < MAX_DEPTH; up = byId.get(up.data.parent_id)) found.push(up);
  return found;
}

/** All below, nearest first. */
export function descendants(id: string, projects: Project[]): Project[] {
  const children = projects.filter((p) => p.data.parent_id === id);
  return [...children, ...children.flatMap((child) => descendants(child.data.id, projects))];
}

/** GET /projects/{id}?parents_as_list, parents_as_ids, subtree_as_list, subtree_as_ids. */
export async function expandTree(id: string, request: Request): Promise<object> {
  const { query } = request;
  const asked = (name: string) => isTrue(query, name);
  for (const side of ['parents', 'subtree'])
    if (asked(`${side}_as_list`) && asked(`${side}_as_ids`)) throw badRequest(`Cannot use ${side}_as_list and ${side}_as_ids query params at the same time.`);
  if (!['parents_as_list', 'parents_as_ids', 'subtree_as_list', 'subtree_as_ids'].some(asked)) return {};
  const projects = await all('project');
  const project = projects.find((p) => p.data.id === id);
  if (!project) return {};
  const wrapped = (list: Project[]) => list.map((p) => ({ project: shown(p, 'projects', request) }));
  const parents = ancestors(project, projects);
  return {
    ...(asked('parents_as_list') && { parents: wrapped(parents) }),
    ...(asked('parents_as_ids') && { parents: chain([...parents.map((p) => p.data.id), project.data.domain_id]) }),
    ...(asked('subtree_as_list') && { subtree: wrapped(descendants(id, projects)) }),
    ...(asked('subtree_as_ids') && { subtree: branch(id, projects) }),
  };
}

/** `{parent: {grandparent: {…: null}}}` */
const chain = (ids: string[]): object | null => ids.reduceRight<object | null>((inner, id) => ({ [id]: inner }), null);

function branch(id: string, projects: Project[]): object | null {
  const children = projects.filter((p) => p.data.parent_id === id);
  return children.length ? Object.fromEntries(children.map((c) => [c.data.id, branch(c.data.id, projects)])) : null;
}
