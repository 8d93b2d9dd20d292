import { cast } from '../../../shared/rpc/send.ts';
import { novaConductor } from '../../../shared/rpc/topics/nova-conductor.ts';
import { recording, takeSteps } from '../../../shared/telemetry/steps.ts';
import { callerOf } from '../caller.ts';
import { CannotDo, refusalsAreFinal } from '../errors.ts';
import { due, journal, remembered, stepsIn, type Build, type Failure } from '../journal.ts';
import { freed, LEASE_MS, save } from '../lease.ts';
import { neutron } from '../network/neutron.ts';
import { releasePorts } from '../network/ports.ts';
import { cinder } from '../storage/cinder.ts';
import { releaseVolumes } from '../storage/release.ts';
import { isToBeMade, make } from './storage.ts';

/** What a build needs no more once it is over: the user's token and data above all. Its steps stay, for its end may have to be told again. */
export const HEAVY = ['context', 'instance', 'console_public_key', 'due_pk', 'due_at'];

/** A leased build can't go on: from here on it is only undone. */
export async function fail(build: Build, failure: Failure): Promise<void> {
  await undo(await save(build, { set: { state: 'undoing', failure, ...due(build.instance_uuid, Date.now() + LEASE_MS) } }));
}

/** Undoes a build's steps in reverse: volumes, then ports; its host has nothing of it (any more). Then the claim is nova-conductor's to move. */
export async function undo(build: Build): Promise<void> {
  const { instance_uuid, project_id, host, attempt, alternates, request_id, failure, context } = build;
  const tell = (undoing?: true) => cast(
    novaConductor.methods.build_failed,
    { instance_uuid, project_id, host, attempt, alternates, request_id, ...failure!, ...(undoing && { undoing }) },
    { context: context!, steps: [...stepsIn(build), ...takeSteps()] },
  );
  try {
    await recording([], () => releaseAll(build)); // an undo is no step of the launch
  } catch (error) {
    if (!failure!.retry) await tell(true);
    throw error;
  }
  await tell();
  await journal.update(build, { set: { state: 'undone', expires_at: remembered() }, remove: [...HEAVY, ...freed.remove!] }, { state: 'undoing' });
}

/** Lets go of all that a build made or took in other services. Safe to repeat. */
export async function releaseAll(build: Build): Promise<void> {
  const caller = callerOf(build.context!);
  await releaseVolumes(cinder(caller), build.instance_uuid, await volumesMade(build));
  await releasePorts(neutron(caller), build.instance_uuid, broughtPorts(build));
}

export function broughtPorts({ instance, interfaces = [] }: Pick<Build, 'instance' | 'interfaces'>): Set<string> {
  const asked = instance?.requested_networks;
  return new Set([
    ...(Array.isArray(asked) ? asked.flatMap(({ port_id }) => port_id ?? []) : []),
    ...interfaces.filter(({ created_by_nova }) => !created_by_nova).map(({ port_id }) => port_id),
  ]);
}

/** The volumes that this launch made. Where the answer to their creation got lost, asking again with the same key tells. */
export async function volumesMade(build: Build): Promise<string[]> {
  if (!build.makes_volumes || !build.instance) return [];
  const client = cinder(callerOf(build.context!));
  const ids = await Promise.all(build.instance.block_devices.map(async (device, i) => {
    if (!isToBeMade(device)) return undefined;
    const known = build.block_devices?.[i]?.volume_id;
    return known ?? (await refusalsAreFinal(make(client, build, build.instance!, device, i)).then(({ volume_id }) => volume_id, neverMade));
  }));
  return ids.filter((id) => id !== undefined);
}

const neverMade = (error: unknown): undefined => {
  if (!(error instanceof CannotDo)) throw error;
};
