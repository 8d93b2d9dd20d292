import { claimantKey, releaseClaimWrites } from '../../../shared/objects/claim.ts';
import { claimsOn, computeNodeKey, hostsChanged, type Claim, type ComputeNode } from '../../../shared/objects/compute_node.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { resourceClasses, usedAttribute } from '../../../shared/objects/resources.ts';
import { ConditionFailed, TransactionRefused } from '../../../shared/store/errors.ts';
import { inTurn } from '../../../shared/store/due-shards.ts';
import { table } from '../../../shared/store/table.ts';
import { log } from '../../../shared/telemetry/log.ts';

const nova = table('nova');
/** What is younger may still be on its way through the indexes. */
const SETTLED_MS = 120_000;

/**
 * One host a round, all of them in turn: every claim has its instance, and the host's counters are the sum of the claims. (That an instance has
 * its claim is seen by its guest, see guests.ts.) They change together, so this finds something only where something went badly wrong.
 * @param nodes all hosts, by name
 */
export async function reconcileNextHost(nodes: ComputeNode[]): Promise<void> {
  const node = inTurn(nodes);
  if (node) await reconcile(node);
}

/** @param node the host's record, read before */
export async function reconcile(node: ComputeNode): Promise<void> {
  const { host } = node;
  const claims = await nova.query<Claim>(claimsOn(host));
  const instances = await nova.getMany<Instance>(claims.map(claimantKey));
  const orphans = claims.filter((claim) => old(claim.created_at) && !instances.some(({ uuid, host: where }) => uuid === claim.instance_uuid && where === host));
  for (const claim of orphans) await dropOrphan(claim);
  if (orphans.length > 0 || wrongCounters(node, claims)) await recountHost(host);
}

const old = (iso: string) => Date.now() > Date.parse(iso) + SETTLED_MS;

/** A claim whose instance is gone, or elsewhere. */
async function dropOrphan(claim: Claim): Promise<void> {
  const instance = await nova.get<Instance>(claimantKey(claim));
  if (instance?.host === claim.host && instance.vm_state !== 'deleted') return;
  log.error('a claim without its instance is released', { instance: claim.instance_uuid, host: claim.host });
  await nova.transact(releaseClaimWrites(claim)).catch((error: unknown) => { if (!(error instanceof TransactionRefused)) throw error; });
}

/** The counters that are not the sum of the claims, as they should be. */
function wrongCounters(node: ComputeNode, claims: Claim[]): Record<string, number> | undefined {
  const sum = { running_vms: claims.length, ...Object.fromEntries(resourceClasses.map((which) => [usedAttribute[which], claims.reduce((total, claim) => total + claim[which], 0)])) };
  const wrong = Object.entries(sum).filter(([name, value]) => node[name] !== value);
  return wrong.length > 0 ? Object.fromEntries(wrong) : undefined;
}

/** Puts counters right by records that are read anew, unless they changed while they were added up. */
async function recountHost(host: string): Promise<void> {
  const node = await nova.get<ComputeNode>(computeNodeKey(host));
  const claims = await nova.query<Claim>(claimsOn(host));
  if (!node || claims.some(({ created_at }) => !old(created_at))) return;
  const wrong = wrongCounters(node, claims);
  if (!wrong || !old(node.gsi1sk.slice(0, 24))) return;
  log.error('counters of a host were wrong', { host, was: Object.fromEntries(Object.keys(wrong).map((name) => [name, node[name]])), is: wrong });
  await nova.update(computeNodeKey(host), { set: { ...wrong, ...hostsChanged(host) } }, { gsi1sk: node.gsi1sk }).catch((error: unknown) => { if (!(error instanceof ConditionFailed)) throw error; });
}
