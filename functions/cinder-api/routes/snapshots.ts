import * as Type from '@sinclair/typebox';
import { badRequest, notFound } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { exists } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { nextLink, page } from '../list/page.ts';
import { isTrue } from '../list/volumes.ts';
import { changeMetadata } from '../metadata/change.ts';
import { createSnapshot } from '../snapshot/create.ts';
import { deleteSnapshot } from '../snapshot/delete.ts';
import { listedSnapshots } from '../snapshot/list.ts';
import { snapshotKey, type Snapshot } from '../snapshot/record.ts';
import { CreateSnapshot, UpdateSnapshot, type UpdateSnapshotBody } from '../snapshot/schema.ts';
import { noSnapshot, ownSnapshot } from '../snapshot/store.ts';
import { detail, summary } from '../snapshot/view.ts';
import { trimmed } from '../volume/create.ts';
import { MetaBody, MetadataBody } from '../volume/schema.ts';
import { cinder, now } from '../volume/store.ts';
import { base } from '../volume/view.ts';

const shown = (request: Request, snapshot: Snapshot) => ({ body: { snapshot: detail(request, snapshot) } });

async function list(request: Request, detailed: boolean) {
  const all = await listedSnapshots(request);
  const { items, next } = page(request.query, all, ({ id }) => id);
  return {
    body: {
      snapshots: items.map((snapshot) => (detailed ? detail(request, snapshot) : summary(snapshot))),
      ...nextLink('snapshots', `${base(request)}/snapshots${detailed ? '/detail' : ''}`, request.query, next),
      ...(request.version.minor >= 45 && isTrue(request.query.get('with_count')) && { count: all.length }),
    },
  };
}

async function update(request: Request<UpdateSnapshotBody>) {
  const { id } = await ownSnapshot(request, 'volume:update_snapshot');
  const { name, display_name, description, display_description } = request.body.snapshot;
  return shown(request, await changed(id, {
    ...((name ?? display_name) !== undefined && { name: trimmed(name ?? display_name) }),
    ...((description ?? display_description) !== undefined && { description: trimmed(description ?? display_description) }),
  }));
}

async function changed(id: string, set: Record<string, unknown>, remove: string[] = []): Promise<Snapshot> {
  try {
    return await cinder.update<Snapshot>(snapshotKey(id), { set: { ...set, updated_at: now() }, remove }, { pk: exists() });
  } catch (error) {
    if (error instanceof ConditionFailed) throw noSnapshot(id);
    throw error;
  }
}

async function remove(request: Request) {
  await deleteSnapshot(await ownSnapshot(request, 'volume:delete_snapshot'), request.context);
  return { status: 202 };
}

const RESET = 'volume_extension:snapshot_admin_actions:reset_status';
const settable = ['available', 'error', 'creating', 'deleting', 'error_deleting'] as const;
const Reset = Type.Object({ 'os-reset_status': Type.Object({ status: Type.Union(settable.map((status) => Type.Literal(status))) }, { additionalProperties: false }) }, { additionalProperties: false });

/** An admin says what a snapshot's state is; nothing happens to its file. */
async function reset(request: Request<{ 'os-reset_status': { status: string } }>) {
  const { id } = await ownSnapshot(request, RESET);
  await changed(id, { status: request.body['os-reset_status'].status }, ['due_pk', 'due_at', 'asked', 'reason']);
  return { status: 202 };
}

type Pairs = Record<string, string>;
const READ = 'volume:get_snapshot_metadata';
const WRITE = 'volume:update_snapshot_metadata';
const change = (id: string, by: (old: Pairs) => Pairs) => changeMetadata(id, by, 'metadata', { key: snapshotKey, none: noSnapshot });
const noKey = (id: string) => notFound(`Snapshot ${id} has no metadata with that key.`);

const readAll = async (request: Request) => ({ body: { metadata: (await ownSnapshot(request, READ)).metadata } });
/** POST adds to what is there, PUT replaces it. */
const writeAll = (replace: boolean) => async (request: Request<{ metadata: Pairs }>) => {
  const { id } = await ownSnapshot(request, WRITE);
  return { body: { metadata: await change(id, (old) => ({ ...(replace ? {} : old), ...request.body.metadata })) } };
};
async function read(request: Request) {
  const { id, metadata } = await ownSnapshot(request, READ);
  const key = request.params['key']!;
  if (metadata[key] === undefined) throw noKey(id);
  return { body: { meta: { [key]: metadata[key] } } };
}
async function write(request: Request<{ meta: Pairs }>) {
  const key = request.params['key']!;
  const value = request.body.meta[key];
  if (value === undefined) throw badRequest('Request body and URI mismatch');
  const { id } = await ownSnapshot(request, WRITE);
  await change(id, (old) => ({ ...old, [key]: value }));
  return { body: { meta: { [key]: value } } };
}
async function removeKey(request: Request) {
  const { id } = await ownSnapshot(request, 'volume:delete_snapshot_metadata');
  await change(id, (old) => {
    const { [request.params['key']!]: value, ...rest } = old;
    if (value === undefined) throw noKey(id);
    return rest;
  });
  return { status: 200 };
}

/** Block Storage API, "Volume snapshots (snapshots)" and "Snapshot actions". */
export const snapshotRoutes: Route[] = [
  { method: 'GET', path: '/snapshots', policy: 'volume:get_all_snapshots', handler: (request) => list(request, false) },
  { method: 'GET', path: '/snapshots/detail', policy: 'volume:get_all_snapshots', handler: (request) => list(request, true) },
  { method: 'POST', path: '/snapshots', policy: 'volume:create_snapshot', body: CreateSnapshot, status: 202, handler: async (request) => shown(request, await createSnapshot(request)) },
  { method: 'GET', path: '/snapshots/{snapshot_id}', policy: 'volume:get_snapshot', handler: async (request) => shown(request, await ownSnapshot(request, 'volume:get_snapshot')) },
  { method: 'PUT', path: '/snapshots/{snapshot_id}', policy: 'volume:update_snapshot', body: UpdateSnapshot, handler: update },
  { method: 'DELETE', path: '/snapshots/{snapshot_id}', policy: 'volume:delete_snapshot', handler: remove },
  { method: 'POST', path: '/snapshots/{snapshot_id}/action', policy: RESET, body: Reset, handler: reset },
  { method: 'GET', path: '/snapshots/{snapshot_id}/metadata', policy: READ, handler: readAll },
  { method: 'POST', path: '/snapshots/{snapshot_id}/metadata', policy: WRITE, body: MetadataBody, handler: writeAll(false) },
  { method: 'PUT', path: '/snapshots/{snapshot_id}/metadata', policy: WRITE, body: MetadataBody, handler: writeAll(true) },
  { method: 'GET', path: '/snapshots/{snapshot_id}/metadata/{key}', policy: READ, handler: read },
  { method: 'PUT', path: '/snapshots/{snapshot_id}/metadata/{key}', policy: WRITE, body: MetaBody, handler: write },
  { method: 'DELETE', path: '/snapshots/{snapshot_id}/metadata/{key}', policy: 'volume:delete_snapshot_metadata', handler: removeKey },
];
