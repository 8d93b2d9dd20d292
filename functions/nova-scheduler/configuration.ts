/**
 * The scheduler's settings, named as Nova's [filter_scheduler] options; their defaults are Nova's but for host_subset_size:
 * schedulers that work side by side each choose among a few of the best, and so rarely want the same host.
 */
import type { FilterName } from './filters/index.ts';
import type { WeigherName } from './weighers/index.ts';

export interface SchedulerConfiguration {
  enabled_filters: FilterName[];
  /** Weigher → multiplier; 0 leaves it out, a negative one turns spreading into stacking. */
  weight_multipliers: Record<WeigherName, number>;
  host_subset_size: number;
  /** Attempts at an instance, the first included: so many hosts less one are offered as alternates. */
  max_attempts: number;
}

export const configuration: SchedulerConfiguration = {
  enabled_filters: [
    'ForcedHostFilter', 'ComputeFilter', 'AvailabilityZoneFilter', 'ComputeCapabilitiesFilter', 'ImagePropertiesFilter', 'SameHostFilter', 'DifferentHostFilter', 'NetworkHostFilter',
    'CoreFilter', 'RamFilter', 'DiskFilter',
  ],
  weight_multipliers: {
    RAMWeigher: 1, CPUWeigher: 1, DiskWeigher: 1, HypervisorVersionWeigher: 1, IoOpsWeigher: -1, BuildFailureWeigher: 1_000_000, NumInstancesWeigher: 0,
  },
  host_subset_size: 3,
  max_attempts: 3,
};
