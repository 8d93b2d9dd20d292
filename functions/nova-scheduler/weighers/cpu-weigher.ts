import { freeOf } from '../../../shared/objects/resources.ts';
import type { Weigher } from './weigher.ts';

/** Free virtual CPUs. */
export const cpuWeigher: Weigher = (host) => freeOf(host, 'vcpus');
