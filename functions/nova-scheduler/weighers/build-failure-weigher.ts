import type { Weigher } from './weigher.ts';

/** A host whose builds fail looks free, and would draw every launch to it. */
export const buildFailureWeigher: Weigher = (host) => -(host.failed_builds ?? 0);
