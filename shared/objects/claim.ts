import { absent, atLeast, atMost, exists, oneOf, type Condition } from '../store/condition.ts';
import type { Write } from '../store/table.ts';
import { stepAttributes, type Step } from '../telemetry/steps.ts';
import { actionKey } from './action.ts';
import { claimKey, claimsIndex, computeNodeKey, HOST_LOCAL_NETWORKS, hostsChanged, oneMoreLaunch, SERVICE_DOWN_SECONDS, type Claim, type ComputeNode } from './compute_node.ts';
import { BUILD_SECONDS, dueInstance, instanceKey, now } from './instance.ts';
import type { Requested } from './request_spec.ts';
import { capacityOf, resourceClasses, resourcesOf, usedAttribute, type Resources } from './resources.ts';

/**
 * A claim is one transaction: the host's counters under the condition that there is room, the claim's record, and the
 * instance's host and attempt. Its writes stand in this order, so that a refusal tells which of them was refused.
 */
export const CLAIM = { node: 0, claim: 1, instance: 2 } as const;

export interface NewClaim {
  instance: Requested;
  node: ComputeNode;
  attempt: number;
  alternates: string[];
  /** Steps of the launch for its action's record. */
  steps: Step[];
  /** Events of that action, as attributes of an update. */
  events?: Record<string, unknown>;
}

/** The first claim of an instance that is being scheduled. */
export const claimWrites = ({ instance, node, attempt, alternates, steps, events }: NewClaim): Write[] => [
  take(instance, node),
  { put: claimOf(instance, node.host, attempt), if: { pk: absent() } },
  settle(instance, node, attempt, alternates, { vm_state: 'building', task_state: 'scheduling', host: null }),
  { update: actionKey(instance.uuid, instance.create_request_id), change: { set: { ...stepAttributes(steps, instance.create_request_id), ...events, updated_at: now() } }, if: { pk: exists() } },
];

/** Moves a claim from a host where the build failed to the next one. */
export const moveClaimWrites = ({ instance, node, attempt, alternates }: Omit<NewClaim, 'steps'>, old: Claim): Write[] => [
  take(instance, node),
  { put: claimOf(instance, node.host, attempt), if: { host: old.host, attempt: old.attempt } },
  settle(instance, node, attempt, alternates, { vm_state: 'building', task_state: oneOf(null, 'scheduling', 'networking', 'block_device_mapping', 'spawning'), host: old.host, attempt: old.attempt }),
  giveBack(old, { buildFailed: true }),
];

/** Takes a claim away; refused (first write) where it is no longer that one. */
export const releaseClaimWrites = (claim: Claim, { buildFailed = false } = {}): Write[] => [
  { delete: claimKey(claim.instance_uuid), if: { host: claim.host, attempt: claim.attempt } },
  giveBack(claim, { buildFailed }),
];

function take(instance: Requested, node: ComputeNode): Write {
  const needed = resourcesOf(instance);
  const room = Object.fromEntries(resourceClasses.filter((c) => needed[c] > 0).flatMap((c) => [
    [c, node[c]], // the bound below was reckoned from this total
    [usedAttribute[c], atMost(capacityOf(node, c) - needed[c])],
  ]));
  return {
    update: computeNodeKey(node.host),
    change: { add: counters(needed, 1), set: { ...hostsChanged(node.host), ...oneMoreLaunch(node) } },
    if: { ...room, disabled: false, forced_down: false, last_seen_up: atLeast(heartbeatLimit()) },
  };
}

const giveBack = (claim: Claim, { buildFailed }: { buildFailed: boolean }): Write => ({
  update: computeNodeKey(claim.host),
  change: { add: { ...counters(claim, -1), ...(buildFailed && { failed_builds: 1 }) }, set: hostsChanged(claim.host) },
  if: { pk: exists() },
});

const settle = (instance: Requested, node: ComputeNode, attempt: number, alternates: string[], condition: Condition): Write => ({
  update: instanceKey(instance.project_id, instance.uuid),
  change: {
    set: {
      host: node.host, node: node.host, host_availability_zone: node.availability_zone, attempt, alternates, task_state: 'networking', updated_at: now(),
      host_local_networks: node.traits.includes(HOST_LOCAL_NETWORKS),
      ...dueInstance(instance.uuid, new Date(Date.now() + BUILD_SECONDS * 1000)),
      // a build that succeeds clears what the weigher holds against the host
      ...(node.failed_builds && { clears_failed_builds: true }),
    },
    add: { sequence: 1 },
  },
  if: condition,
});

/** Whose claim it is. */
export const claimantKey = ({ project_id, instance_uuid }: Pick<Claim, 'project_id' | 'instance_uuid'>) => instanceKey(project_id, instance_uuid);

export const claimOf = (instance: Requested, host: string, attempt: number): Claim => ({
  ...claimKey(instance.uuid), instance_uuid: instance.uuid, project_id: instance.project_id, host, attempt, ...resourcesOf(instance),
  created_at: now(), ...claimsIndex(host, instance.uuid),
});

const counters = ({ vcpus, memory_mb, local_gb }: Resources, sign: 1 | -1) => ({
  vcpus_used: sign * vcpus, memory_mb_used: sign * memory_mb, local_gb_used: sign * local_gb, running_vms: sign,
});

/** Heartbeats older than this (ISO 8601) are those of a host that is down. */
export const heartbeatLimit = (at = Date.now()) => new Date(at - SERVICE_DOWN_SECONDS * 1000).toISOString();
