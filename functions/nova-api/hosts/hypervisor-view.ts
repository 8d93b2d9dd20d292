import { type ComputeNode, isUp } from '../../../shared/objects/compute_node.ts';

/** Ids were small integers before 2.53. */
export const hypervisorId = (node: ComputeNode, minor: number): string | number => (minor >= 53 ? node.uuid : node.legacy_id);

/** Hypervisors, `List Hypervisors`: what every version shows. */
export const basicHypervisor = (node: ComputeNode, minor: number) => ({
  id: hypervisorId(node, minor),
  hypervisor_hostname: node.host,
  state: isUp(node) ? 'up' : 'down',
  status: node.disabled ? 'disabled' : 'enabled',
});

/** `Show Hypervisor Details`: 2.28 makes cpu_info an object; 2.88 takes the figures of use away (placement's in Nova) and adds uptime. */
export function detailedHypervisor(node: ComputeNode, minor: number) {
  return {
    ...basicHypervisor(node, minor),
    host_ip: node.host_ip,
    hypervisor_type: node.hypervisor_type,
    hypervisor_version: node.hypervisor_version,
    service: { id: hypervisorId(node, minor), host: node.host, disabled_reason: node.disabled_reason },
    ...(minor >= 88 ? { uptime: null } : { ...figures(node), cpu_info: minor >= 28 ? node.cpu_info : JSON.stringify(node.cpu_info) }),
  };
}

/** A host's size and use, as they stand after the claims on it. */
export const figures = (node: ComputeNode) => ({
  vcpus: node.vcpus,
  vcpus_used: node.vcpus_used,
  memory_mb: node.memory_mb,
  memory_mb_used: node.memory_mb_used,
  free_ram_mb: node.memory_mb - node.memory_mb_used,
  local_gb: node.local_gb,
  local_gb_used: node.local_gb_used,
  free_disk_gb: node.local_gb - node.local_gb_used,
  disk_available_least: node.local_gb - node.local_gb_used,
  current_workload: 0, // no build outlives the claim that counts it among running_vms
  running_vms: node.running_vms,
});
