import { filters, type FilterName } from './filters/index.ts';
import type { Filter } from './filters/filter.ts';
import type { HostState, RequestSpec } from './request.ts';

/** What one filter did: hosts before and after it, and which it refused. */
export interface Verdict { filter: string; before: number; after: number; refused: string[]; /** For the owner. */ why?: string }

/** So many names of refused hosts are kept per filter; the counts tell of all. */
const NAMED = 50;

/** The hosts that every filter lets pass, and each filter's verdict, up to the one that left none. */
export function filterHosts(hosts: HostState[], request: RequestSpec, enabled: FilterName[]): { hosts: HostState[]; verdicts: Verdict[] } {
  const verdicts: Verdict[] = [];
  for (const name of enabled) {
    const filter: Filter = filters[name];
    if (filter.concerns && !filter.concerns(request)) continue;
    const passed: HostState[] = [];
    const refused: string[] = [];
    for (const host of hosts) {
      if (filter.passes(host, request)) passed.push(host);
      else if (refused.length < NAMED) refused.push(host.host);
    }
    verdicts.push({ filter: name, before: hosts.length, after: passed.length, refused, ...(filter.why && passed.length < hosts.length && { why: filter.why(request) }) });
    hosts = passed;
    if (hosts.length === 0) break;
  }
  return { hosts, verdicts };
}
