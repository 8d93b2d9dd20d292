import type { CommandDone } from '../../shared/agent/report.ts';
import { secondsToCreate } from '../../shared/agent/volume.ts';
import { cast } from '../../shared/rpc/send.ts';
import type { Delivery } from '../../shared/rpc/serve.ts';
import type { Args } from '../../shared/rpc/topic.ts';
import { cinderVolume } from '../../shared/rpc/topics/cinder-volume.ts';
import { novaCompute } from '../../shared/rpc/topics/nova-compute.ts';
import { order } from './host/command.ts';
import { give } from './host/give.ts';
import { takeAway } from './build/reported.ts';
import type { Pending } from './journal.ts';

const DELETE_SECONDS = 120;

/** cinder-volume's reach into a host's pool: makes the volume's file there. */
export async function createVolume({ host, volume_id, project_id, size_gb, image, source_volume_id }: Args<typeof novaCompute.methods.create_volume>, { context }: Delivery): Promise<void> {
  const args = { volume_id, size_gb, ...(image && { image }), ...(source_volume_id && { source_volume_id }) };
  await give(host, order({
    id: `create-volume-${volume_id}`, kind: 'create_volume', host, subject: volume_id, project_id, seconds: secondsToCreate(args), args, purpose: { for: 'volume', context },
  }));
}

export async function deleteVolume({ host, volume_id, project_id }: Args<typeof novaCompute.methods.delete_volume>, { context, messageId }: Delivery): Promise<void> {
  await give(host, order({
    id: `delete-volume-${messageId}`, kind: 'delete_volume', host, subject: volume_id, project_id, seconds: DELETE_SECONDS, args: { volume_id }, purpose: { for: 'volume', context },
  }));
}

/** The host did it, or could not, or did not answer in time: cinder-volume is told. */
export async function volumeReported(pending: Pending, report: Pick<CommandDone, 'outcome' | 'reason'>): Promise<void> {
  if (pending.purpose.for !== 'volume') throw new Error('not a command for a volume');
  const { subject: volume_id, project_id, host, command_kind, purpose: { context } } = pending;
  const error = report.outcome === 'done' ? {} : { error: report.reason ?? 'The host refused it.' };
  const method = command_kind === 'create_volume' ? cinderVolume.methods.volume_created : cinderVolume.methods.volume_deleted;
  await cast(method, { volume_id, project_id, host, ...error }, { context });
  await takeAway(pending);
}
