import { dueShards } from '../store/due-shards.ts';
import type { Key } from '../store/table.ts';

export type VmState = 'building' | 'active' | 'stopped' | 'paused' | 'suspended' | 'error' | 'deleted' | 'soft-delete' | 'rescued' | 'resized' | 'shelved' | 'shelved_offloaded';
export type TaskState =
  | 'scheduling' | 'networking' | 'block_device_mapping' | 'spawning' | 'powering-on' | 'powering-off' | 'rebooting' | 'reboot_started' | 'reboot_started_hard'
  | 'rebooting_hard' | 'pausing' | 'unpausing' | 'suspending' | 'resuming' | 'deleting';

export const NOSTATE = 0, RUNNING = 1, PAUSED = 3, SHUTDOWN = 4, CRASHED = 6, SUSPENDED = 7;
export type PowerState = typeof NOSTATE | typeof RUNNING | typeof PAUSED | typeof SHUTDOWN | typeof CRASHED | typeof SUSPENDED;
/** As a sentence about a guest has them. */
export const powerStateNames: Record<PowerState, string> = {
  [NOSTATE]: 'in no state', [RUNNING]: 'running', [PAUSED]: 'paused', [SHUTDOWN]: 'shut down', [CRASHED]: 'crashed', [SUSPENDED]: 'suspended',
};

/** A flavor as it was when the instance was made. */
export interface InstanceFlavor {
  flavorid: string;
  name: string;
  vcpus: number;
  memory_mb: number;
  root_gb: number;
  ephemeral_gb: number;
  swap: number; // MB
  rxtx_factor: number;
  extra_specs: Record<string, string>;
}

/** One disk of an instance, as in block_device_mapping_v2 after the API made it whole. */
export interface BlockDevice {
  boot_index: number | null;
  source_type: 'image' | 'volume' | 'blank' | 'snapshot';
  destination_type: 'local' | 'volume';
  image_id?: string;
  volume_id?: string;
  snapshot_id?: string;
  volume_size?: number; // GB
  volume_type?: string;
  delete_on_termination: boolean;
  device_name: string; // /dev/vda …: decided before the answer
  disk_bus?: string;
  device_type?: string;
  guest_format?: string;
  tag?: string;
  attachment_id?: string;
}

export interface RequestedNetwork { network_id?: string; port_id?: string; fixed_ip?: string; tag?: string }

/** An interface as the network service made it; the record's own copy, so that showing a server asks nobody. */
export interface VirtualInterface {
  port_id: string;
  network_id: string;
  network_label: string;
  mac_address: string;
  fixed_ips: { subnet_id: string; ip_address: string; version: 4 | 6 }[];
  /** The instance's deletion deletes the port: it was made for the instance, not brought by the user. */
  created_by_nova: boolean;
  tag?: string;
}

export interface Fault { code: number; created: string; message: string; details?: string }

/** The instance's record in the nova table. Times are ISO 8601 with seconds, as on the wire (`2026-01-31T12:00:00Z`). */
export interface Instance extends Key {
  uuid: string;
  project_id: string;
  user_id: string;
  display_name: string;
  display_description: string | null;
  hostname: string;
  reservation_id: string;
  launch_index: number;
  created_at: string;
  updated_at: string;
  launched_at: string | null;
  terminated_at: string | null;
  vm_state: VmState;
  task_state: TaskState | null;
  /** The request that began the task under way: only its own end ends it. */
  task_request_id?: string;
  power_state: PowerState;
  host: string | null;
  node: string | null;
  availability_zone: string | null; // what was asked for
  /** The hosts that keep networks which it asks for to themselves, as of its request. */
  network_hosts?: { network: string; host: string }[];
  /** Its host keeps its networks to itself; from the claim on. */
  host_local_networks?: boolean;
  /** The zone of its host, from the claim on. */
  host_availability_zone?: string;
  /** Grows with every change of state: a write that was judged by an older record is refused. */
  sequence: number;
  /** The build's attempt, from 1; 0 before there is a host. */
  attempt: number;
  /** Hosts that the scheduler offered for further attempts. */
  alternates?: string[];
  /** The host has failed builds to its name, which this build's success clears. */
  clears_failed_builds?: boolean;
  /** Grows with every change of what a user says of it: name, metadata. */
  user_revision?: number;
  flavor: InstanceFlavor;
  image_ref: string; // '' when booted from a volume
  image_properties: Record<string, unknown>;
  key_name: string | null;
  key_data: string | null;
  user_data: string | null; // base64
  config_drive: boolean;
  metadata: Record<string, string>;
  tags: string[];
  security_groups: string[]; // names, as asked for
  requested_networks: RequestedNetwork[] | 'auto' | 'none';
  block_devices: BlockDevice[];
  interfaces: VirtualInterface[];
  scheduler_hints: Record<string, unknown>;
  /** From `az:host:node`, or 2.74's host and hypervisor_hostname. */
  forced_host?: string;
  forced_node?: string;
  access_ip_v4: string | null;
  access_ip_v6: string | null;
  disk_config: 'AUTO' | 'MANUAL';
  locked: boolean;
  locked_by?: 'owner' | 'admin';
  locked_reason: string | null;
  fault?: Fault;
  /** The request of the launch, whose action record holds the 28 steps. */
  create_request_id: string;
  /** What that request belonged to elsewhere, where it said so: an orchestrator's request, an event. */
  create_global_request_id?: string;
  // in flight only: found by the sweeper through by-due
  due_pk?: string;
  due_at?: string;
  gsi1pk: string; // every server, for admins
  gsi1sk: string;
  [attribute: string]: unknown;
}

export const instanceKey = (projectId: string, uuid: string): Key => ({ pk: `PROJECT#${projectId}`, sk: `SERVER#${uuid}` });

/** All servers lie in 16 partitions of gsi1, so that no launch burst meets one hot key. */
export const SERVER_SHARDS = [...'0123456789abcdef'];
export const SERVERS = 'SERVERS#';
export const allServersIndex = (uuid: string, createdAt: string) => ({ gsi1pk: SERVERS + uuid.at(-1), gsi1sk: `${createdAt}#${uuid}` });

/** In flight: the sweeper looks at it once `at` has passed. */
export const dueInstances = dueShards('INSTANCE', { count: 2, once: 8 });
/** How long an instance may be scheduled, be built, or have a task under way before the sweeper asks after it. */
export const SCHEDULING_SECONDS = 120;
export const BUILD_SECONDS = 300;
export const TASK_SECONDS = 300;
export const dueInstance = (uuid: string, at: Date) => ({ due_pk: dueInstances.of(uuid), due_at: at.toISOString() });

/** ISO 8601 in seconds. */
export const secondsOf = (at: Date) => at.toISOString().replace(/\.\d+Z$/, 'Z');
export const now = () => secondsOf(new Date());

/** A fault as the API shows it: its message is at most 255 characters, the rest is for `details`. */
export const faultOf = (code: number, message: string, details?: string): Fault => ({
  code, created: now(), message: message.length > 255 ? `${message.slice(0, 252)}...` : message,
  ...((details ?? message.length > 255) && { details: details ?? message }),
});
