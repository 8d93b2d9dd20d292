import type { CommandDone } from '../../../shared/agent/report.ts';
import type { CommandKind } from '../../../shared/agent/command.ts';
import type { InstanceChange } from '../../../shared/rpc/topics/nova-conductor.ts';
import { attachInterface, detachInterface } from './interfaces.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import { refreshAllOf } from '../network/refresh.ts';
import type { Asked, ServerAction } from './server-action.ts';
import { attachVolume, detachVolume } from './volumes.ts';

/** An action on the guest's power: its state is what it leads to. `running` where the host does not tell the power state. */
function power(kind: CommandKind, event: string, vm_state: string, running: number, seconds = 60, args: ServerAction['args'] = ({ instance_uuid }) => ({ instance_uuid })): ServerAction {
  return {
    kind, event, seconds, args,
    change: ({ power_state, finished_at: power_observed_at }: CommandDone): InstanceChange => ({ vm_state, task_state: null, power_state: power_state ?? running, power_observed_at }),
  };
}

const STOP_SECONDS = 60;

/** Before a hard reboot the host is told once more of the guest's interfaces, whatever it heard before; neutron's silence holds up no reboot. */
async function rebootArgs({ instance_uuid, args }: Asked) {
  const type = args['type'] === 'HARD' ? 'HARD' : 'SOFT';
  if (type === 'HARD') await refreshAllOf(instance_uuid).catch((error: unknown) => log.warn('interfaces not refreshed', { instance: instance_uuid, ...factsOf(error) }));
  return { instance_uuid, type };
}

/** What a host is asked to do for each of nova-api's server actions, and what follows. */
export const actions: Record<string, ServerAction> = {
  stop: power('stop', 'compute_stop_instance', 'stopped', 4, STOP_SECONDS + 60, ({ instance_uuid }) => ({ instance_uuid, timeout: STOP_SECONDS })),
  start: power('start', 'compute_start_instance', 'active', 1),
  reboot: power('reboot', 'compute_reboot_instance', 'active', 1, 150, rebootArgs),
  pause: power('pause', 'compute_pause_instance', 'paused', 3),
  unpause: power('unpause', 'compute_unpause_instance', 'active', 1),
  suspend: power('suspend', 'compute_suspend_instance', 'suspended', 4, 120),
  resume: power('resume', 'compute_resume_instance', 'active', 1, 120),
  attach_volume: attachVolume,
  detach_volume: detachVolume,
  attach_interface: attachInterface,
  detach_interface: detachInterface,
};
