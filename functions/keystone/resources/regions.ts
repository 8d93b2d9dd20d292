import { badRequest, forbidden } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { validate } from '../../../shared/http/validate.ts';
import { couldNotFind } from '../errors.ts';
import { newId } from '../ids.ts';
import { changeEntity, deleteEntity, insertEntity } from '../records/changes.ts';
import { all, type Region } from '../records/entities.ts';
import { collectionRoutes, shown } from './collection.ts';
import { merged } from './merge.ts';
import { Description, Name, nullable, withExtras } from './schema.ts';
import * as Type from '@sinclair/typebox';

/* Identity API v3, "Regions". Their ids are names that the operator chooses. */

const RegionId = Name();
const fields = { id: RegionId, description: Description, parent_region_id: nullable(RegionId) };
const Given = withExtras(fields);

const collection = collectionRoutes({
  kind: 'region',
  plural: 'regions',
  create: Given,
  update: Given,
  filters: ['parent_region_id'],
  insert: insertRegion,
  change: async ({ data: { id } }, { links: _, ...given }) => {
    await checkParent(given.parent_region_id, id);
    return changeEntity('region', id, ({ data }) => ({ data: { ...merged(data, given), description: given.description === null ? '' : (given.description ?? data.description) } }));
  },
  remove: deleteRegion,
});

async function insertRegion({ links: _, ...given }: Partial<Region['data']>): Promise<Region> {
  const id = given.id ?? newId();
  await checkParent(given.parent_region_id, id);
  return insertEntity('region', { parent_region_id: null, ...given, description: given.description ?? '', id });
}

/** PUT /regions/{id} creates it under that id. */
async function createAs(request: Request) {
  const id = request.params['id']!;
  validate(RegionId, id);
  const given = request.body.region;
  if (given.id !== undefined && given.id !== id) throw badRequest('Conflicting region IDs specified: "ID" in the URL and "id" in the body.');
  return { status: 201, body: { region: shown(await insertRegion({ ...given, id }), 'regions', request) } };
}

async function checkParent(parent: string | null | undefined, id: string): Promise<void> {
  if (parent == null) return;
  const regions = new Map((await all('region')).map((r) => [r.data.id, r.data.parent_region_id]));
  if (!regions.has(parent)) throw badRequest(`Could not find region: ${parent}.`);
  for (let up: string | null = parent, steps = 0; up !== null && steps <= regions.size; up = regions.get(up) ?? null, steps++)
    if (up === id) throw badRequest(`The specified parent region ${parent} would create a circular region hierarchy.`);
}

/** With the regions in it; refused while endpoints stand in any of them. */
async function deleteRegion(region: Region): Promise<void> {
  const regions = await all('region');
  const below = (id: string): Region[] => regions.filter((r) => r.data.parent_region_id === id).flatMap((r) => [...below(r.data.id), r]);
  const doomed = [...below(region.data.id), region];
  const ids = new Set<string | null>(doomed.map((r) => r.data.id));
  if ((await all('endpoint')).some((e) => ids.has(e.data.region_id)))
    throw forbidden(`Unable to delete region ${region.data.id} because it or its child regions have associated endpoints.`);
  for (const each of doomed)
    if (!(await deleteEntity('region', each)) && each === region) throw couldNotFind('region', region.data.id);
}

export const regionRoutes: Route[] = [
  ...collection,
  { method: 'PUT', path: '/regions/{id}', policy: 'identity:create_region', body: Type.Object({ region: Given }), handler: createAs },
];
