import { isUp } from '../../../shared/objects/compute_node.ts';
import type { Filter } from './filter.ts';

/** The host is enabled and alive, as of when it was looked at; the claim's condition asks again. */
export const computeFilter: Filter = {
  passes: (host) => !host.disabled && isUp(host, host['seen_at'] as number | undefined),
};
