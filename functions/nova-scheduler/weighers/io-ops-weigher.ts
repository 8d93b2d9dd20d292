import { launchesUnderWay } from '../../../shared/objects/compute_node.ts';
import type { Weigher } from './weigher.ts';

/**
 * Launches that began on the host a moment ago: they fetch and unpack images there. Nova counts tasks that weigh on a host's disk
 * when the host reports; here the claims tell, so that a burst is spread before any host could report.
 */
export const ioOpsWeigher: Weigher = (host) => launchesUnderWay(host).length;
