import type { Filter } from './filter.ts';

/** A host or node that an admin asked for by name. It overrides every other rule but that the host lives and has room. */
export const forcedHostFilter: Filter = {
  concerns: ({ instance }) => instance.forced_host !== undefined || instance.forced_node !== undefined,
  passes: (host, { instance }) => [instance.forced_host, instance.forced_node].every((name) => name === undefined || name === host.host),
};
