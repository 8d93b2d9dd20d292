import { record, type Step } from '../telemetry/steps.ts';
import type { Validation } from './validate.ts';

/** Numbers under which a service's token validation stands in the flow; keystone's own part where the flow names it apart. */
export interface ValidationSteps { ask: 4 | 20 | 23 | 26; answer?: 5 }

/**
 * Records the validation that a request came with. What keystone did (the login's steps 1 and 2, its answer) is what keystone
 * itself sent along; an answer out of the cache is marked so, with the id of the validation that it came from.
 */
export function recordValidation(steps: ValidationSteps, service: string, requestId: string, start: Date, validation: Validation): void {
  const cached: Partial<Step> = validation.cached ? { result: 'cached', cached_from: validation.requestId } : {};
  record({ step: steps.ask, actor: service, start: start.toISOString(), end: new Date().toISOString(), result: 'Success', request_id: requestId, ...cached });
  for (const done of validation.steps) {
    if (done.step < 5) { if (steps.answer) record(done); }
    else if (steps.answer) record({ ...done, step: steps.answer, ...cached });
  }
}
