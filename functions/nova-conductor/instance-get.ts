import { consoleKey } from '../../shared/objects/console_key.ts';
import { instanceKey, now, type Instance } from '../../shared/objects/instance.ts';
import { notifyInstance } from '../../shared/notifications/instance.ts';
import type { Delivery } from '../../shared/rpc/serve.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import type { Args, Result } from '../../shared/rpc/topic.ts';
import { oneOf } from '../../shared/store/condition.ts';
import { ConditionFailed } from '../../shared/store/errors.ts';
import { table } from '../../shared/store/table.ts';
import { step, stepDone } from '../../shared/telemetry/steps.ts';

type Method = typeof novaConductor.methods.instance_get;
const nova = table('nova');
const ACTOR = 'nova-conductor';

/**
 * Steps 15 to 17: one conditional write reads the instance and moves it on to networking. Its answer carries all that a
 * host's build needs. Null: the instance is gone, is being deleted, or is being built elsewhere or further on by now.
 */
export async function instanceGet({ instance_uuid, project_id, host, attempt }: Args<Method>, { context, afterwards }: Delivery): Promise<Result<Method>> {
  stepDone(15, ACTOR, context.request_id);
  const console = consoleKey(); // beside the read
  try {
    const instance = await step(16, ACTOR, context.request_id, () =>
      nova.update<Instance>(
        instanceKey(project_id, instance_uuid),
        { set: { task_state: 'networking', updated_at: now() }, add: { sequence: 1 } },
        { host, attempt, vm_state: 'building', task_state: oneOf(null, 'networking') },
      ));
    const { public_key: console_public_key } = await console;
    afterwards(() => notifyInstance('create.start', instance));
    stepDone(17, ACTOR, context.request_id);
    return { instance, console_public_key };
  } catch (error) {
    await console.catch(() => {});
    if (error instanceof ConditionFailed) return null;
    throw error;
  }
}
