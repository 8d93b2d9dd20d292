import type { Weigher } from './weigher.ts';

/** Instances on the host; off by default, for those who would rather stack than spread. */
export const numInstancesWeigher: Weigher = (host) => host.running_vms;
