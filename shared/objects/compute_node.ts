import type { Key, Selection } from '../store/table.ts';

/** A hypervisor host: Nova's service and compute node in one record of the nova table. */
export interface ComputeNode extends Key {
  host: string;
  /** Stable uuid of the service/hypervisor on the wire (2.53 on). */
  uuid: string;
  /** Small integer ids before 2.53. */
  legacy_id: number;
  managed_instance_id: string; // SSM's: mi-… or i-…
  public_key: string; // PEM, Ed25519: whose heartbeats are the host's own
  availability_zone: string;
  // totals and use; use is only changed by claims and their release
  vcpus: number;
  memory_mb: number;
  local_gb: number;
  vcpus_used: number;
  memory_mb_used: number;
  local_gb_used: number;
  running_vms: number;
  /** Builds that failed here since the last one that succeeded. */
  failed_builds?: number;
  /** Since when the host has had more or fewer guests than instances are claimed there, and when they were last compared one by one; ISO 8601. */
  guests_odd_since?: string | null;
  guests_checked_at?: string;
  /** When the last launches were claimed here, in milliseconds since 1970 (earlier: ISO 8601): as many as may still be under way, by who claimed last. */
  launches?: (number | string)[];
  disabled: boolean;
  disabled_reason: string | null;
  forced_down: boolean;
  last_seen_up: string | null; // last heartbeat, ISO 8601
  created_at: string;
  updated_at: string;
  hypervisor_type: string; // QEMU, fake
  hypervisor_version: number;
  host_ip: string;
  cpu_info: Record<string, unknown>;
  architecture: string; // x86_64, aarch64
  supported_instances: [arch: string, hv: string, mode: string][];
  console_url: string; // public base URL of the agent's console listener
  volume_pool?: { total_gb: number; free_gb: number };
  agent_version: string;
  driver: string;
  traits: string[];
  gsi1pk: string; // HOSTS, by last change of what a scheduler looks at (a bare heartbeat is no change)
  gsi1sk: string;
  [attribute: string]: unknown;
}

/** A launch works its host's disks for about so long. */
const LAUNCH_MS = 30_000;
const LAUNCHES_KEPT = 20;
export const launchesUnderWay = ({ launches = [] }: Pick<ComputeNode, 'launches'>, at = Date.now()) => launches.filter((begun) => Number(new Date(begun)) > at - LAUNCH_MS);
export const oneMoreLaunch = (node: Pick<ComputeNode, 'launches'>) => ({ launches: [...launchesUnderWay(node), Date.now()].slice(-LAUNCHES_KEPT) });

/** The trait of hosts whose driver keeps networks on the host: guests elsewhere can't be reached from there. */
export const HOST_LOCAL_NETWORKS = 'CUSTOM_HOST_LOCAL_NETWORKS';

export const HOSTS = 'HOSTS';
export const computeNodeKey = (host: string): Key => ({ pk: HOSTS, sk: `HOST#${host}` });
export const hostsChanged = (host: string, at = new Date()) => ({ gsi1pk: HOSTS, gsi1sk: `${at.toISOString()}#${host}` });

/** A host is down when its last heartbeat is this old, computed when read. */
export const SERVICE_DOWN_SECONDS = 60;
export const isUp = (node: Pick<ComputeNode, 'last_seen_up' | 'forced_down'>, at = Date.now()) =>
  !node.forced_down && node.last_seen_up !== null && at - Date.parse(node.last_seen_up) < SERVICE_DOWN_SECONDS * 1000;

/**
 * An instance's claim on a host's room: the record that its release is conditional on. gsi2 finds the claims on a host, and so its instances: a claim
 * is written once, and an index of the instances themselves would be written with each change of one.
 */
export interface Claim extends Key {
  instance_uuid: string;
  project_id: string;
  host: string;
  attempt: number;
  vcpus: number;
  memory_mb: number;
  local_gb: number;
  created_at: string;
  gsi2pk: string;
  gsi2sk: string;
  [attribute: string]: unknown;
}
export const claimKey = (uuid: string): Key => ({ pk: `SERVER#${uuid}`, sk: 'CLAIM' });
export const claimsIndex = (host: string, uuid: string) => ({ gsi2pk: `CLAIMS#${host}`, gsi2sk: uuid });
export const claimsOn = (host: string): Selection => ({ pk: claimsIndex(host, '').gsi2pk, index: 'gsi2' });
