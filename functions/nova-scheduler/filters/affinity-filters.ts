import type { Filter } from './filter.ts';

/** Scheduler hint `same_host`: only where one of the named instances is. */
export const sameHostFilter: Filter = {
  concerns: ({ sameHost }) => sameHost !== undefined,
  passes: (host, { sameHost }) => sameHost!.has(host.host),
};

/** Scheduler hint `different_host`: not where any of the named instances is. */
export const differentHostFilter: Filter = {
  concerns: ({ differentHost }) => differentHost !== undefined,
  passes: (host, { differentHost }) => !differentHost!.has(host.host),
};
