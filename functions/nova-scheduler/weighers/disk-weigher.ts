import { freeOf } from '../../../shared/objects/resources.ts';
import type { Weigher } from './weigher.ts';

/** Free disk. */
export const diskWeigher: Weigher = (host) => freeOf(host, 'local_gb');
