import type { HostState, RequestSpec } from '../request.ts';

/** One rule: may this instance go to that host? A filter that does not concern a request is left out of its verdicts. */
export interface Filter {
  concerns?: (request: RequestSpec) => boolean;
  passes: (host: HostState, request: RequestSpec) => boolean;
  /** Where it leaves no host, or only ones that others refuse: what the owner of the request is told besides. */
  why?: (request: RequestSpec) => string;
}
