import { HOSTS, oneMoreLaunch, type ComputeNode } from '../../shared/objects/compute_node.ts';
import { resourceClasses, usedAttribute, type Resources } from '../../shared/objects/resources.ts';
import { table } from '../../shared/store/table.ts';
import type { HostState } from './request.ts';

/**
 * What this environment knows of the hosts. The first look reads all of them; after that only those are read that changed
 * since: claimed or given back room, other capacity, enabled, disabled, back from silence. A host that fell silent changes
 * nothing, and is found out by the claim, whose refusal brings the host's record along.
 */
interface Known { node: ComputeNode; seenAt: number; promised: Resources & { running_vms: number } }

/** Own claims are known at once, and those of others are found out by a claim's refusal; so little is missed meanwhile. */
const REFRESH_MS = 5_000;
/** Clocks of those who write differ, and the index lags: a little is read again each time. */
const OVERLAP_MS = 10_000;

const nova = table('nova');
const known = new Map<string, Known>();
let refreshedAt = 0;
let newest = '';
let refreshing: Promise<void> | undefined;

/** Looks at the hosts, where the last look is older than a few seconds, or `afresh`. */
export async function look({ afresh = false } = {}): Promise<void> {
  if (afresh || Date.now() - refreshedAt >= REFRESH_MS) await (refreshing ??= refresh().finally(() => (refreshing = undefined)));
}

/** The hosts as they are known. Whoever chooses one promises its room in the same breath: those who waited for the same look see it. */
export const hostStates = (): HostState[] => [...known.values()].map(stateOf);

async function refresh(): Promise<void> {
  const startedAt = Date.now();
  const nodes = newest === ''
    ? await nova.query<ComputeNode>({ pk: HOSTS, prefix: 'HOST#' })
    : await nova.query<ComputeNode>({ pk: HOSTS, index: 'gsi1', between: [overlapping(newest), '~'] });
  for (const node of nodes) observe(node, startedAt);
  refreshedAt = startedAt;
  // a fleet of none has no newest change to go on from
  if (nodes.length === 0 && newest !== '') return;
  for (const { gsi1sk } of nodes) if (gsi1sk > newest) newest = gsi1sk;
}

const overlapping = (sortKey: string) => new Date(Date.parse(sortKey.slice(0, 24)) - OVERLAP_MS).toISOString();

/** Takes over a host's record, unless what is known is newer: an index may answer with an older one. */
export function observe(node: ComputeNode, seenAt = Date.now()): void {
  const before = known.get(node.host);
  if (before && before.node.gsi1sk > node.gsi1sk) return;
  known.set(node.host, { node, seenAt: Math.max(seenAt, before?.seenAt ?? 0), promised: before?.promised ?? { vcpus: 0, memory_mb: 0, local_gb: 0, running_vms: 0 } });
}

export const forget = (host: string): void => void known.delete(host);

/** Counts room as taken while its claim is under way; the returned function takes the promise back. */
export function promise(host: string, resources: Resources): () => void {
  const entry = known.get(host);
  change(entry, resources, 1);
  return () => change(entry, resources, -1);
}

function change(entry: Known | undefined, resources: Resources, sign: 1 | -1): void {
  if (!entry) return;
  for (const which of resourceClasses) entry.promised[which] += sign * resources[which];
  entry.promised.running_vms += sign;
}

/** The host's last launches as they are known now: more than when it was chosen, where others were claimed there meanwhile. */
export function launchesOf(host: string): Pick<ComputeNode, 'launches'> {
  const launches = known.get(host)?.node.launches;
  return launches ? { launches } : {};
}

/** After a claim: the room is taken, whatever a look brings that began before it. `change`: the claim's own mark in the index of changes. */
export function claimed(host: string, resources: Resources, change: string): void {
  const entry = known.get(host);
  if (!entry || entry.node.gsi1sk === change) return; // a look was faster
  const node: ComputeNode = { ...entry.node, running_vms: entry.node.running_vms + 1, ...oneMoreLaunch(entry.node), ...(change > entry.node.gsi1sk && { gsi1sk: change }) };
  for (const which of resourceClasses) node[usedAttribute[which]] += resources[which];
  entry.node = node;
}

function stateOf({ node, seenAt, promised }: Known): HostState {
  return {
    ...node, vcpus_used: node.vcpus_used + promised.vcpus, memory_mb_used: node.memory_mb_used + promised.memory_mb,
    local_gb_used: node.local_gb_used + promised.local_gb, running_vms: node.running_vms + promised.running_vms, seen_at: seenAt,
  };
}
