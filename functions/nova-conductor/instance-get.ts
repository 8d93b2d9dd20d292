import { consoleKey } from '../../shared/objects/console_key.ts';
import { instanceKey, type Instance } from '../../shared/objects/instance.ts';
import { notifyInstance } from '../../shared/notifications/instance.ts';
import type { Delivery } from '../../shared/rpc/serve.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import type { Args, Result } from '../../shared/rpc/topic.ts';
import { table } from '../../shared/store/table.ts';
import { step, stepDone } from '../../shared/telemetry/steps.ts';

type Method = typeof novaConductor.methods.instance_get;
const nova = table('nova');
const ACTOR = 'nova-conductor';
/** Null: claimed by code that left the rest to this look. */
const BEFORE_BUILD: Instance['task_state'][] = ['networking', null];

/**
 * Steps 15 to 17: reads the instance, which its claim has moved on to networking: all that a host's build needs. Null: the instance is gone, is
 * being deleted, or is being built elsewhere or further on by now. What changes after this look is seen by the write of `spawning`.
 */
export async function instanceGet({ instance_uuid, project_id, host, attempt }: Args<Method>, { context, afterwards }: Delivery): Promise<Result<Method>> {
  stepDone(15, ACTOR, context.request_id);
  const [instance, { public_key: console_public_key }] = await Promise.all([
    step(16, ACTOR, context.request_id, () => nova.get<Instance>(instanceKey(project_id, instance_uuid))),
    consoleKey(),
  ]);
  if (!instance || instance.host !== host || instance.attempt !== attempt || instance.vm_state !== 'building' || !BEFORE_BUILD.includes(instance.task_state)) return null;
  afterwards(() => notifyInstance('create.start', instance));
  stepDone(17, ACTOR, context.request_id);
  return { instance, console_public_key };
}
