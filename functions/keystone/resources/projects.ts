import * as Type from '@sinclair/typebox';
import { badRequest, forbidden } from '../../../shared/http/errors.ts';
import type { Route } from '../../../shared/http/route.ts';
import type { RequestContext } from '../../../shared/identity/context.ts';
import { exists } from '../../../shared/store/condition.ts';
import type { Write } from '../../../shared/store/table.ts';
import { couldNotFind } from '../errors.ts';
import { newId } from '../ids.ts';
import { changeEntity, deleteEntity, insertEntity } from '../records/changes.ts';
import { all, find, keyOf, type Domain, type Project } from '../records/entities.ts';
import { dropGrants, grantsOn } from '../records/grants.ts';
import { collectionRoutes } from './collection.ts';
import { filtered, isTrue } from './filter.ts';
import { domainFor, merged, named, voided } from './merge.ts';
import { ancestors, descendants, expandTree, MAX_DEPTH } from './project-tree.ts';
import { Description, Flag, Id, Name, nullable, Options, Tags, withExtras } from './schema.ts';
import { byTags } from './tags.ts';

/* Identity API v3, "Projects". */

const fields = { name: Name(64), domain_id: nullable(Id), parent_id: nullable(Id), enabled: Flag, is_domain: Flag, description: Description, options: Options, tags: Tags };

const filters = ['name', 'domain_id', 'enabled', 'parent_id'];

export const projectRoutes: Route[] = collectionRoutes({
  kind: 'project',
  plural: 'projects',
  create: withExtras({ ...fields, is_domain: Type.Literal(false) }, { required: ['name'] }),
  update: withExtras(fields, { minProperties: 1 }),
  filters,
  target: ({ id, domain_id }) => ({ project_id: id ?? null, domain_id: domain_id ?? null }),
  prepare: (given, { context }) => ({ ...named(given), domain_id: domainFor(given.domain_id, context) }),
  insert: createProject,
  change: updateProject,
  remove: async (project) => {
    if (descendants(project.data.id, await all('project')).length) throw forbidden(`Cannot delete the project ${project.data.id} since it is not a leaf in the hierarchy.`);
    await eraseProject(project);
  },
  visible: async (projects, { query, context }) => byTags(isTrue(query, 'is_domain') ? filtered(await domainsSeen(context), filters, query) : projects, query),
  // Keystone keeps a domain as a project, too
  otherwise: async (id) => {
    const domain = await find('domain', id);
    return domain && asProject(domain);
  },
  expand: ({ data }, request) => expandTree(data.id, request),
});

const asProject = (domain: Domain): Project =>
  ({ ...domain, pk: 'project', data: { ...domain.data, domain_id: null, parent_id: null, is_domain: true } }) as unknown as Project;

/** As projects: all, or the one that the asker's token is for. */
const domainsSeen = async ({ domain_id }: RequestContext): Promise<Project[]> =>
  (await all('domain')).filter(({ data }) => domain_id === undefined || data.id === domain_id).map(asProject);

async function createProject({ id: _, links: __, ...given }: Partial<Project['data']>): Promise<Project> {
  const parent_id = given.parent_id ?? given.domain_id!;
  const checks: Write[] = [{ check: keyOf('domain', given.domain_id!), if: { pk: exists() } }];
  if (parent_id !== given.domain_id) {
    await checkParent(parent_id, given.domain_id!);
    checks.push({ check: keyOf('project', parent_id), if: { pk: exists() } });
  }
  const data = { enabled: true, description: '', options: {}, tags: [], ...given, parent_id, is_domain: false, id: newId() } as Project['data'];
  return insertEntity('project', data, {}, checks);
}

async function checkParent(id: string, domain: string): Promise<void> {
  const parent = await find('project', id);
  if (!parent) throw badRequest(`Could not find project: ${id}.`);
  if (parent.data.domain_id !== domain) throw badRequest('Cannot create project, since it specifies its domain_id and parent_id in different domains.');
  if (!parent.data.enabled) throw forbidden(`Cannot create project, since its parent ${id} is disabled.`);
  if (ancestors(parent, await all('project')).length + 2 > MAX_DEPTH) throw forbidden(`Max hierarchy depth reached for ${id} branch.`);
}

async function updateProject({ data: { id } }: Project, { links: _, ...given }: Record<string, unknown>): Promise<Project> {
  return changeEntity('project', id, async ({ data }) => {
    for (const fixed of ['parent_id', 'is_domain'] as const)
      if (given[fixed] !== undefined && given[fixed] !== data[fixed]) throw forbidden(`Update of \`${fixed}\` is not allowed.`);
    const next = merged(data, given);
    if (data.enabled && !next.enabled && descendants(id, await all('project')).some((child) => child.data.enabled))
      throw forbidden(`Cannot disable project ${id} since its subtree contains enabled projects.`);
    return { data: next, ...voided(data, next) };
  });
}

/** The project and what was given on it; nobody's default project any more. */
export async function eraseProject(project: Project): Promise<void> {
  const id = project.data.id;
  await dropGrants(await grantsOn({ project: id }));
  for (const user of (await all('user')).filter((u) => u.data.default_project_id === id))
    await changeEntity('user', user.data.id, ({ data }) => ({ data: data.default_project_id === id ? { ...data, default_project_id: null } : data }));
  if (!(await deleteEntity('project', project))) throw couldNotFind('project', id);
  await dropGrants(await grantsOn({ project: id })); // what was given meanwhile
}

