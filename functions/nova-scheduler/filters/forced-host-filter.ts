import type { Filter } from './filter.ts';

/** A host or node that was asked for by name, or has the volume that the instance boots from. The other rules hold there too. */
export const forcedHostFilter: Filter = {
  concerns: ({ instance }) => instance.forced_host !== undefined || instance.forced_node !== undefined,
  passes: (host, { instance }) => [instance.forced_host, instance.forced_node].every((name) => name === undefined || name === host.host),
};
