import { badRequest, notFound } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { isAdmin, isService } from '../../../shared/identity/context.ts';
import { absent } from '../../../shared/store/condition.ts';
import { log, factsOf } from '../../../shared/telemetry/log.ts';
import { openHosts } from '../pool/services.ts';
import { placeVolume } from '../pool/store.ts';
import { holdQuota, settle, undoHold } from '../quota/count.ts';
import { allTypes, type VolumeType } from '../type/store.ts';
import { ASK_AGAIN_MS, askToCreate, creationOf } from './agent.ts';
import { idFor } from './idempotency.ts';
import { due, volumeItem, type Volume } from './record.ts';
import type { CreateBody } from './schema.ts';
import { sourceOf, type Source } from './source.ts';
import { projectOf } from './project.ts';
import { cinder, getVolume, now } from './store.ts';
import { defaultTypeOf } from '../type/default.ts';

/** The one availability zone. */
export const ZONE = 'nova';

/**
 * Makes a volume: looks up what it is made of, counts it, finds it a host, writes its record (`creating`), and asks that
 * host for the file. Safe to repeat with an idempotency key.
 */
export async function createVolume(request: Request<CreateBody>): Promise<Volume> {
  const { context, body } = request;
  const project = projectOf(request);
  const id = idFor(request, project, 'volume');
  const known = await getVolume(id);
  if (known) return known;
  const wanted = hintsOf(request);
  const type = await typeFor(request);
  const asked = sizeOf(body.volume.size);
  const source = await sourceOf(request, asked);
  const size = asked ?? source.volume?.size ?? source.snapshot?.volume_size;
  if (size === undefined) throw badRequest(`Invalid input received: Invalid volume size provided for create request: None (size argument must be an integer (or string representation of an integer) and greater than zero).`);
  refuseUnknownZone(body.volume.availability_zone);
  if (isTrue(body.volume.multiattach)) throw badRequest('multiattach parameter has been removed. The default behavior is to use multiattach enabled volume types, and there are none here: a volume is a file on one host.');

  const hold = await holdQuota(project, id, size);
  try {
    const sourceHost = source.volume?.host ?? source.snapshot?.host;
    // where a launch goes, nova-scheduler has decided; the launch waits for this answer, and nova is not asked back
    const host = await placeVolume(size, wanted.host ? { wanted: sourceHost ?? wanted.host } : { wanted: sourceHost, open: await openHosts() });
    const volume = newVolume(request, { id, project, size, hold, type, source, host, waiting: wanted.instance });
    await cinder.put(volumeItem(volume), { pk: absent() });
    await settle(project, hold).catch((error: unknown) => log.warn('the sweeper will settle the quota', { volume_id: id, ...factsOf(error) }));
    if (host) await askToCreate(creationOf(volume), context).catch((error: unknown) => log.warn('the sweeper will ask for the volume', { volume_id: id, ...factsOf(error) }));
    return volume;
  } catch (error) {
    const there = await getVolume(id);
    if (there?.hold === hold) return there; // it was written, only the answer got lost: the sweeper does the rest
    await undoHold(project, hold, { size });
    if (there) return there; // the same request at the same time was faster
    throw error;
  }
}

function newVolume(
  { context, body }: Request<CreateBody>,
  { id, project, size, hold, type, source, host, waiting }: { id: string; project: string; size: number; hold: string; type: VolumeType; source: Source; host: string | undefined; waiting: string | undefined },
): Volume {
  const { name, display_name, description, display_description, metadata } = body.volume;
  const at = now();
  return {
    id, project_id: project, user_id: context.user_id,
    name: trimmed(name ?? display_name), description: trimmed(description ?? display_description),
    size, hold,
    ...(host === undefined
      ? { status: 'error' as const, reason: `No valid backend was found: no host that takes new volumes has ${size} GB free in its pool.` }
      : { status: 'creating' as const, asked: 1, ...due('volumes', id, ASK_AGAIN_MS) }),
    availability_zone: ZONE,
    volume_type_id: type.id,
    bootable: source.image !== undefined || (source.volume ?? source.snapshot)?.bootable === true,
    readonly: false,
    metadata: metadata ?? {},
    ...(source.image_metadata && { image_metadata: source.image_metadata }),
    ...(source.image && { image: source.image }),
    source_volid: source.volume?.id ?? null,
    ...(source.snapshot && { snapshot_id: source.snapshot.id }),
    host: host ?? null,
    attachments: {},
    created_at: at, updated_at: at,
    ...(waiting && { waiting_instance: waiting }),
  };
}

/** Where a launch wants it, and which instance waits for it: what services say counts, others' hints are passed over. */
function hintsOf({ body, context }: Request<CreateBody>): { host?: string; instance?: string } {
  const { host, local_to_instance: instance } = body['OS-SCH-HNT:scheduler_hints'] ?? {};
  return isService(context) ? { ...(host && { host }), ...(instance && { instance }) } : {};
}

async function typeFor({ body, context }: Request<CreateBody>): Promise<VolumeType> {
  const wanted = body.volume.volume_type;
  if (!wanted) return defaultTypeOf(context.project_id);
  const types = await allTypes();
  const type = types.find((t) => t.id === wanted) ?? types.find((t) => t.name === wanted);
  if (!type || (!type.is_public && !isAdmin(context))) throw notFound(`Volume type with name ${wanted} could not be found.`);
  return type;
}

function sizeOf(given: number | string | null | undefined): number | null {
  if (given === null || given === undefined) return null;
  if (Number(given) < 1) throw badRequest(`Invalid input for field/attribute size. Value: ${given}. ${given} is less than the minimum of 1`);
  return Number(given);
}

function refuseUnknownZone(zone: string | null | undefined) {
  if (zone && zone !== ZONE) throw badRequest(`Availability zone '${zone}' is invalid.`);
}

export const trimmed = (text: string | null | undefined) => text?.trim() ?? null;
const isTrue = (given: unknown) => given === true || given === 1 || (typeof given === 'string' && ['true', 't', '1', 'on', 'yes', 'y'].includes(given.toLowerCase()));
