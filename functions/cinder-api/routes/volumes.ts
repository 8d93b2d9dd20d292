import type { Request, Route } from '../../../shared/http/route.ts';
import { exists } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { isTrue, page, nextLink } from '../list/page.ts';
import { listedVolumes } from '../list/volumes.ts';
import { aVolume } from '../metadata/change.ts';
import { deleteSnapshotsOf } from '../snapshot/delete.ts';
import { allTypes } from '../type/store.ts';
import { ownVolume } from '../volume/access.ts';
import { createVolume, trimmed } from '../volume/create.ts';
import { deleteVolume } from '../volume/delete.ts';
import { volumeKey, type Volume } from '../volume/record.ts';
import { createSchema, updateSchema } from '../volume/schema.ts';
import { cinder, noVolume, now } from '../volume/store.ts';
import { base, detail, summary } from '../volume/view.ts';
import { metadataRoutes } from './metadata.ts';

const typeOf = async (volume: Volume) => (await allTypes()).find((type) => type.id === volume.volume_type_id);
export const shown = async (request: Request, volume: Volume) => ({ volume: detail(request, volume, await typeOf(volume)) });

async function list(request: Request, detailed: boolean) {
  const counted = request.version.minor >= 45 && isTrue(request.query.get('with_count'));
  const [volumes, types] = await Promise.all([listedVolumes(request, counted ? 'all' : 'page'), allTypes()]);
  const { items, next } = page(request.query, volumes, (volume) => volume.id);
  const view = (volume: Volume) => (detailed ? detail(request, volume, types.find((type) => type.id === volume.volume_type_id)) : summary(request, volume));
  return {
    body: {
      volumes: items.map(view),
      ...nextLink('volumes', `${base(request)}/volumes${detailed ? '/detail' : ''}`, request.query, next),
      ...(counted && { count: volumes.length }),
    },
  };
}

/** 3.12 on; from 3.36 with the values of the metadata. */
async function summarize(request: Request) {
  const volumes = await listedVolumes(request, 'all');
  const pairs = Map.groupBy(volumes.flatMap((volume) => Object.entries(volume.metadata)), ([key]) => key);
  const metadata = Object.fromEntries([...pairs].map(([key, those]) => [key, [...new Set(those.map(([, value]) => value))]]));
  const total = { total_count: volumes.length, total_size: volumes.reduce((sum, volume) => sum + volume.size, 0) };
  return { body: { 'volume-summary': { ...total, ...(request.version.minor >= 36 && { metadata }) } } };
}

async function update(request: Request) {
  const volume = await ownVolume(request, 'volume:update');
  const { name, display_name, description, display_description, metadata } = request.body.volume as Record<string, any>;
  const set = {
    ...((name ?? display_name) !== undefined && { name: trimmed(name ?? display_name) }),
    ...((description ?? display_description) !== undefined && { description: trimmed(description ?? display_description) }),
    ...(metadata !== undefined && { metadata }),
  };
  return { body: await shown(request, await changed(volume, { ...set, updated_at: now() })) };
}

/** Sets fields of a volume that is there, and not on its way out. */
export async function changed(volume: Volume, set: Record<string, unknown>, remove: string[] = []): Promise<Volume> {
  try {
    return await cinder.update<Volume>(volumeKey(volume.id), { set, remove }, { pk: exists() });
  } catch (error) {
    if (error instanceof ConditionFailed) throw noVolume(volume.id);
    throw error;
  }
}

async function remove(request: Request) {
  const force = request.version.minor >= 23 && isTrue(request.query.get('force'));
  const volume = await ownVolume(request, force ? 'volume:force_delete' : 'volume:delete');
  const cascade = isTrue(request.query.get('cascade'));
  if (cascade) await deleteSnapshotsOf(volume, request.context);
  await deleteVolume(volume, request.context, { force, cascade });
  return { status: 202 };
}

export const volumeRoutes: Route[] = [
  { method: 'GET', path: '/volumes', policy: 'volume:get_all', handler: (request) => list(request, false) },
  { method: 'GET', path: '/volumes/detail', policy: 'volume:get_all', handler: (request) => list(request, true) },
  { method: 'GET', path: '/volumes/summary', policy: 'volume:get_all', since: 12, handler: summarize },
  { method: 'POST', path: '/volumes', policy: 'volume:create', body: createSchema, status: 202, handler: async (request) => ({ body: await shown(request, await createVolume(request)) }) },
  { method: 'GET', path: '/volumes/{volume_id}', policy: 'volume:get', handler: async (request) => ({ body: await shown(request, await ownVolume(request, 'volume:get')) }) },
  { method: 'PUT', path: '/volumes/{volume_id}', policy: 'volume:update', body: updateSchema, handler: update },
  { method: 'DELETE', path: '/volumes/{volume_id}', policy: 'volume:delete', handler: remove },
  ...metadataRoutes({
    path: '/volumes/{volume_id}/metadata', own: ownVolume, kind: aVolume, etag: true,
    policies: { read: 'volume:get_volume_metadata', write: 'volume:update_volume_metadata', remove: 'volume:update_volume_metadata' },
  }),
];
