import type { CommandDone } from '../../../shared/agent/report.ts';
import { cast } from '../../../shared/rpc/send.ts';
import { novaConductor } from '../../../shared/rpc/topics/nova-conductor.ts';
import { TransactionRefused } from '../../../shared/store/errors.ts';
import { CLEANING_SECONDS } from '../build/reported.ts';
import { order, withdraw } from '../host/command.ts';
import { ring } from '../host/ring.ts';
import { due, journal, terminationKey, type Pending, type Termination } from '../journal.ts';
import { lease, LEASE_MS, underLease } from '../lease.ts';
import { drive } from './drive.ts';

const TRIES = 3;

/** The host took the guest away, or could not. */
export async function destroyReported(pending: Pending, report: CommandDone): Promise<void> {
  if (report.outcome === 'done') return gone(pending);
  const tries = Number(pending['tries'] ?? 1);
  if (report.outcome === 'refused' || tries < TRIES) return again(pending, tries + 1);
  await giveUp(pending, report.reason ?? 'The host could not take the instance away.');
}

/** One of the hosts has nothing of the instance any more; after the last one the rest is released. */
async function gone(pending: Pending, more: Parameters<typeof journal.transact>[0] = []): Promise<void> {
  const key = terminationKey(pending.subject);
  try {
    await journal.transact([...withdraw(pending), { update: key, change: { add: { open: -1 }, set: due(pending.subject, Date.now() + LEASE_MS) }, if: { state: 'destroying' } }, ...more]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error; // the same report again
  }
  await releaseIfGone(pending.subject);
}

/** Goes on with a deletion whose hosts have all answered. */
export async function releaseIfGone(uuid: string): Promise<void> {
  const leased = await lease<Termination>(terminationKey(uuid), { state: 'destroying', open: 0 });
  if (!leased) return;
  const releasing = await journal.update<Termination>(leased, { set: { state: 'releasing' } }, { lease_owner: leased.lease_owner });
  await underLease(releasing, () => drive(releasing));
}

async function again(pending: Pending, tries: number): Promise<void> {
  const { host, subject, project_id, command_id } = pending;
  const [command, next] = order({
    id: `${command_id.replace(/\.\d+$/, '')}.${tries}`, kind: 'destroy', host, subject, project_id, seconds: 60, args: { instance_uuid: subject }, purpose: pending.purpose,
  }) as [{ put: Pending }, { put: Pending; if: Record<string, unknown> }];
  try {
    await journal.transact([...withdraw(pending), command, { put: { ...next.put, tries }, if: next.if }]);
  } catch (error) {
    if (error instanceof TransactionRefused) return;
    throw error;
  }
  await ring(host);
}

/** The instance stays, in ERROR, until another deletion does better. */
async function giveUp(pending: Pending, reason: string): Promise<void> {
  const key = terminationKey(pending.subject);
  const termination = await journal.get<Termination>(key);
  if (!termination || termination.state !== 'destroying') return;
  const { instance_uuid, project_id, request_id, started_at, context } = termination;
  await cast(
    novaConductor.methods.instance_update,
    {
      instance_uuid, project_id, host: pending.host, request_id,
      change: { vm_state: 'error', task_state: null, fault: { code: 500, message: reason } },
      event: { name: 'compute_terminate_instance', start: started_at, finish: new Date().toISOString(), result: 'Error', details: reason },
    },
    { context: context! },
  );
  await journal.transact([...withdraw(pending), { update: key, change: { set: { state: 'failed' }, remove: ['due_pk', 'due_at'] }, if: { state: 'destroying' } }]).catch((error: unknown) => {
    if (!(error instanceof TransactionRefused)) throw error;
  });
}

/** The host is silent. As Nova does for a host that is down, the deletion goes on without it; whenever it comes back, it takes the guest away. */
export async function destroyOverdue(pending: Pending): Promise<void> {
  const { command_id, host, subject, project_id } = pending;
  await gone(pending, order({
    id: `clean.${command_id}`, kind: 'destroy', host, subject, project_id, seconds: CLEANING_SECONDS, args: { instance_uuid: subject }, purpose: { for: 'cleaning' },
  }));
}
