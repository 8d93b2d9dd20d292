import { type InstanceAction, stepsOf } from '../../shared/objects/action.ts';
import type { Instance } from '../../shared/objects/instance.ts';
import { log } from '../../shared/telemetry/log.ts';

const REQUEST = 3;

/** One line for each launch that succeeded, with the milliseconds from its request to the end of each step: what the dashboard reads. */
export function logLaunch({ uuid, host, attempt, create_request_id }: Instance, action: InstanceAction | undefined): void {
  const steps = action ? stepsOf(action) : [];
  const asked = steps.find(({ step }) => step === REQUEST);
  if (!asked) return;
  const since = (time: string) => Date.parse(time) - Date.parse(asked.start);
  const after = Object.fromEntries(steps.filter(({ step }) => step > REQUEST).map(({ step, end }) => [`s${String(step).padStart(2, '0')}`, since(end)]));
  log.info('launched', { request_id: create_request_id, instance: uuid, host, attempt, ms: Date.now() - Date.parse(asked.start), after });
}
