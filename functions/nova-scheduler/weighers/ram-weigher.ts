import { freeOf } from '../../../shared/objects/resources.ts';
import type { Weigher } from './weigher.ts';

/** Free memory: spreads instances over the hosts. */
export const ramWeigher: Weigher = (host) => freeOf(host, 'memory_mb');
