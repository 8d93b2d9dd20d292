import { buildFailureWeigher } from './build-failure-weigher.ts';
import { cpuWeigher } from './cpu-weigher.ts';
import { diskWeigher } from './disk-weigher.ts';
import { hypervisorVersionWeigher } from './hypervisor-version-weigher.ts';
import { ioOpsWeigher } from './io-ops-weigher.ts';
import { numInstancesWeigher } from './num-instances-weigher.ts';
import { ramWeigher } from './ram-weigher.ts';
import type { Weigher } from './weigher.ts';

/** Every weigher by the name under which the configuration knows it. */
export const weighers = {
  RAMWeigher: ramWeigher,
  CPUWeigher: cpuWeigher,
  DiskWeigher: diskWeigher,
  HypervisorVersionWeigher: hypervisorVersionWeigher,
  IoOpsWeigher: ioOpsWeigher,
  BuildFailureWeigher: buildFailureWeigher,
  NumInstancesWeigher: numInstancesWeigher,
} satisfies Record<string, Weigher>;
export type WeigherName = keyof typeof weighers;
