import { serve, type Exhausted } from '../../shared/rpc/serve.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { deviceChanged } from './device-changed.ts';
import { buildFailed } from './build-failed.ts';
import { hostEnrolled } from './host-enrolled.ts';
import { instanceDestroyed } from './instance-destroyed.ts';
import { instanceGet } from './instance-get.ts';
import { instanceUpdate } from './instance-update.ts';
import { powerStatesObserved } from './power-states.ts';
import { overdueNow } from './overdue.ts';

/** What a message was about that failed for good is looked at by the sweeper at its next round: the records say what is to be done. */
const exhausted: Exhausted = async ({ args }) => {
  const { instance_uuid, project_id } = args as { instance_uuid?: string; project_id?: string };
  if (instance_uuid && project_id) await overdueNow(project_id, instance_uuid);
};

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
