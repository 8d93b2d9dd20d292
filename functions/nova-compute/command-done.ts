import type { CommandDone } from '../../shared/agent/report.ts';
import type { Key } from '../../shared/store/table.ts';
import { log } from '../../shared/telemetry/log.ts';
import { actionReported } from './actions/instance-action.ts';
import { cleaning, spawnReported, takeAway } from './build/reported.ts';
import { goOn } from './build/volume-ready.ts';
import { give } from './host/give.ts';
import { buildKey, pendingKey, type Build, type Pending } from './journal.ts';
import { destroyReported, releaseIfGone } from './terminate/reported.ts';
import { refreshReported } from './network/refresh.ts';
import { securityGroupReported, tellUnknown } from './network/security-groups.ts';
import { volumeReported } from './volumes.ts';

/** What a report of a command is judged by: the command, and its launch. */
export const recordsOf = ({ subject, command_id, kind, attempt }: CommandDone): Key[] =>
  [pendingKey(subject, command_id), ...(kind === 'spawn' ? [buildKey(subject, attempt)] : [])];

/** A host tells what became of a command: what the command was for goes on. `records`: those of `recordsOf` that are there. */
export async function commandDone(host: string, report: CommandDone, records: (Pending | Build)[]): Promise<void> {
  const pending = records.find((each): each is Pending => each.kind === 'command');
  const build = records.find((each): each is Build => each.kind === 'build');
  if (!pending) return unexpected(host, report, build);
  if (pending.host !== host) return log.warn('a host speaks of another host\'s command', { host, command: report.command_id });
  await tellUnknown(host, report); // before what the report is about is over: if this fails, the report comes again
  switch (pending.purpose.for) {
    case 'build': return spawnReported(pending, report, build);
    case 'termination': return destroyReported(pending, report);
    case 'action': return actionReported(pending, report);
    case 'volume': return volumeReported(pending, report);
    case 'interface': return refreshReported(pending, report);
    case 'security_group': return securityGroupReported(pending, report);
    case 'metadata':
    case 'cleaning': return takeAway(pending);
  }
}

/** A report of a command that is over: mostly one that came twice. What its first handling left undone is done; a guest that should not be is taken away. */
async function unexpected(host: string, { kind, subject, attempt, outcome }: CommandDone, build: Build | undefined): Promise<void> {
  if (kind === 'destroy') return releaseIfGone(subject);
  if (kind !== 'spawn') return;
  if (!build || build.host !== host) return log.warn('a host speaks of a launch that is not its own', { host, subject, attempt });
  if (build.state === 'undoing' && !build.cancelled) return goOn(build);
  if (outcome !== 'done' || build.state === 'done') return;
  // too late: the launch was given up here, and may be elsewhere by now
  await give(host, cleaning(build, 'late'));
}
