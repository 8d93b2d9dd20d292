import type { CommandDone } from '../../../shared/agent/report.ts';
import type { RequestContext } from '../../../shared/identity/context.ts';
import { now } from '../../../shared/objects/instance.ts';
import { cast } from '../../../shared/rpc/send.ts';
import { novaConductor } from '../../../shared/rpc/topics/nova-conductor.ts';
import { absent, oneOf } from '../../../shared/store/condition.ts';
import { TransactionRefused } from '../../../shared/store/errors.ts';
import type { Write } from '../../../shared/store/table.ts';
import { record, takeSteps } from '../../../shared/telemetry/steps.ts';
import { callerOf } from '../caller.ts';
import { refusalsAreFinal } from '../errors.ts';
import { order, withdraw } from '../host/command.ts';
import { ring } from '../host/ring.ts';
import { buildKey, due, journal, remembered, stepsIn, type Build, type Failure, type Pending } from '../journal.ts';
import { freed, LEASE_MS, newLease, underLease } from '../lease.ts';
import { cinder } from '../storage/cinder.ts';
import { HEAVY, undo } from './undo.ts';

/** The host answered a spawn: the instance is ACTIVE, or its launch is undone and tried elsewhere. `found`: the build that the report names. */
export async function spawnReported(pending: Pending, report: CommandDone, found: Build | undefined): Promise<void> {
  if (pending.purpose.for !== 'build') throw new Error('not a spawn of a build');
  const { attempt } = pending.purpose;
  const build = found?.attempt === attempt ? found : await journal.get<Build>(buildKey(pending.subject, attempt)); // which command it was is what counts
  if (!build || build.state !== 'spawning' || build.cancelled) return takeAway(pending); // its deletion does the rest
  record({ step: 28, actor: 'nova-compute', start: report.started_at, end: report.finished_at, result: report.outcome === 'done' ? 'Success' : 'Error', request_id: build.request_id, ...(report.reason && { detail: report.reason }) });
  if (report.outcome !== 'done') return spawnFailed(pending, build, { reason: report.reason ?? 'The host refused the launch.', retry: report.retryable ?? true });
  await completeVolumes(build);
  const activated: Activated = { power_state: report.power_state ?? 1, launched_at: now(), finished_at: new Date().toISOString(), power_observed_at: report.finished_at };
  await tellActive(build, activated, build.context!);
  await finish(pending, build, activated);
}

/** Takes the command away and begins the undo; `more` is written with it. */
export async function spawnFailed(pending: Pending, build: Build, failure: Failure, more: Write[] = []): Promise<void> {
  const leased: Build = { ...build, state: 'undoing', failure, ...newLease() };
  const { lease_owner, lease_until } = leased;
  const change = { set: { state: 'undoing', failure, lease_owner, lease_until, ...due(build.instance_uuid, Date.now() + LEASE_MS) } };
  try {
    await journal.transact([...withdraw(pending), { update: build, change, if: { state: 'spawning', cancelled: absent() } }, ...more]);
  } catch (error) {
    if (error instanceof TransactionRefused) return; // another report, the sweeper or a deletion was first
    throw error;
  }
  await underLease(leased, () => undo(leased));
}

/**
 * The host did not answer in time, and by now does nothing any more. What it may have done all the same, and told in a report that
 * was lost, it takes away when it looks again.
 */
export async function spawnOverdue(pending: Pending, build: Build): Promise<void> {
  await spawnFailed(pending, build, { reason: `Host ${pending.host} did not answer in time.`, retry: true }, cleaning(build, 'silent'));
  await ring(pending.host);
}

/** A host that was silent takes the guest away when it comes back; so long its command waits. */
export const CLEANING_SECONDS = 7 * 86_400;
/** The command that takes away whatever there is of one attempt at an instance; a later attempt may be on the same host. On one `occasion` it is given once. */
export const cleaning = ({ instance_uuid, project_id, host, attempt }: Pick<Build, 'instance_uuid' | 'project_id' | 'host' | 'attempt'>, occasion: string): Write[] => order({
  id: `clean-${instance_uuid}-${attempt}-${occasion}`, kind: 'destroy', host, subject: instance_uuid, project_id, attempt, seconds: CLEANING_SECONDS, args: { instance_uuid },
  purpose: { for: 'cleaning' },
});

/** The command's only trace was its own. */
export async function takeAway(pending: Pending): Promise<void> {
  await journal.transact(withdraw(pending)).catch((error: unknown) => {
    if (!(error instanceof TransactionRefused)) throw error;
  });
}

/** The guest has its disks: cinder calls them in use from here on. */
async function completeVolumes({ block_devices = [], context }: Build): Promise<void> {
  const attachments = block_devices.flatMap(({ attachment_id }) => attachment_id ?? []);
  if (attachments.length === 0) return;
  const client = cinder(callerOf(context!));
  await Promise.all(attachments.map((id) => refusalsAreFinal(client.completeAttachment(id))));
}

/** What the instance's record is told; also kept by the journal, should the message about it come to nothing. */
export interface Activated { power_state: number; launched_at: string; finished_at: string; power_observed_at?: string }

export async function tellActive(build: Build, { power_state, launched_at, finished_at, power_observed_at }: Activated, context: RequestContext): Promise<void> {
  const { instance_uuid, project_id, host, attempt, request_id, interfaces = [], block_devices = [], started_at } = build;
  await cast(
    novaConductor.methods.instance_update,
    {
      instance_uuid, project_id, host, attempt, request_id,
      // with what `spawning` brought: that message may come later, and then changes nothing
      change: { vm_state: 'active', task_state: null, power_state, launched_at, interfaces, block_devices, ...(power_observed_at && { power_observed_at }) },
      event: { name: 'compute__do_build_and_run_instance', start: started_at, finish: finished_at, result: 'Success' },
    },
    { context, steps: [...stepsIn(build), ...takeSteps()] },
  );
}

async function finish(pending: Pending, build: Build, activated: Activated): Promise<void> {
  const change = { set: { state: 'done', activated, expires_at: remembered() }, remove: [...HEAVY, ...freed.remove!] };
  try {
    await journal.transact([...withdraw(pending), { update: build, change, if: { state: oneOf('spawning', 'done') } }]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error; // the same report, twice at once
  }
}
