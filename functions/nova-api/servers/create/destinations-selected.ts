import type { Delivery } from '../../../../shared/rpc/serve.ts';
import type { Answer, Result } from '../../../../shared/rpc/topic.ts';
import type { novaScheduler } from '../../../../shared/rpc/topics/nova-scheduler.ts';
import { log } from '../../../../shared/telemetry/log.ts';
import { recordedSteps } from '../../../../shared/telemetry/steps.ts';

type Destination = Result<typeof novaScheduler.methods.select_destinations>;

/** Step 11. The claim has put the host into the record already, and a refusal its fault: nothing is left to write. */
export async function destinationsSelected(answer: Answer<Destination>, { instance_uuid }: { instance_uuid: string }, { context }: Delivery): Promise<void> {
  log.info('destinations selected', {
    request_id: context.request_id, instance: instance_uuid, host: answer.result?.host, error: answer.error?.type, steps: recordedSteps().map(({ step }) => step),
  });
}
