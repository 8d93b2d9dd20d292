import { actionKey, type InstanceAction, type ActionEvent } from '../../shared/objects/action.ts';
import { now } from '../../shared/objects/instance.ts';
import { exists } from '../../shared/store/condition.ts';
import { ConditionFailed } from '../../shared/store/errors.ts';
import { table, type Key, type Write } from '../../shared/store/table.ts';
import { stepAttributes, takeSteps, type Step } from '../../shared/telemetry/steps.ts';

const nova = table('nova');

/** The same as one of several writes. */
export const actionWrite = (uuid: string, requestId: string, event: EventPart | undefined, steps: Step[], { failed = false } = {}): Extract<Write, { update: Key }> => ({
  update: actionKey(uuid, requestId),
  change: {
    set: {
      ...stepAttributes(steps, requestId),
      ...(event && { [`events.${event.event}`]: { start_time: null, finish_time: null, result: null, ...event } }),
      ...(failed && { message: 'Error' }),
      updated_at: now(),
    },
  },
  if: { pk: exists() },
});

export type EventPart = Pick<ActionEvent, 'event'> & Partial<ActionEvent>;

/** Writes an action's event, the launch's steps that came along, and 'Error' where it failed; gives the record as it is now. Repeating it changes nothing. */
export async function writeAction(uuid: string, requestId: string, event: EventPart | undefined, { failed = false } = {}): Promise<InstanceAction | undefined> {
  const { update, change, if: condition } = actionWrite(uuid, requestId, event, takeSteps(), { failed });
  try {
    return await nova.update<InstanceAction>(update, change, condition);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error; // the action's record is gone together with its instance
    return undefined;
  }
}
