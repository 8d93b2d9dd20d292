import * as Type from '@sinclair/typebox';
import type { Request, Route } from '../../../shared/http/route.ts';
import { exists } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { isTrue, nextLink, page } from '../list/page.ts';
import { createSnapshot } from '../snapshot/create.ts';
import { deleteSnapshot } from '../snapshot/delete.ts';
import { listedSnapshots } from '../snapshot/list.ts';
import { snapshotKey, type Snapshot } from '../snapshot/record.ts';
import { CreateSnapshot, UpdateSnapshot, type UpdateSnapshotBody } from '../snapshot/schema.ts';
import { noSnapshot, ownSnapshot } from '../snapshot/store.ts';
import { detail, summary } from '../snapshot/view.ts';
import { trimmed } from '../volume/create.ts';
import { cinder, now } from '../volume/store.ts';
import { base } from '../volume/view.ts';
import { metadataRoutes } from './metadata.ts';

const shown = (request: Request, snapshot: Snapshot) => ({ body: { snapshot: detail(request, snapshot) } });

async function list(request: Request, detailed: boolean) {
  const counted = request.version.minor >= 45 && isTrue(request.query.get('with_count'));
  const listed = await listedSnapshots(request, counted ? 'all' : 'page');
  const { items, next } = page(request.query, listed, ({ id }) => id);
  return {
    body: {
      snapshots: items.map((snapshot) => (detailed ? detail(request, snapshot) : summary(snapshot))),
      ...nextLink('snapshots', `${base(request)}/snapshots${detailed ? '/detail' : ''}`, request.query, next),
      ...(counted && { count: listed.length }),
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

/** Block Storage API, "Volume snapshots (snapshots)" and "Snapshot actions". */
export const snapshotRoutes: Route[] = [
  { method: 'GET', path: '/snapshots', policy: 'volume:get_all_snapshots', handler: (request) => list(request, false) },
  { method: 'GET', path: '/snapshots/detail', policy: 'volume:get_all_snapshots', handler: (request) => list(request, true) },
  { method: 'POST', path: '/snapshots', policy: 'volume:create_snapshot', body: CreateSnapshot, status: 202, handler: async (request) => shown(request, await createSnapshot(request)) },
  { method: 'GET', path: '/snapshots/{snapshot_id}', policy: 'volume:get_snapshot', handler: async (request) => shown(request, await ownSnapshot(request, 'volume:get_snapshot')) },
  { method: 'PUT', path: '/snapshots/{snapshot_id}', policy: 'volume:update_snapshot', body: UpdateSnapshot, handler: update },
  { method: 'DELETE', path: '/snapshots/{snapshot_id}', policy: 'volume:delete_snapshot', handler: remove },
  { method: 'POST', path: '/snapshots/{snapshot_id}/action', policy: RESET, body: Reset, handler: reset },
  ...metadataRoutes({
    path: '/snapshots/{snapshot_id}/metadata', own: ownSnapshot, kind: { name: 'Snapshot', key: snapshotKey, none: noSnapshot }, etag: false,
    policies: { read: 'volume:get_snapshot_metadata', write: 'volume:update_snapshot_metadata', remove: 'volume:delete_snapshot_metadata' },
  }),
];
