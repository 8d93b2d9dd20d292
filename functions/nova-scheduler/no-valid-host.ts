import { actionKey } from '../../shared/objects/action.ts';
import { faultOf, instanceKey, now, type Instance } from '../../shared/objects/instance.ts';
import type { Requested } from '../../shared/objects/request_spec.ts';
import { notifyInstance } from '../../shared/notifications/instance.ts';
import type { Delivery } from '../../shared/rpc/serve.ts';
import { exists } from '../../shared/store/condition.ts';
import { ConditionFailed } from '../../shared/store/errors.ts';
import { table } from '../../shared/store/table.ts';
import { recordedSteps, stepAttributes, type Step } from '../../shared/telemetry/steps.ts';
import type { Verdict } from './filter-hosts.ts';

const nova = table('nova');

export const NO_VALID_HOST = 'No valid host was found. There are not enough hosts available.';

/** The instance goes to ERROR; its owner sees how many hosts each filter refused, an admin also which. */
export async function noValidHost(instance: Requested, verdicts: Verdict[], started: Date, { context }: Delivery): Promise<void> {
  const counts = verdicts.map(({ filter, before, after }) => `${filter}: (start: ${before}, end: ${after})`).join(', ');
  const step: Step = {
    step: 10, actor: 'nova-scheduler', start: started.toISOString(), end: new Date().toISOString(), result: 'Error', request_id: context.request_id,
    detail: counts || 'there are no hosts',
  };
  const message = [NO_VALID_HOST, ...verdicts.flatMap(({ why }) => why ?? [])].join(' ');
  await fail(instance, message, counts ? `Filter results: [${counts}]` : 'There are no hosts.', [...recordedSteps(), step], started, { filter_verdicts: verdicts });
}

/** Gives a launch up that has no host yet. A record that has moved on meanwhile stays as it is. */
export async function fail(instance: Requested, message: string, details: string, steps: Step[], started: Date, more: Record<string, unknown> = {}): Promise<void> {
  try {
    const failed = await nova.update<Instance>(
      instanceKey(instance.project_id, instance.uuid),
      { set: { vm_state: 'error', task_state: null, fault: faultOf(500, message, details), updated_at: now() }, add: { sequence: 1 }, remove: ['due_pk', 'due_at'] },
      { vm_state: 'building', host: null, task_state: 'scheduling' },
    );
    await notifyInstance('create.error', failed, { reason: message });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    if (error.item?.['vm_state'] !== 'error') return;
  }
  const event = { event: 'conductor_schedule_and_build_instances', start_time: started.toISOString(), finish_time: new Date().toISOString(), result: 'Error', details: message };
  await nova
    .update(
      actionKey(instance.uuid, instance.create_request_id),
      { set: { ...stepAttributes(steps, instance.create_request_id), 'events.conductor_schedule_and_build_instances': event, message: 'Error', updated_at: now(), ...more } },
      { pk: exists() },
    )
    .catch((error: unknown) => { if (!(error instanceof ConditionFailed)) throw error; });
}
