import { badRequest, conflict, notFound } from '../../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../../shared/http/route.ts';
import { type BlockDevice, type Instance, instanceKey } from '../../../../shared/objects/instance.ts';
import { RemoteError } from '../../../../shared/openstack/rest.ts';
import { factsOf, log } from '../../../../shared/telemetry/log.ts';
import { isTrue } from '../../common/types.ts';
import { nova } from '../../store.ts';
import { createAttachment, deleteAttachment, getVolume, listAttachmentsOf } from '../../volume.ts';
import { changeServer } from '../change.ts';
import { nameDevice, withDev } from '../device-names.ts';
import { findServer } from '../find.ts';
import { askHost } from '../host-action.ts';
import { beginTask, checkLock, checkState, type Precondition } from '../task.ts';
import type { Attach, Update } from './schema.ts';
import { attachmentView } from './view.ts';

/** As Nova: with a guest that runs, rests or is paused, and nothing else under way. */
const ready: Precondition = { vm: ['active', 'paused', 'stopped'] };
const volumesOf = (server: Instance) => server.block_devices.filter(({ volume_id }) => volume_id);

function find(server: Instance, volumeId: string): BlockDevice {
  const device = volumesOf(server).find(({ volume_id }) => volume_id === volumeId);
  if (!device) throw notFound(`Instance ${server.uuid} is not attached to volume ${volumeId}`);
  return device;
}

export async function listAttachments(request: Request): Promise<Reply> {
  const server = await findServer(request);
  const offset = Number(request.query.get('offset') ?? 0);
  const limit = Number(request.query.get('limit') ?? 1000);
  return { body: { volumeAttachments: volumesOf(server).slice(offset, offset + limit).map((device) => attachmentView(server, device, request)) } };
}

export async function showAttachment(request: Request): Promise<Reply> {
  const server = await findServer(request);
  return { body: { volumeAttachment: attachmentView(server, find(server, request.params['volume']!), request) } };
}

/**
 * Attaches a volume: looked at, reserved with cinder-api, put into the record under a name decided now, and sent to the host.
 * A volume whose file is on another host is refused.
 */
export async function attachVolume(request: Request<{ volumeAttachment: Attach }>): Promise<Reply> {
  const { volumeId, device: wish, tag, delete_on_termination } = request.body.volumeAttachment;
  const server = await findServer(request);
  checkLock(server, request);
  checkState(server, 'attach_volume', ready);
  if (wish && volumesOf(server).some(({ device_name }) => device_name === wish)) throw conflict(`The supplied device path (${wish}) is in use.`);
  const attachment = (await checkVolume(server, volumeId, request)) ?? (await reserve(server, volumeId, request));
  let device: BlockDevice | undefined;
  try {
    await beginTask(server, {
      action: 'attach_volume', method: 'attach_volume', needs: ready,
      change: (now) => {
        if (volumesOf(now).some(({ volume_id }) => volume_id === volumeId)) throw badRequest(`Invalid volume: volume ${volumeId} already attached`);
        device = {
          source_type: 'volume', destination_type: 'volume', volume_id: volumeId, attachment_id: attachment.id, boot_index: null,
          delete_on_termination: isTrue(delete_on_termination), ...(tag && { tag }),
          device_name: nameDevice(now.block_devices.map(({ device_name }) => device_name), undefined, wish ? withDev(wish) : undefined),
        };
        return { set: { block_devices: [...now.block_devices, device] } };
      },
      send: (after) => askHost(after, 'attach_volume', { ...device! }, request),
    }, request);
  } catch (error) {
    await undo(server, attachment, request).catch((failure: unknown) => log.error('attachment not undone', { request_id: request.requestId, volume: volumeId, ...factsOf(failure) }));
    throw error;
  }
  const { attachment_id: _id, bdm_uuid: _uuid, ...view } = attachmentView(server, device!, request);
  return { body: { volumeAttachment: { id: volumeId, ...view } } };
}

/** Lets go of the volume, unless another request for the same has made the reservation its own. */
async function undo({ project_id, uuid }: Instance, { id }: { id: string }, { context }: Request): Promise<void> {
  const now = await nova.get<Instance>(instanceKey(project_id, uuid));
  if (!now?.block_devices.some(({ attachment_id }) => attachment_id === id)) await deleteAttachment(id, context);
}

/** Can the volume be had? A reservation for this very server, left by a request that got no further, is returned to be used. */
async function checkVolume(server: Instance, volumeId: string, { context }: Request): Promise<{ id: string } | undefined> {
  const volume = await getVolume(volumeId, context).catch((error: unknown) => {
    if (error instanceof RemoteError && error.status === 404) throw notFound(`Volume ${volumeId} could not be found.`);
    throw error;
  });
  if (volumesOf(server).some(({ volume_id }) => volume_id === volumeId) || volume.attachments.some(({ server_id }) => server_id === server.uuid)) throw badRequest(`Invalid volume: volume ${volumeId} already attached`);
  const left = volume.status === 'reserved' ? (await listAttachmentsOf(server.uuid, context)).find(({ volume_id }) => volume_id === volumeId) : undefined;
  if (volume.status !== 'available' && !left) throw badRequest(`Invalid volume: volume '${volumeId}' status must be 'available'. Currently in '${volume.status}'`);
  const host = volume['os-vol-host-attr:host'];
  if (host && host !== server.host) throw badRequest(`Invalid volume: volume ${volumeId} is on another host than server ${server.uuid}, and a volume cannot be attached across hosts.`);
  return left;
}

async function reserve(server: Instance, volumeId: string, { context }: Request): Promise<{ id: string }> {
  try {
    return await createAttachment(volumeId, server.uuid, context);
  } catch (error) {
    if (error instanceof RemoteError && error.status < 500) throw badRequest(`Invalid volume: ${error.message}`, { cause: error });
    throw error;
  }
}

/** From 2.85 on: what becomes of the volume with the server's end. Nothing else of it changes, and no volume is swapped for another here. */
export async function updateAttachment(request: Request<{ volumeAttachment: Update }>): Promise<Reply> {
  const asked = request.body.volumeAttachment;
  const volumeId = request.params['volume']!;
  const found = await findServer(request);
  find(found, volumeId);
  if (request.version.minor < 85 || asked.volumeId !== volumeId) throw conflict(`volume ${volumeId} is not migrating; this API should only be called by Cinder`);
  await changeServer(found, ['block_devices'], (server) => {
    const device = find(server, volumeId);
    const fixed: [string, unknown, unknown][] = [['id', asked.id, volumeId], ['serverId', asked.serverId, server.uuid], ['device', asked.device, device.device_name], ['tag', asked.tag, device.tag]];
    for (const [name, wanted, is] of fixed) if (wanted !== undefined && wanted !== is) throw badRequest(`The ${name} property is not mutable`);
    const changed = { ...device, ...(asked.delete_on_termination !== undefined && { delete_on_termination: isTrue(asked.delete_on_termination) }) };
    return { block_devices: server.block_devices.map((each) => (each === device ? changed : each)) };
  });
  return { status: 202 };
}

/** The host lets go of it; then the volume is free again, and the record forgets it. */
export async function detachVolume(request: Request): Promise<Reply> {
  const server = await findServer(request);
  const device = find(server, request.params['volume']!);
  if (device.boot_index === 0) throw badRequest('Cannot detach a root device volume');
  await beginTask(server, {
    action: 'detach_volume', method: 'detach_volume', needs: ready,
    send: (after) => askHost(after, 'detach_volume', { ...device }, request),
  }, request);
  return { status: 202 };
}
