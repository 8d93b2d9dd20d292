import type { Route } from '../../../shared/http/route.ts';
import { couldNotFind } from '../errors.ts';
import { newId } from '../ids.ts';
import { changeEntity, deleteEntity, insertEntity } from '../records/changes.ts';
import { all, type Service } from '../records/entities.ts';
import { collectionRoutes } from './collection.ts';
import { merged } from './merge.ts';
import { Description, Flag, Name, withExtras } from './schema.ts';

/* Identity API v3, "Service catalog and endpoints": services. */

const fields = { type: Name(), name: Name(), enabled: Flag, description: Description };

export const serviceRoutes: Route[] = collectionRoutes({
  kind: 'service',
  plural: 'services',
  create: withExtras(fields, { required: ['type'] }),
  update: withExtras(fields, { minProperties: 1 }),
  filters: ['type', 'name', 'enabled'],
  insert: async ({ id: _, links: __, ...given }) => insertEntity('service', { name: '', enabled: true, ...given, id: newId() }),
  change: async ({ data: { id } }, { links: _, ...given }) => changeEntity('service', id, ({ data }) => ({ data: merged(data, given) })),
  remove: deleteService,
});

/** With its endpoints, as in Keystone. */
async function deleteService(service: Service): Promise<void> {
  const { id } = service.data;
  for (const endpoint of (await all('endpoint')).filter((e) => e.data.service_id === id)) await deleteEntity('endpoint', endpoint);
  if (!(await deleteEntity('service', service))) throw couldNotFind('service', id);
}
