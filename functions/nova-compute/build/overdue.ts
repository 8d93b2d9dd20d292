import { cast } from '../../../shared/rpc/send.ts';
import type { Delivery } from '../../../shared/rpc/serve.ts';
import type { Args } from '../../../shared/rpc/topic.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { novaConductor } from '../../../shared/rpc/topics/nova-conductor.ts';
import { buildKey, journal, stepsIn, type Build } from '../journal.ts';
import { isLeased } from '../lease.ts';
import { buildAndRunInstance } from './begin.ts';
import { tellActive } from './reported.ts';
import { goOn } from './volume-ready.ts';

/** The journal says how far a launch really is: it is begun, taken up again, or its end told again. A command waits for its own deadline. */
export async function buildOverdue(launch: Args<typeof novaCompute.methods.build_overdue>, delivery: Delivery): Promise<void> {
  const { instance_uuid, project_id, host, attempt, alternates, request_id } = launch;
  const build = await journal.get<Build>(buildKey(instance_uuid, attempt));
  if (!build) return buildAndRunInstance(launch, delivery);
  if (build.host !== host || build.cancelled) return;
  switch (build.state) {
    case 'building': case 'waiting': case 'undoing': return isLeased(build) ? undefined : goOn(build);
    case 'spawning': return;
    case 'done': return build.activated && tellActive(build, build.activated, delivery.context);
    case 'undone':
      return cast(novaConductor.methods.build_failed, { instance_uuid, project_id, host, attempt, alternates, request_id, ...build.failure! }, { context: delivery.context, steps: stepsIn(build) });
  }
}
