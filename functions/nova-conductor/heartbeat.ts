import { isDeepStrictEqual } from 'node:util';
import type { Heartbeat } from '../../shared/agent/report.ts';
import { computeNodeKey, hostsChanged, isUp, type ComputeNode } from '../../shared/objects/compute_node.ts';
import { now } from '../../shared/objects/instance.ts';
import { serviceContext } from '../../shared/identity/service-context.ts';
import { cast } from '../../shared/rpc/send.ts';
import { cinderVolume } from '../../shared/rpc/topics/cinder-volume.ts';
import { compareGuests, guestsState } from './guests.ts';
import { exists, lessThan } from '../../shared/store/condition.ts';
import { ConditionFailed } from '../../shared/store/errors.ts';
import { table } from '../../shared/store/table.ts';

const nova = table('nova');

/** A clock on a host that is ahead of ours must not make it look alive for longer than it is. */
const AHEAD_MS = 5_000;

/** What a scheduler looks at; a change of it is a change of the host. */
const looked = ['vcpus', 'memory_mb', 'local_gb', 'hypervisor_type', 'hypervisor_version', 'architecture', 'supported_instances', 'cpu_info', 'traits'] as const satisfies (keyof Heartbeat)[];
/** What else a heartbeat tells. */
const told = ['host_ip', 'agent_version', 'driver', 'console_url'] as const satisfies (keyof Heartbeat)[];

/**
 * A host lives. One small write where nothing else is new; capacity, or life after silence, is told to the schedulers through
 * the index of changes, and a pool's size to cinder. An older heartbeat than the last changes nothing.
 */
export async function beat(node: ComputeNode, heartbeat: Heartbeat): Promise<void> {
  const last_seen_up = new Date(Math.min(Date.parse(heartbeat.sent_at) || 0, Date.now() + AHEAD_MS)).toISOString();
  const changed = [...looked, ...told].filter((name) => !isDeepStrictEqual(node[name], heartbeat[name]));
  const matters = !isUp(node) || changed.some((name) => (looked as readonly string[]).includes(name));
  const pool = isDeepStrictEqual(node.volume_pool, heartbeat.volume_pool) ? undefined : heartbeat.volume_pool;
  // cinder hears of a pool before the record says that it did
  if (pool) await cast(cinderVolume.methods.update_service_capabilities, { host: node.host, ...pool, reported_at: last_seen_up }, { context: serviceContext(`host:${node.host}`) });
  const guests = guestsState(node, heartbeat);
  const set = {
    last_seen_up, ...guests.set,
    ...Object.fromEntries(changed.map((name) => [name, heartbeat[name]])),
    ...(pool && { volume_pool: pool }),
    ...(changed.length > 0 && { updated_at: now() }),
    ...(matters && hostsChanged(node.host)),
  };
  try {
    await nova.change(computeNodeKey(node.host), { set }, [{ pk: exists(), last_seen_up: null }, { pk: exists(), last_seen_up: lessThan(last_seen_up) }]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return;
  }
  if (guests.check) await compareGuests(node.host, heartbeat);
}
