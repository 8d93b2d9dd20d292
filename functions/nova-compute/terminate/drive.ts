import { cast } from '../../../shared/rpc/send.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { novaConductor } from '../../../shared/rpc/topics/nova-conductor.ts';
import { oneOf } from '../../../shared/store/condition.ts';
import { ConditionFailed, TransactionRefused } from '../../../shared/store/errors.ts';
import type { Write } from '../../../shared/store/table.ts';
import { broughtPorts, HEAVY, volumesMade } from '../build/undo.ts';
import { callerOf } from '../caller.ts';
import { erase, order } from '../host/command.ts';
import { ring } from '../host/ring.ts';
import { due, journal, remembered, subjectPartition, type Build, type Pending, type Termination } from '../journal.ts';
import { freed, isLeased, LeaseLost, release, save } from '../lease.ts';
import { neutron } from '../network/neutron.ts';
import { releasePorts } from '../network/ports.ts';
import { cinder } from '../storage/cinder.ts';
import { releaseVolumes } from '../storage/release.ts';

/** How long a host has to take a guest away before the deletion goes on without its word. */
const DESTROY_SECONDS = 60;

/** Takes a leased deletion as far as it goes. */
export async function drive(termination: Termination): Promise<void> {
  if (termination.state === 'cancelling') return cancel(termination);
  if (termination.state === 'releasing') return releaseAll(termination);
  return release(termination); // it waits for its host, or is over
}

/** Stops the launch, wherever it stands, and all other commands of the instance; then its host takes the guest away. */
async function cancel(termination: Termination): Promise<void> {
  const { instance_uuid } = termination;
  const records = await journal.query<Build | Pending>({ pk: subjectPartition(instance_uuid) });
  const builds = await Promise.all(records.filter((each): each is Build => each.kind === 'build').map(cancelBuild));
  if (builds.some(isLeased)) {
    await comeBack(termination); // whoever works on the launch stops at its next write
    return release(termination);
  }
  const hosts = new Set(builds.filter(({ state }) => state === 'spawning').map(({ host }) => host));
  const neverThere = builds.length > 0 && builds.every(({ state }) => state !== 'spawning' && state !== 'done');
  if (termination.host && !neverThere) hosts.add(termination.host);
  const commands = records.filter((each): each is Pending => each.kind === 'command' && each.purpose.for !== 'termination' && each.purpose.for !== 'cleaning');
  if (hosts.size === 0) return releaseAll(await save(termination, { set: { state: 'releasing' } }));
  await destroy(termination, [...hosts], commands);
}

/** A build that is not over learns that it is to stop. */
async function cancelBuild(build: Build): Promise<Build> {
  if (build.state === 'done' || build.state === 'undone') return build;
  try {
    return await journal.update<Build>(build, { set: { cancelled: true } }, { state: oneOf('building', 'waiting', 'spawning', 'undoing') });
  } catch (error) {
    if (error instanceof ConditionFailed) return error.item as Build; // it has just ended
    throw error;
  }
}

async function comeBack(termination: Termination): Promise<void> {
  const { instance_uuid, project_id, host, sequence, request_id, interfaces, block_devices, context } = termination;
  await cast(novaCompute.methods.terminate_instance, { instance_uuid, project_id, host, sequence, request_id, interfaces, block_devices }, { context: context!, delay: 3 });
}

async function destroy(termination: Termination, hosts: string[], others: Pending[]): Promise<void> {
  const { instance_uuid, project_id, sequence } = termination;
  const commands = hosts.flatMap((host, i) => order({
    id: `destroy-${instance_uuid}-${sequence}-${i}`, kind: 'destroy', host, subject: instance_uuid, project_id, seconds: DESTROY_SECONDS,
    args: { instance_uuid }, purpose: { for: 'termination' },
  }));
  const waiting: Write = {
    update: termination, change: { set: { state: 'destroying', open: hosts.length, ...due(instance_uuid, Date.now() + 4 * DESTROY_SECONDS * 1000) }, remove: freed.remove! },
    if: { lease_owner: termination.lease_owner },
  };
  try {
    await journal.transact([waiting, ...commands, ...others.flatMap(erase)]);
  } catch (error) {
    if (error instanceof TransactionRefused) throw new LeaseLost();
    throw error;
  }
  await Promise.all(hosts.map((host) => ring(host)));
}

/** Volumes, then ports, then the word that all is gone. */
async function releaseAll(termination: Termination): Promise<void> {
  const { instance_uuid, interfaces, block_devices, context } = termination;
  const caller = callerOf(context!);
  const builds = (await journal.query<Build>({ pk: subjectPartition(instance_uuid), prefix: 'BUILD#' })).filter(({ context: its }) => its !== undefined);
  const made = (await Promise.all(builds.map(volumesMade))).flat();
  const doomed = block_devices.filter(({ delete_on_termination, volume_id }) => delete_on_termination && volume_id).map(({ volume_id }) => volume_id!);
  await releaseVolumes(cinder(caller), instance_uuid, [...new Set([...made, ...doomed])]);
  const brought = new Set([...interfaces.filter(({ created_by_nova }) => !created_by_nova).map(({ port_id }) => port_id), ...builds.flatMap((build) => [...broughtPorts(build)])]);
  await releasePorts(neutron(caller), instance_uuid, brought);
  await tellDestroyed(termination);
  await save(termination, { set: { state: 'done', expires_at: remembered(), interfaces: [], block_devices: [] }, remove: ['context', 'due_pk', 'due_at', ...freed.remove!] });
  for (const build of builds) await journal.update(build, { set: { state: 'undone', expires_at: remembered() }, remove: HEAVY });
}

export async function tellDestroyed({ instance_uuid, project_id, host, request_id, context }: Termination): Promise<void> {
  await cast(novaConductor.methods.instance_destroyed, { instance_uuid, project_id, host, request_id }, { context: context! });
}
