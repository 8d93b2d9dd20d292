import { cast } from '../../shared/rpc/send.ts';
import { serve, type Exhausted } from '../../shared/rpc/serve.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { novaScheduler } from '../../shared/rpc/topics/nova-scheduler.ts';
import { instanceKey, type Instance } from '../../shared/objects/instance.ts';
import { table } from '../../shared/store/table.ts';
import { recordedSteps } from '../../shared/telemetry/steps.ts';
import { fail } from './no-valid-host.ts';
import { selectDestinations } from './select-destinations.ts';

const nova = table('nova');

/** Scheduling failed for good: ERROR with the reason; a claim that was made all the same is released by nova-conductor. */
const exhausted: Exhausted = async ({ args }, error, { context }) => {
  const { instance_uuid, project_id } = args as { instance_uuid: string; project_id: string };
  const instance = await nova.get<Instance>(instanceKey(project_id, instance_uuid));
  if (!instance || instance.vm_state !== 'building' || instance.task_state === 'deleting') return;
  const reason = `Scheduling failed: ${error.message}`;
  if (instance.host === null) return fail(instance, reason, error.stack ?? error.message, recordedSteps(), new Date());
  const { host, attempt, create_request_id: request_id } = instance;
  await cast(novaConductor.methods.build_failed, { instance_uuid, project_id, host, attempt, alternates: [], reason, retry: false, request_id }, { context });
};

export const handler = serve(novaScheduler, { select_destinations: selectDestinations }, { exhausted });
