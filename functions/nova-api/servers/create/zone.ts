import { badRequest } from '../../../../shared/http/errors.ts';
import type { ComputeNode } from '../../../../shared/objects/compute_node.ts';
import { allNodes } from '../../hosts/store.ts';
import type { LaunchRequest } from './request.ts';

const KEEP_MS = 15_000;
let known: { until: number; nodes: ComputeNode[] } | undefined;

/** Are the zone and the host there that the request names? Who names none asks nobody. 400 where not. */
export async function checkDestination({ zone, requestedHost, requestedNode }: Pick<LaunchRequest, 'zone' | 'requestedHost' | 'requestedNode'>): Promise<void> {
  const hosts = [zone.host, zone.node, requestedHost, requestedNode].flatMap((name) => name ?? []);
  if (!zone.name && hosts.length === 0) return;
  const there = (nodes: ComputeNode[]) => (!zone.name || nodes.some(({ availability_zone }) => availability_zone === zone.name)) && hosts.every((name) => nodes.some(({ host }) => host === name));
  if (known && known.until > Date.now() && there(known.nodes)) return;
  known = { until: Date.now() + KEEP_MS, nodes: await allNodes() };
  if (there(known.nodes)) return;
  const missing = hosts.find((name) => !known!.nodes.some(({ host }) => host === name));
  if (missing) throw badRequest(`Compute host ${missing} could not be found.`);
  throw badRequest('The requested availability zone is not available');
}
