import { randomInt, randomUUID } from 'node:crypto';
import { computeNodeKey, hostsChanged, type ComputeNode } from '../../shared/objects/compute_node.ts';
import { now } from '../../shared/objects/instance.ts';
import type { Args } from '../../shared/rpc/topic.ts';
import { novaConductor } from '../../shared/rpc/topics/nova-conductor.ts';
import { table } from '../../shared/store/table.ts';

const nova = table('nova');
const DEFAULT_AVAILABILITY_ZONE = 'nova';

/** A host becomes a compute node, or gets a new key. It takes no instance before its first heartbeat has told what it has. */
export async function hostEnrolled({ host, managed_instance_id, public_key, console_url }: Args<typeof novaConductor.methods.host_enrolled>): Promise<void> {
  const at = now();
  const fresh: Omit<ComputeNode, 'pk' | 'sk' | 'managed_instance_id' | 'public_key' | 'console_url' | 'updated_at'> = {
    host, uuid: randomUUID(), legacy_id: randomInt(1, 2 ** 31 - 1), availability_zone: DEFAULT_AVAILABILITY_ZONE,
    vcpus: 0, memory_mb: 0, local_gb: 0, vcpus_used: 0, memory_mb_used: 0, local_gb_used: 0, running_vms: 0,
    disabled: false, disabled_reason: null, forced_down: false, last_seen_up: null, created_at: at,
    hypervisor_type: '', hypervisor_version: 0, host_ip: '', cpu_info: {}, architecture: '', supported_instances: [], agent_version: '', driver: '', traits: [],
    ...hostsChanged(host),
  };
  await nova.update(computeNodeKey(host), { set: { managed_instance_id, public_key, console_url, updated_at: at }, setIfAbsent: fresh });
}
