import { exists } from '../../../shared/store/condition.ts';
import type { Route } from '../../../shared/http/route.ts';
import { couldNotFind } from '../errors.ts';
import { newId } from '../ids.ts';
import { changeEntity, deleteEntity, insertEntity } from '../records/changes.ts';
import { all, keyOf, type Role } from '../records/entities.ts';
import { allGrants, revokeGrant } from '../records/grants.ts';
import { collectionRoutes } from './collection.ts';
import { merged, named } from './merge.ts';
import { Description, Id, Name, nullable, Options, withExtras } from './schema.ts';

/* Identity API v3, "Roles". A role may belong to a domain: then it stands in no token but for what it implies. */

const fields = { name: Name(), description: Description, domain_id: nullable(Id), options: Options };

export const roleRoutes: Route[] = collectionRoutes({
  kind: 'role',
  plural: 'roles',
  create: withExtras(fields, { required: ['name'] }),
  update: withExtras(fields, { minProperties: 1 }),
  filters: ['name', 'domain_id'],
  insert: async ({ id: _, links: __, ...given }) => {
    const domain_id: string | null = given.domain_id ?? null;
    const data = { description: null, options: {}, ...named(given), domain_id, id: newId() } as Role['data'];
    return insertEntity('role', data, {}, domain_id === null ? [] : [{ check: keyOf('domain', domain_id), if: { pk: exists() } }]);
  },
  change: ({ data: { id } }, { links: _, ...given }) => changeEntity('role', id, ({ data }) => ({ data: merged(data, given) })),
  remove: eraseRole,
  // without a domain in the query, the cloud's own roles are meant
  visible: (roles, { query }) => (query.has('domain_id') ? roles : roles.filter(({ data }) => data.domain_id === null)),
});

/** The role, wherever it was given, and wherever another implies it. */
export async function eraseRole(role: Role): Promise<void> {
  const id = role.data.id;
  const takeBack = async () => {
    for (const { user_id, target, roles } of await allGrants()) if (roles?.has(id)) await revokeGrant(user_id, target, id);
  };
  await takeBack();
  for (const prior of await all('role'))
    if (prior.implies?.includes(id)) await changeEntity('role', prior.data.id, ({ implies }) => ({ implies: (implies ?? []).filter((i) => i !== id) }));
  if (!(await deleteEntity('role', role))) throw couldNotFind('role', id);
  await takeBack();
}
