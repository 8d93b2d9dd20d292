import type { Weigher } from './weigher.ts';

/** Newer hypervisors first. */
export const hypervisorVersionWeigher: Weigher = (host) => host.hypervisor_version;
