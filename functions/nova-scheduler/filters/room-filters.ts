import { hasRoom, type ResourceClass } from '../../../shared/objects/resources.ts';
import type { Filter } from './filter.ts';

const room = (which: ResourceClass): Filter => ({
  concerns: ({ resources }) => resources[which] > 0,
  passes: (host, { resources }) => hasRoom(host, which, resources[which]),
});

/** What placement decides in Nova: room within the allocation ratios. */
export const coreFilter = room('vcpus');
export const ramFilter = room('memory_mb');
export const diskFilter = room('local_gb');
