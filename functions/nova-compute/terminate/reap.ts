import type { Args } from '../../../shared/rpc/topic.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { cleaning } from '../build/reported.ts';
import { give } from '../host/give.ts';
import { journal, subjectPartition, type Build, type Pending, type Termination } from '../journal.ts';

/**
 * A guest that its host has and no instance: it is taken away, unless the journal knows that somebody is at work on it. The
 * command is of the last attempt that was made there, so that a later one is not touched.
 */
export async function reapGuest({ host, instance_uuid }: Args<typeof novaCompute.methods.reap_guest>): Promise<void> {
  const records = await journal.query<Build | Termination | Pending>({ pk: subjectPartition(instance_uuid) });
  const atWork = records.some((each) =>
    (each.kind === 'build' && each.host === host && !['done', 'undone'].includes(each.state)) ||
    (each.kind === 'termination' && each.state !== 'done') ||
    (each.kind === 'command' && each.host === host && ['spawn', 'destroy'].includes(each.command_kind)));
  if (atWork) return;
  const attempts = records.flatMap((each) => (each.kind === 'build' && each.host === host ? [each.attempt] : []));
  const attempt = Math.max(0, ...attempts);
  const hour = new Date().toISOString().slice(0, 13); // one that comes to nothing is followed by another
  await give(host, cleaning({ instance_uuid, project_id: 'service', host, attempt }, `stray-${hour}`));
}
