import { absent } from '../../shared/store/condition.ts';
import { ConditionFailed } from '../../shared/store/errors.ts';
import { actionOverdue } from './actions/instance-action.ts';
import { announceAgain } from './build/drive.ts';
import { spawnOverdue, takeAway } from './build/reported.ts';
import { goOn } from './build/volume-ready.ts';
import { isOver, nextLook } from './host/command.ts';
import { ring } from './host/ring.ts';
import { buildKey, due, journal, type Build, type Pending, type Termination } from './journal.ts';
import { lease, underLease } from './lease.ts';
import { drive as driveTermination } from './terminate/drive.ts';
import { destroyOverdue, releaseIfGone } from './terminate/reported.ts';
import { securityGroupOverdue } from './network/security-groups.ts';
import { volumeReported } from './volumes.ts';

const LOOK_AGAIN_MS = 60_000;
/** A launch whose host takes so long shows its steps so far. */
const FIRST_AGAIN = 2;

/** Something in the journal is past its time. The index may be a little behind: the record itself is asked first. */
export async function lookAfter(found: Pending | Build | Termination): Promise<void> {
  const record = await journal.get<Pending | Build | Termination>(found);
  if (!record?.due_at || record.due_at > new Date().toISOString()) return;
  switch (record.kind) {
    case 'command': return isOver(record) ? overdue(record) : ringAgain(record);
    case 'build': return postponed(record, () => goOn(record));
    case 'termination': return postponed(record, () => terminate(record));
  }
}

/** Whatever comes of it, it is looked at again only after a while. */
async function postponed(record: Build | Termination, work: () => Promise<void>): Promise<void> {
  try {
    await journal.update(record, { set: due(record.instance_uuid, Date.now() + LOOK_AGAIN_MS) }, { due_at: record.due_at });
  } catch (error) {
    if (error instanceof ConditionFailed) return; // someone has just been at it
    throw error;
  }
  await work();
}

async function ringAgain(pending: Pending): Promise<void> {
  const rings = pending.rings + 1;
  try {
    await journal.update(pending, { set: { rings, ...due(pending.subject, nextLook(rings, pending.not_after)) } }, { rings: pending.rings });
  } catch (error) {
    if (error instanceof ConditionFailed) return; // answered meanwhile
    throw error;
  }
  const build = rings === FIRST_AGAIN ? await spawning(pending) : undefined;
  if (build) await announceAgain(build);
  else await ring(pending.host, { afresh: true });
}

/** The launch that a command is of, where it still waits for it. */
async function spawning({ subject, purpose }: Pending): Promise<Build | undefined> {
  const build = purpose.for === 'build' ? await journal.get<Build>(buildKey(subject, purpose.attempt)) : undefined;
  return build?.state === 'spawning' && !build.cancelled ? build : undefined;
}

/** The host did not answer, and by now does nothing any more. */
async function overdue(pending: Pending): Promise<void> {
  switch (pending.purpose.for) {
    case 'build': {
      const build = await spawning(pending);
      return build ? spawnOverdue(pending, build) : takeAway(pending);
    }
    case 'termination': return destroyOverdue(pending);
    case 'action': return actionOverdue(pending);
    case 'volume': return volumeReported(pending, { outcome: 'failed', reason: `Host ${pending.host} did not answer in time.` });
    case 'security_group': return securityGroupOverdue(pending);
    case 'interface': case 'metadata': case 'cleaning': return takeAway(pending);
  }
}

async function terminate(termination: Termination): Promise<void> {
  if (termination.state === 'destroying') return releaseIfGone(termination.instance_uuid);
  const leased = await lease<Termination>(termination, { state: termination.state, cancelled: absent() });
  if (leased) await underLease(leased, () => driveTermination(leased));
}
