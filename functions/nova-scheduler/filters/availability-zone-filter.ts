import type { Filter } from './filter.ts';

export const availabilityZoneFilter: Filter = {
  concerns: ({ instance }) => instance.availability_zone !== null,
  passes: (host, { instance }) => host.availability_zone === instance.availability_zone,
};
