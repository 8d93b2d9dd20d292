import { differentHostFilter, sameHostFilter } from './affinity-filters.ts';
import { availabilityZoneFilter } from './availability-zone-filter.ts';
import { computeCapabilitiesFilter } from './compute-capabilities-filter.ts';
import { computeFilter } from './compute-filter.ts';
import type { Filter } from './filter.ts';
import { forcedHostFilter } from './forced-host-filter.ts';
import { imagePropertiesFilter } from './image-properties-filter.ts';
import { networkHostFilter } from './network-host-filter.ts';
import { coreFilter, diskFilter, ramFilter } from './room-filters.ts';

/** Every filter by the name under which the configuration and the verdicts know it. */
export const filters = {
  ComputeFilter: computeFilter,
  AvailabilityZoneFilter: availabilityZoneFilter,
  ComputeCapabilitiesFilter: computeCapabilitiesFilter,
  ImagePropertiesFilter: imagePropertiesFilter,
  SameHostFilter: sameHostFilter,
  DifferentHostFilter: differentHostFilter,
  ForcedHostFilter: forcedHostFilter,
  NetworkHostFilter: networkHostFilter,
  CoreFilter: coreFilter,
  RamFilter: ramFilter,
  DiskFilter: diskFilter,
} satisfies Record<string, Filter>;
export type FilterName = keyof typeof filters;
