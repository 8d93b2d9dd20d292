import { type ComputeNode, computeNodeKey, HOSTS } from '../../../shared/objects/compute_node.ts';
import { nova } from '../store.ts';

/** Names of hosts by the ids that clients call them by; whoever reads all of them keeps it, so that showing one is one read, however many there are. */
const nameOf = new Map<string, string>();

/** Every hypervisor host, by name. */
export async function allNodes(): Promise<ComputeNode[]> {
  const nodes = await nova.query<ComputeNode>({ pk: HOSTS, prefix: 'HOST#' });
  for (const { uuid, legacy_id, host } of nodes) nameOf.set(uuid, host).set(String(legacy_id), host);
  return nodes;
}

/** So many hosts whose names come after this one's, or the first. */
export const nodesAfter = (node: ComputeNode | undefined, limit: number): Promise<ComputeNode[]> => nova.query<ComputeNode>({ pk: HOSTS, prefix: 'HOST#', limit, ...(node && { after: node.sk }) });

export const nodeOf = (host: string): Promise<ComputeNode | undefined> => nova.get<ComputeNode>(computeNodeKey(host));

/** The host whose id, as `idOf` reads it, is this one. A host that was removed and enrolled again has another. */
export async function nodeById(id: string, idOf: (node: ComputeNode) => string | number): Promise<ComputeNode | undefined> {
  const isIt = (node: ComputeNode) => String(idOf(node)) === id;
  const name = nameOf.get(id);
  const known = name === undefined ? undefined : await nodeOf(name);
  return known && isIt(known) ? known : (await allNodes()).find(isIt);
}
