import type { ComputeNode } from './compute_node.ts';
import type { Instance } from './instance.ts';

/** What an instance takes of a host. */
export interface Resources { vcpus: number; memory_mb: number; local_gb: number }

/** An instance booted from a volume has no root disk of its own; swap is in MB, disks are in GB. */
export const resourcesOf = ({ flavor, image_ref }: Pick<Instance, 'flavor' | 'image_ref'>): Resources => ({
  vcpus: flavor.vcpus,
  memory_mb: flavor.memory_mb,
  local_gb: (image_ref === '' ? 0 : flavor.root_gb) + flavor.ephemeral_gb + Math.ceil(flavor.swap / 1024),
});

/** As placement's inventories with Nova's defaults: allocation ratios, and what the host keeps for itself. */
export const inventory = {
  vcpus: { ratio: 16, reserved: 0 },
  memory_mb: { ratio: 1.5, reserved: 512 },
  local_gb: { ratio: 1, reserved: 0 },
} as const satisfies Record<keyof Resources, { ratio: number; reserved: number }>;

export type ResourceClass = keyof Resources;
export const resourceClasses = Object.keys(inventory) as ResourceClass[];
export const usedAttribute = { vcpus: 'vcpus_used', memory_mb: 'memory_mb_used', local_gb: 'local_gb_used' } as const satisfies Record<ResourceClass, string>;

/** How much of a class may be in use on this host, over-commitment included. */
export const capacityOf = (node: Pick<ComputeNode, ResourceClass>, which: ResourceClass) =>
  Math.max(0, Math.floor((node[which] - inventory[which].reserved) * inventory[which].ratio));

export const freeOf = (node: Pick<ComputeNode, ResourceClass | 'vcpus_used' | 'memory_mb_used' | 'local_gb_used'>, which: ResourceClass) =>
  capacityOf(node, which) - node[usedAttribute[which]];

/** One instance never gets more of a class than the host really has, however much is over-committed. */
export const hasRoom = (node: ComputeNode, which: ResourceClass, needed: number) =>
  needed === 0 || (needed <= freeOf(node, which) && needed <= node[which] - inventory[which].reserved);
