import { forbidden } from '../../../shared/http/errors.ts';
import type { Route } from '../../../shared/http/route.ts';
import { couldNotFind } from '../errors.ts';
import { newId } from '../ids.ts';
import { changeEntity, deleteEntity, insertEntity } from '../records/changes.ts';
import { all, type Domain } from '../records/entities.ts';
import { dropGrants, grantsOn } from '../records/grants.ts';
import { collectionRoutes } from './collection.ts';
import { merged, named, voided } from './merge.ts';
import { eraseProject } from './projects.ts';
import { eraseRole } from './roles.ts';
import { Description, Flag, Id, Name, Options, Tags, withExtras } from './schema.ts';
import { deleteUser } from './users.ts';

/* Identity API v3, "Domains". */

const fields = { name: Name(64), enabled: Flag, description: Description, options: Options, tags: Tags };

export const domainRoutes: Route[] = collectionRoutes({
  kind: 'domain',
  plural: 'domains',
  create: withExtras({ ...fields, explicit_domain_id: Id }, { required: ['name'] }),
  update: withExtras(fields, { minProperties: 1 }),
  filters: ['name', 'enabled'],
  target: ({ id }) => ({ domain_id: id ?? null }),
  insert: async ({ explicit_domain_id, id: _, links: __, domain_id: ___, ...given }) =>
    insertEntity('domain', { enabled: true, description: '', options: {}, tags: [], ...named(given), id: explicit_domain_id ?? newId() }),
  change: async ({ data: { id } }, { links: _, domain_id: __, ...given }) =>
    changeEntity('domain', id, ({ data }) => {
      const next = merged(data, given);
      return { data: next, ...voided(data, next) };
    }),
  remove: deleteDomain,
});

/** A disabled domain with everything in it. May be repeated where it was cut off: the domain itself goes last. */
async function deleteDomain(domain: Domain): Promise<void> {
  if (domain.data.enabled) throw forbidden('Cannot delete a domain that is enabled, please disable it first.');
  const id = domain.data.id;
  const inside = (entity: { data: { domain_id?: string | null } }) => entity.data.domain_id === id;
  for (const user of (await all('user')).filter(inside)) await gone(deleteUser(user));
  for (const project of (await all('project')).filter(inside)) await gone(eraseProject(project));
  for (const role of (await all('role')).filter(inside)) await gone(eraseRole(role));
  await dropGrants(await grantsOn({ domain: id }));
  if (!(await deleteEntity('domain', domain))) throw couldNotFind('domain', id);
}

/** What somebody else took away first is no failure. */
const gone = (removal: Promise<void>) => removal.catch((error: unknown) => {
  if ((error as { status?: number }).status !== 404) throw error;
});
