import { type ComputeNode, computeNodeKey, HOSTS } from '../../../shared/objects/compute_node.ts';
import { nova } from '../store.ts';

/** Every hypervisor host, by name. */
export const allNodes = (): Promise<ComputeNode[]> => nova.query<ComputeNode>({ pk: HOSTS, prefix: 'HOST#' });
export const nodeOf = (host: string): Promise<ComputeNode | undefined> => nova.get<ComputeNode>(computeNodeKey(host));
