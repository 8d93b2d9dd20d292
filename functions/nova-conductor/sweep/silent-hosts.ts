import { hostsDown } from '../../../shared/deployment/metrics.ts';
import { isUp, type ComputeNode } from '../../../shared/objects/compute_node.ts';
import { log } from '../../../shared/telemetry/log.ts';

const NAMED_AT_MOST = 20;

/**
 * Tells of hosts whose last heartbeat is older than a minute; an alarm counts them. Nothing is said of those that an operator has disabled or
 * forced down, and of those that have only been enrolled.
 */
export function tellOfSilentHosts(nodes: ComputeNode[]): void {
  const silent = nodes.filter((node) => !node.disabled && !node.forced_down && node.last_seen_up !== null && !isUp(node));
  if (silent.length > 0) log.warn(hostsDown.message, { [hostsDown.count]: silent.length, hosts: silent.slice(0, NAMED_AT_MOST).map(({ host }) => host) });
}
