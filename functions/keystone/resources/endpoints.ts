import * as Type from '@sinclair/typebox';
import { badRequest } from '../../../shared/http/errors.ts';
import type { Route } from '../../../shared/http/route.ts';
import { exists } from '../../../shared/store/condition.ts';
import { couldNotFind, expecting } from '../errors.ts';
import { newId } from '../ids.ts';
import { changeEntity, deleteEntity, insertEntity } from '../records/changes.ts';
import { find, keyOf, type Endpoint } from '../records/entities.ts';
import { unknownPlaceholders } from '../token/catalog.ts';
import { collectionRoutes } from './collection.ts';
import { merged } from './merge.ts';
import { Description, Flag, Id, Name, nullable, withExtras } from './schema.ts';

/* Identity API v3, "Service catalog and endpoints": endpoints. `region` is what `region_id` was called before 3.2. */

const fields = {
  interface: Type.Union([Type.Literal('public'), Type.Literal('internal'), Type.Literal('admin')]),
  service_id: Id, url: Type.String({ minLength: 1, maxLength: 2048, pattern: '^[a-zA-Z0-9+.-]+:.+' }), region_id: nullable(Name()), region: nullable(Name()),
  enabled: Flag, name: Type.String({ maxLength: 255 }), description: Description,
};

type Given = Partial<Endpoint['data']> & { region?: string | null };

export const endpointRoutes: Route[] = collectionRoutes({
  kind: 'endpoint',
  plural: 'endpoints',
  create: withExtras(fields, { required: ['interface', 'service_id', 'url'] }),
  update: withExtras(fields, { minProperties: 1 }),
  filters: ['interface', 'service_id', 'region_id', 'enabled'],
  insert: async ({ id: _, links: __, ...given }) => {
    const { service_id, ...more } = await checked(given);
    const data = { enabled: true, region_id: null, ...more, service_id, id: newId() } as Endpoint['data'];
    return withRegion(await insertEntity('endpoint', data, {}, [{ check: keyOf('service', service_id!), if: { pk: exists() } }]));
  },
  change: async ({ data: { id } }, { links: _, ...given }) => {
    const next = await checked(given);
    return withRegion(await changeEntity('endpoint', id, ({ data }) => ({ data: merged(data, next) })));
  },
  remove: async (endpoint) => {
    if (!(await deleteEntity('endpoint', endpoint))) throw couldNotFind('endpoint', endpoint.data.id);
  },
  visible: (endpoints) => endpoints.map(withRegion),
  expand: async ({ data }) => ({ region: data.region_id }),
});

/** Its region is made where there is none of that name, as Keystone does; its service must be there. */
async function checked({ region, ...given }: Given): Promise<Given> {
  const next: Given = region !== undefined && given.region_id === undefined ? { ...given, region_id: region } : given;
  if (next.url !== undefined) {
    const [wrong] = unknownPlaceholders(next.url);
    if (wrong !== undefined) throw badRequest(`Cannot create an endpoint with an invalid URL: ${next.url}.`);
  }
  if (next.service_id !== undefined && !(await find('service', next.service_id))) throw expecting('endpoint service_id', 'service table');
  if (next.region_id) await ensureRegion(next.region_id);
  return next;
}

async function ensureRegion(id: string): Promise<void> {
  if (await find('region', id)) return;
  await insertEntity('region', { id, description: '', parent_region_id: null }).catch((error: unknown) => {
    if ((error as { status?: number }).status !== 409) throw error;
  });
}

/** Answers carry the region under both of its names. */
const withRegion = (endpoint: Endpoint): Endpoint => ({ ...endpoint, data: { ...endpoint.data, region: endpoint.data.region_id } });
