import type { Reply } from '../../../shared/http/route.ts';

/** `GET /os-aggregates`: the clients ask it to show a hypervisor. None can be made here, so there are none. */
export const listAggregates = (): Reply => ({ body: { aggregates: [] } });
