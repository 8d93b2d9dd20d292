import { claimKey, type Claim } from '../../shared/objects/compute_node.ts';
import { instanceKey, now, type VmState } from '../../shared/objects/instance.ts';
import type { Args } from '../../shared/rpc/topic.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { absentOrLessThan } from '../../shared/store/condition.ts';
import { ConditionFailed } from '../../shared/store/errors.ts';
import { table } from '../../shared/store/table.ts';

const nova = table('nova');
const SHUTDOWN = 4;
const CRASHED = 6;
const RUNNING = 1;
const PAUSED = 3;

/**
 * Guests that shut down, crashed or came up by themselves. As Nova's power state sync: a guest that ended makes its instance
 * `stopped`; whatever is under way for the instance goes first.
 */
export async function powerStatesObserved({ host, observed_at, guests }: Args<typeof novaConductor.methods.power_states_observed>): Promise<void> {
  const claims = await nova.getMany<Claim>(guests.map(({ instance_uuid }) => claimKey(instance_uuid)));
  await Promise.all(guests.map(async ({ instance_uuid, power_state }) => {
    const claim = claims.find((each) => each.instance_uuid === instance_uuid && each.host === host);
    if (!claim) return; // a host speaks for instances claimed on it only
    for (const [from, to] of transitions(power_state)) {
      const done = await apply(claim, { ...(to !== from && { vm_state: to }), power_state, power_observed_at: observed_at, updated_at: now() }, from, observed_at);
      if (done) return;
    }
  }));
}

/** From which state an observation leads to which. */
function transitions(powerState: number): [VmState, VmState][] {
  if (powerState === SHUTDOWN || powerState === CRASHED) return [['active', 'stopped'], ['paused', 'stopped'], ['stopped', 'stopped']];
  if (powerState === RUNNING) return [['active', 'active'], ['stopped', 'active'], ['paused', 'active']];
  if (powerState === PAUSED) return [['active', 'paused'], ['paused', 'paused']];
  return [['active', 'active']];
}

async function apply(claim: Claim, set: Record<string, unknown>, from: VmState, observedAt: string): Promise<boolean> {
  try {
    await nova.update(
      instanceKey(claim.project_id, claim.instance_uuid),
      { set, add: { sequence: 1 } },
      { vm_state: from, task_state: null, host: claim.host, power_observed_at: absentOrLessThan(observedAt) },
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}
