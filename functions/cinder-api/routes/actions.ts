import * as Type from '@sinclair/typebox';
import type { Static, TSchema } from '@sinclair/typebox';
import { badRequest, notFound } from '../../../shared/http/errors.ts';
import { validate } from '../../../shared/http/validate.ts';
import type { Reply, Request, Route } from '../../../shared/http/route.ts';
import { release } from '../attachment/store.ts';
import { changeMetadata } from '../metadata/change.ts';
import { ownVolume } from '../volume/access.ts';
import { cannotBeDeleted, deleteVolume } from '../volume/delete.ts';
import { Flag, Metadata } from '../volume/schema.ts';
import { now } from '../volume/store.ts';
import { changed } from './volumes.ts';

interface Action { policy: string; args: TSchema; handler: (request: Request, args: any) => Promise<Reply | void> }
const action = <S extends TSchema>(policy: string, args: S, handler: (request: Request, args: Static<S>) => Promise<Reply | void>): Action => ({ policy, args, handler });

const isTrue = (flag: boolean | string) => ['true', '1', 'yes', 'on'].includes(String(flag).toLowerCase());
const Nothing = Type.Union([Type.Object({}, { additionalProperties: false }), Type.Null()]);
const closed = { additionalProperties: false };

const BOOTABLE = 'volume_extension:volume_actions:set_bootable';
const READONLY = 'volume_extension:volume_actions:update_readonly_flag';
const RESET = 'volume_extension:volume_admin_actions:reset_status';
const FORCE = 'volume_extension:volume_admin_actions:force_delete';
const IMAGE = 'volume_extension:volume_image_metadata';

/** Actions on a volume, by the name that stands in the body (Block Storage API, "Volume actions"). */
const actions: Record<string, Action> = {
  'os-set_bootable': action(BOOTABLE, Type.Object({ bootable: Flag }, closed), async (request, { bootable }) => {
    await changed(await ownVolume(request, BOOTABLE), { bootable: isTrue(bootable), updated_at: now() });
    return { status: 200 };
  }),
  'os-update_readonly_flag': action(READONLY, Type.Object({ readonly: Flag }, closed), async (request, { readonly }) => {
    const volume = await ownVolume(request, READONLY);
    if (volume.status !== 'available') throw badRequest(`Invalid volume: Volume ${volume.id} status must be available to update readonly flag, but current status is: ${volume.status}.`);
    await changed(volume, { readonly: isTrue(readonly), updated_at: now() });
    return { status: 202 };
  }),
  'os-set_image_metadata': action(IMAGE, Type.Object({ metadata: Metadata }, closed), async (request, { metadata }) => {
    const { id } = await ownVolume(request, IMAGE);
    return { status: 200, body: { metadata: await changeMetadata(id, (old) => ({ ...old, ...metadata }), 'image_metadata') } };
  }),
  'os-show_image_metadata': action(IMAGE, Nothing, async (request) => ({ status: 200, body: { metadata: (await ownVolume(request, IMAGE)).image_metadata ?? {} } })),
  'os-unset_image_metadata': action(IMAGE, Type.Object({ key: Type.String() }, closed), async (request, { key }) => {
    const { id } = await ownVolume(request, IMAGE);
    await changeMetadata(id, (old) => {
      const { [key]: _, ...rest } = old;
      if (!Object.hasOwn(old, key)) throw notFound(`Glance metadata for volume/snapshot ${id} cannot be found.`);
      return rest;
    }, 'image_metadata');
    return { status: 200 };
  }),
  'os-reset_status': action(
    RESET,
    Type.Object({ status: Type.Optional(Type.String()), attach_status: Type.Optional(Type.Union([Type.Literal('attached'), Type.Literal('detached')])), migration_status: Type.Optional(Type.Union([Type.String(), Type.Null()])) }, closed),
    resetStatus,
  ),
  'os-force_delete': action(FORCE, Nothing, async (request) => {
    const volume = await ownVolume(request, FORCE);
    if (volume.snapshots?.size) throw cannotBeDeleted();
    for (const attachment of Object.values(volume.attachments)) await release({ attachment, volume });
    await deleteVolume(volume, request.context, { force: true });
    return { status: 202 };
  }),
};

const settable = ['available', 'error', 'creating', 'deleting', 'error_deleting', 'in-use', 'attaching', 'detaching', 'maintenance', 'reserved'];

/** An admin says what a volume's state is; nothing happens to its file. */
async function resetStatus(request: Request, { status, attach_status }: { status?: string | undefined; attach_status?: string | undefined }) {
  const volume = await ownVolume(request, RESET);
  const wanted = status?.toLowerCase();
  if (wanted === undefined && attach_status === undefined) throw badRequest('Must specify status, attach_status or migration_status.');
  if (wanted !== undefined && !settable.includes(wanted)) throw badRequest(`Invalid input for field/attribute status. Value: ${status}. It is not one of ${settable.join(', ')}.`);
  if (wanted === 'deleting' || wanted === 'error_deleting' || wanted === 'detaching') throw badRequest(`Cannot reset-state to ${wanted}`);
  if (wanted === 'in-use' && !Object.keys(volume.attachments).length) throw badRequest('Cannot reset-state to in-use because volume does not have any attachments.');
  if (attach_status === 'detached') for (const attachment of Object.values(volume.attachments)) await release({ attachment, volume });
  if (wanted) await changed(volume, { status: wanted, updated_at: now() }, ['due_pk', 'due_at', 'asked', 'reason']);
  return { status: 202 };
}

async function act(request: Request<Record<string, unknown>>) {
  const names = Object.keys(request.body);
  if (names.length !== 1) throw badRequest('The request body must name one action.');
  const found = Object.hasOwn(actions, names[0]!) ? actions[names[0]!] : undefined;
  if (!found) throw badRequest(`There is no such action: ${names[0]}`);
  request.enforce(found.policy);
  validate(found.args, request.body[names[0]!]);
  return found.handler(request, request.body[names[0]!]);
}

export const actionRoutes: Route[] = [
  { method: 'POST', path: '/volumes/{volume_id}/action', policy: 'volume:get', body: Type.Record(Type.String(), Type.Unknown()), handler: act },
];
