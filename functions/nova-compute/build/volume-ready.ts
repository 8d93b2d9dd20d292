import { absent } from '../../../shared/store/condition.ts';
import { cast } from '../../../shared/rpc/send.ts';
import type { Delivery } from '../../../shared/rpc/serve.ts';
import type { Args } from '../../../shared/rpc/topic.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { record } from '../../../shared/telemetry/steps.ts';
import { journal, stepsIn, subjectPartition, type Build } from '../journal.ts';
import { lease, underLease } from '../lease.ts';
import { drive } from './drive.ts';

/** A volume that a launch waits for is there, or will not be: the launch goes on, and sees which. */
export async function volumeReady(message: Args<typeof novaCompute.methods.volume_ready>, { context }: Delivery): Promise<void> {
  const { instance_uuid } = message;
  const builds = await journal.query<Build>({ pk: subjectPartition(instance_uuid), prefix: 'BUILD#' });
  const waiting = builds.find(({ state, cancelled }) => (state === 'waiting' || state === 'undoing') && !cancelled);
  if (waiting) return goOn(waiting);
  // it is so quick that the launch has not yet written down that it waits
  if (builds.some(({ state, cancelled }) => state === 'building' && !cancelled)) await cast(novaCompute.methods.volume_ready, message, { context, delay: 2 });
}

/** Takes a build up again that nobody is at work on. */
export async function goOn(build: Build): Promise<void> {
  const leased = await lease<Build>(build, { state: build.state, cancelled: absent() });
  if (!leased) return;
  record(...stepsIn(leased));
  await underLease(leased, () => drive(leased));
}
