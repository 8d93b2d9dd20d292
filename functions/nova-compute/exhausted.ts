import { cast } from '../../shared/rpc/send.ts';
import type { Exhausted } from '../../shared/rpc/serve.ts';
import type { Args } from '../../shared/rpc/topic.ts';
import { cinderVolume } from '../../shared/rpc/topics/cinder-volume.ts';
import { novaCompute } from '../../shared/rpc/topics/nova-compute.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { actionFailed } from './actions/instance-action.ts';
import { absent } from '../../shared/store/condition.ts';
import { fail } from './build/undo.ts';
import { buildKey, due, journal, terminationKey, type Build } from './journal.ts';
import { lease, underLease } from './lease.ts';

type Launch = Args<typeof novaCompute.methods.build_and_run_instance>;

/** A message failed for good. A launch is undone and its instance goes to ERROR with the reason; a deletion is the sweeper's from here on. */
export const exhausted: Exhausted = async ({ method, args, passback }, error, { context }) => {
  switch (method) {
    case 'build_and_run_instance': return launchFailed(args as Launch, error);
    case 'instance_got': return launchFailed(passback as Launch, error);
    case 'instance_action': return actionFailed({ ...(args as Args<typeof novaCompute.methods.instance_action>), context }, new Date().toISOString(), error.message);
    case 'terminate_instance': {
      const { instance_uuid } = args as { instance_uuid: string };
      return void (await journal.update(terminationKey(instance_uuid), { set: due(instance_uuid, Date.now()) }, { state: 'cancelling' }).catch(() => {}));
    }
    // nobody waits for it, and it is right whenever it comes: until neutron answers again
    case 'refresh_interfaces': return cast(novaCompute.methods.refresh_interfaces, args as Args<typeof novaCompute.methods.refresh_interfaces>, { context, delay: 300 });
    case 'refresh_security_group': return cast(novaCompute.methods.refresh_security_group, args as Args<typeof novaCompute.methods.refresh_security_group>, { context, delay: 300 });
    case 'create_volume': case 'delete_volume': {
      const { volume_id, project_id, host } = args as Args<typeof novaCompute.methods.delete_volume>;
      const tell = method === 'create_volume' ? cinderVolume.methods.volume_created : cinderVolume.methods.volume_deleted;
      return cast(tell, { volume_id, project_id, host, error: error.message }, { context });
    }
  }

  async function launchFailed(launch: Launch, { message }: Error): Promise<void> {
    const failure = { reason: message, retry: false };
    const there = await journal.get<Build>(buildKey(launch.instance_uuid, launch.attempt));
    if (!there) return cast(novaConductor.methods.build_failed, { ...launch, ...failure }, { context });
    // what its host has been told, or is being undone, has a deadline of its own; so has what another is at work on
    if (there.state !== 'building' && there.state !== 'waiting') return;
    const build = await lease<Build>(there, { state: there.state, cancelled: absent() });
    if (build) await underLease(build, () => fail(build, failure));
  }
};
