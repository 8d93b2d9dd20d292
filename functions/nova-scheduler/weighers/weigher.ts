import type { HostState, RequestSpec } from '../request.ts';

/** How good a host is by one measure: more is better. Values are scaled to 0…1 over the hosts compared, then multiplied. */
export type Weigher = (host: HostState, request: RequestSpec) => number;
