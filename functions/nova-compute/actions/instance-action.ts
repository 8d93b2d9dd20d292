import type { CommandDone } from '../../../shared/agent/report.ts';
import { validator } from '../../../shared/http/validate.ts';
import { commandArgs } from '../../../shared/agent/command.ts';
import type { RequestContext } from '../../../shared/identity/context.ts';
import { cast } from '../../../shared/rpc/send.ts';
import type { Delivery } from '../../../shared/rpc/serve.ts';
import type { Args } from '../../../shared/rpc/topic.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { novaConductor } from '../../../shared/rpc/topics/nova-conductor.ts';
import { takeAway } from '../build/reported.ts';
import { CannotDo } from '../errors.ts';
import { order } from '../host/command.ts';
import { give } from '../host/give.ts';
import type { Pending } from '../journal.ts';
import { actions } from './actions.ts';
import type { Asked, DeviceChange } from './server-action.ts';

type Message = Args<typeof novaCompute.methods.instance_action>;

/** A server action: its host is asked to do it, once however often the message comes. */
export async function instanceAction(message: Message, { context }: Delivery): Promise<void> {
  const asked: Asked = { ...message, context };
  const started_at = new Date().toISOString();
  try {
    const action = actions[message.action];
    if (!action) throw new CannotDo(`The action ${message.action} is not known to the compute service.`);
    const { args, writes = [] } = action.prepare ? await action.prepare(asked) : { args: await action.args(asked) };
    if (!validator(commandArgs[action.kind])(args)) throw new CannotDo(`The action ${message.action} was asked for with arguments that make no sense.`);
    const { host, instance_uuid: subject, project_id, sequence, request_id } = message;
    await give(host, order({
      id: `${message.action}-${request_id}`, kind: action.kind, host, subject, project_id, seconds: action.seconds, args: args as never,
      purpose: { for: 'action', action: message.action, args: message.args, sequence, request_id, started_at, context },
    }), writes);
  } catch (error) {
    if (!(error instanceof CannotDo)) throw error;
    await actionFailed(asked, started_at, error.message);
  }
}

/** The host did it, or could not: the record learns what became of it. */
export async function actionReported(pending: Pending, report: CommandDone): Promise<void> {
  const { purpose } = pending;
  if (purpose.for !== 'action') throw new Error('not a server action');
  const asked = askedOf(pending);
  if (report.outcome !== 'done') await actionFailed(asked, purpose.started_at, report.reason ?? 'The host refused it.');
  else {
    const action = actions[purpose.action]!;
    const device = await action.done?.(asked, report);
    const event = { name: action.event, start: purpose.started_at, finish: new Date().toISOString(), result: 'Success' };
    if (action.change) await tell(asked, { change: action.change(report), event }, asked.context);
    else await tellDevice(asked, device ?? {}, event, asked.context);
  }
  await takeAway(pending);
}

/** The host did not answer in time. */
export async function actionOverdue(pending: Pending): Promise<void> {
  if (pending.purpose.for === 'action') await actionFailed(askedOf(pending), pending.purpose.started_at, `Host ${pending.host} did not answer in time.`);
  await takeAway(pending);
}

/** The instance keeps its state; the task is over, and the action's event says why. */
export async function actionFailed(asked: Asked, started_at: string, reason: string): Promise<void> {
  const action = actions[asked.action];
  const event = { name: action?.event ?? `compute_${asked.action}`, start: started_at, finish: new Date().toISOString(), result: 'Error', details: reason };
  const device = await action?.undo?.(asked);
  if (device) await tellDevice(asked, device, event, asked.context);
  else if (action?.change) await tell(asked, { change: { task_state: null }, event }, asked.context);
  else await tellDevice(asked, {}, event, asked.context);
}

type Event = Args<typeof novaConductor.methods.device_changed>['event'];

async function tell({ instance_uuid, project_id, host, request_id }: Asked, what: Pick<Args<typeof novaConductor.methods.instance_update>, 'change' | 'event'>, context: RequestContext): Promise<void> {
  await cast(novaConductor.methods.instance_update, { instance_uuid, project_id, host, request_id, ...what }, { context });
}

async function tellDevice({ instance_uuid, project_id, host, request_id }: Asked, device: DeviceChange, event: Event, context: RequestContext): Promise<void> {
  await cast(novaConductor.methods.device_changed, { instance_uuid, project_id, host, request_id, ...device, event }, { context });
}

function askedOf({ subject, project_id, host, purpose }: Pending): Asked {
  if (purpose.for !== 'action') throw new Error('not a server action');
  const { action, args, sequence, request_id, context } = purpose;
  return { instance_uuid: subject, project_id, host, action, args, sequence, request_id, context };
}
