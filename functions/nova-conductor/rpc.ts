import type { RequestContext } from '../../shared/identity/context.ts';
import { cast } from '../../shared/rpc/send.ts';
import { serve, type Exhausted } from '../../shared/rpc/serve.ts';
import type { Args } from '../../shared/rpc/topic.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { deviceChanged } from './device-changed.ts';
import { buildFailed } from './build-failed.ts';
import { hostEnrolled } from './host-enrolled.ts';
import { instanceDestroyed } from './instance-destroyed.ts';
import { instanceGet } from './instance-get.ts';
import { instanceUpdate } from './instance-update.ts';
import { powerStatesObserved } from './power-states.ts';
import { overdueNow } from './overdue.ts';

/**
 * What a message was about that failed for good is looked at by the sweeper at its next round: the records say what is to be done. Of a guest's
 * power state no record says anything, and its host tells it once: it is heard again later.
 */
const exhausted: Exhausted = async ({ method, args }, _error, { context }) => {
  if (method === 'power_states_observed') return hearAgain(args as Args<typeof novaConductor.methods.power_states_observed>, context);
  const { instance_uuid, project_id } = args as { instance_uuid?: string; project_id?: string };
  if (instance_uuid && project_id) await overdueNow(project_id, instance_uuid);
};

const HEARD_AGAIN_SECONDS = 300;
const HEARD_FOR_MS = 3600_000;
async function hearAgain(news: Args<typeof novaConductor.methods.power_states_observed>, context: RequestContext): Promise<void> {
  if (Date.now() - Date.parse(news.observed_at) < HEARD_FOR_MS) await cast(novaConductor.methods.power_states_observed, news, { context, delay: HEARD_AGAIN_SECONDS });
}

export const handler = serve(
  novaConductor,
  {
    instance_get: instanceGet,
    instance_update: instanceUpdate,
    device_changed: deviceChanged,
    build_failed: buildFailed,
    instance_destroyed: instanceDestroyed,
    host_enrolled: hostEnrolled,
    power_states_observed: powerStatesObserved,
  },
  { exhausted },
);
