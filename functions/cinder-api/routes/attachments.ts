import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { conflict } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { isAdmin, isService } from '../../../shared/identity/context.ts';
import { connected } from '../attachment/connect.ts';
import { attachmentsOfInstance, changeAttachment, getAttachment, ownAttachment, release, reserve, type Held } from '../attachment/store.ts';
import { detail, summary } from '../attachment/view.ts';
import { page } from '../list/page.ts';
import { ownVolume } from '../volume/access.ts';
import { projectOf } from '../volume/project.ts';
import { idFor } from '../volume/idempotency.ts';
import type { Attachment } from '../volume/record.ts';
import { Uuid } from '../volume/schema.ts';
import { allVolumes, now, volumesOfProject } from '../volume/store.ts';

const ConnectorSchema = Type.Record(Type.String(), Type.Unknown());
const fields = { volume_uuid: Uuid, instance_uuid: Type.Optional(Type.Union([Uuid, Type.Null()])), connector: Type.Optional(Type.Union([ConnectorSchema, Type.Null()])) };
const body = (attachment: Record<string, any>) => Type.Object({ attachment: Type.Object(attachment, { additionalProperties: false }) }, { additionalProperties: false });
const Create = body({ ...fields });
const Create354 = body({ ...fields, mode: Type.Optional(Type.Union([Type.Literal('rw'), Type.Literal('ro')])) });
const Update = body({ connector: Type.Record(Type.String(), Type.Unknown(), { minProperties: 1 }) });
const Complete = Type.Object({ 'os-complete': Type.Unknown() }, { additionalProperties: false });
interface CreateBody { attachment: { volume_uuid: string; instance_uuid?: string | null; connector?: Record<string, unknown> | null; mode?: 'rw' | 'ro' } }

/** "Create attachment" (3.27): reserves the volume, or connects it at once where the connector is known. */
async function create(request: Request<CreateBody>) {
  const { volume_uuid, instance_uuid = null, connector, mode } = request.body.attachment;
  const id = idFor(request, projectOf(request), 'attachment');
  const known = await getAttachment(id);
  if (known) return { body: { attachment: detail(known) } };
  const volume = await ownVolume(request, 'volume:attachment_create', volume_uuid);
  const blank: Attachment = {
    id, instance_uuid, attach_status: 'reserved', attach_mode: volume.readonly ? 'ro' : (mode ?? 'rw'), connector: null, mountpoint: null, attached_host: null, attach_time: null, created_at: now(),
  };
  const attachment = connector ? { ...blank, ...connected(volume, blank, connector, mode !== undefined) } : blank;
  return { body: { attachment: detail(await reserve(volume, attachment)) } };
}

/** "Update an attachment": the host that takes it tells its connector. */
async function update(request: Request<Static<typeof Update>>) {
  const held = await ownAttachment(request, 'volume:attachment_update');
  const connector = (request.body as { attachment: { connector: Record<string, unknown> } }).attachment.connector;
  const fields = connected(held.volume, held.attachment, connector, false);
  // a late repetition of what was completed since doesn't take it back
  if (held.attachment.attach_status === 'attached') return { body: { attachment: detail(held) } };
  return { body: { attachment: detail(await changeAttachment(held, fields, 'attaching')) } };
}

/** "Complete attachment" (3.44): the guest has the disk. */
async function complete(request: Request) {
  const held = await ownAttachment(request, 'volume:attachment_complete');
  await changeAttachment(held, { attach_status: 'attached', attach_time: held.attachment.attach_time ?? now() }, 'in-use');
}

/** "Delete attachment". What a guest has is only let go by the service that took it away from the guest. */
async function remove(request: Request) {
  const held = await ownAttachment(request, 'volume:attachment_delete');
  const { attachment } = held;
  if (!isService(request.context) && attachment.instance_uuid && attachment.connector)
    throw conflict(`Detach volume from instance ${attachment.instance_uuid} using the Compute API`);
  await release(held);
  return { body: { attachments: [] } };
}

async function list(request: Request, view: (held: Held) => object) {
  const { query, context } = request;
  const instance = query.get('instance_id') ?? query.get('instance_uuid');
  // a service that asks in its own name for one instance's attachments means that instance's, whoever owns it
  const all = (query.has('all_tenants') && isAdmin(context)) || (instance !== null && isService(context));
  const held = instance ? await attachmentsOfInstance(instance) : (all ? await allVolumes() : await volumesOfProject(context.project_id ?? '')).flatMap((volume) => Object.values(volume.attachments).map((attachment) => ({ attachment, volume })));
  const status = query.get('status') ?? query.get('attach_status');
  const volumeId = query.get('volume_id');
  const found = held
    .filter(({ volume }) => all || volume.project_id === context.project_id)
    .filter(({ attachment, volume }) => (!status || attachment.attach_status === status) && (!volumeId || volume.id === volumeId))
    .sort((a, b) => (a.attachment.created_at < b.attachment.created_at ? 1 : -1));
  const { items } = page(query, found, ({ attachment }) => attachment.id);
  return { body: { attachments: items.map(view) } };
}

export const attachmentRoutes: Route[] = [
  { method: 'GET', path: '/attachments', policy: 'volume:attachment_get', since: 27, handler: (request) => list(request, summary) },
  { method: 'GET', path: '/attachments/detail', policy: 'volume:attachment_get', since: 27, handler: (request) => list(request, detail) },
  { method: 'POST', path: '/attachments', policy: 'volume:attachment_create', since: 27, body: [{ from: 27, schema: Create }, { from: 54, schema: Create354 }], handler: create },
  { method: 'GET', path: '/attachments/{attachment_id}', policy: 'volume:attachment_get', since: 27, handler: async (request) => ({ body: { attachment: detail(await ownAttachment(request, 'volume:attachment_get')) } }) },
  { method: 'PUT', path: '/attachments/{attachment_id}', policy: 'volume:attachment_update', since: 27, body: Update, handler: update },
  { method: 'DELETE', path: '/attachments/{attachment_id}', policy: 'volume:attachment_delete', since: 27, handler: remove },
  { method: 'POST', path: '/attachments/{attachment_id}/action', policy: 'volume:attachment_complete', since: 44, body: Complete, handler: complete },
];
