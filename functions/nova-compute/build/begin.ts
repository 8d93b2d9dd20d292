import type { Instance } from '../../../shared/objects/instance.ts';
import { call, cast } from '../../../shared/rpc/send.ts';
import type { Delivery } from '../../../shared/rpc/serve.ts';
import type { Answer, Args } from '../../../shared/rpc/topic.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { novaConductor } from '../../../shared/rpc/topics/nova-conductor.ts';
import { absent } from '../../../shared/store/condition.ts';
import { TransactionRefused } from '../../../shared/store/errors.ts';
import { stepDone } from '../../../shared/telemetry/steps.ts';
import { buildKey, due, journal, packedSteps, terminationKey, type Build } from '../journal.ts';
import { lease, LEASE_MS, newLease, underLease } from '../lease.ts';
import { drive } from './drive.ts';
import { findImage } from './image.ts';

type Launch = Args<typeof novaCompute.methods.build_and_run_instance>;
const ACTOR = 'nova-compute';

/** Steps 13 and 14: takes the launch off the queue, and asks nova-conductor for the instance. */
export async function buildAndRunInstance(launch: Launch, { context }: Delivery): Promise<void> {
  stepDone(13, ACTOR, context.request_id);
  stepDone(14, ACTOR, context.request_id);
  const { instance_uuid, project_id, host, attempt } = launch;
  await call(novaConductor.methods.instance_get, { instance_uuid, project_id, host, attempt }, { context, replyTo: novaCompute.replies.instance_got, passback: launch });
}

type Got = { instance: Record<string, unknown>; console_public_key: string } | null;

/** Step 18, and all that follows from it. A repeated answer finds the build in the journal, and goes on with it where nobody else does. */
export async function instanceGot(answer: Answer<Got>, launch: Launch, { context }: Delivery): Promise<void> {
  if (answer.error) return void (await cast(novaConductor.methods.build_failed, { ...launch, reason: answer.error.message, retry: false }, { context }));
  if (!answer.result) return; // gone, being deleted, or on its way elsewhere
  stepDone(18, ACTOR, context.request_id);
  const { instance, console_public_key } = answer.result;
  const taken: Build = {
    ...buildKey(launch.instance_uuid, launch.attempt), kind: 'build', state: 'building', ...launch, started_at: new Date().toISOString(), context,
    instance: instance as Instance, console_public_key, steps: packedSteps(launch.request_id), ...newLease(), ...due(launch.instance_uuid, Date.now() + LEASE_MS),
  };
  const image = findImage(taken); // which makes nothing that the journal would have to know of before
  const [begun] = await Promise.allSettled([begin(taken), image]);
  if (begun.status === 'rejected') throw begun.reason;
  const build = begun.value;
  if (build) await underLease(build, () => drive(build, image));
}

/** The build, leased: a new one, or the one that is there already. Undefined where it is in other hands, or its instance is being deleted. */
async function begin(build: Build): Promise<Build | undefined> {
  try {
    await journal.transact([{ put: build, if: { pk: absent() } }, { check: terminationKey(build.instance_uuid), if: { pk: absent() } }]);
    return build;
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    if (error.failed[1]?.conditionFailed) return undefined;
    const there = error.failed[0]?.item as Build | undefined;
    if (!there || there.state === 'done' || there.state === 'undone' || there.cancelled) return undefined;
    return lease<Build>(build, { state: there.state, cancelled: absent() });
  }
}
