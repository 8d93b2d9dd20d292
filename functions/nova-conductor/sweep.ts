import { randomInt } from 'node:crypto';
import { HOSTS, type ComputeNode } from '../../shared/objects/compute_node.ts';
import { dueInstances, type Instance } from '../../shared/objects/instance.ts';
import { dueQuotas, type ProjectQuota } from '../../shared/objects/quota.ts';
import { partitionsToSweep } from '../../shared/store/due-shards.ts';
import { table } from '../../shared/store/table.ts';
import { factsOf, log } from '../../shared/telemetry/log.ts';
import { recording } from '../../shared/telemetry/steps.ts';
import { withTrace } from '../../shared/telemetry/trace.ts';
import { driveOn } from './sweep/instance.ts';
import { recount } from './sweep/quota.ts';
import { reconcileNextHost } from './sweep/reconcile.ts';
import { tellOfSilentHosts } from './sweep/silent-hosts.ts';

const nova = table('nova');
const AT_MOST = 800;
const SIDE_BY_SIDE = 10;
const ROUND_MS = 45_000;

/** Once a minute: instances in flight past their deadline, projects whose use of quota is in doubt, hosts that fell silent, and one host's claims. */
export async function handler(): Promise<void> {
  const due = await nova.due<Instance | ProjectQuota>(partitionsToSweep([dueInstances, dueQuotas]), AT_MOST);
  const work = [...due.map((each) => () => (isInstance(each) ? driveOn(each) : recount(each))), () => lookAtHosts()];
  const until = Date.now() + ROUND_MS;
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, async () => {
    while (work.length > 0 && Date.now() < until) await tryTo(work.splice(randomInt(work.length), 1)[0]!);
  }));
}

const isInstance = (record: Instance | ProjectQuota): record is Instance => 'uuid' in record;

async function lookAtHosts(): Promise<void> {
  const nodes = await nova.query<ComputeNode>({ pk: HOSTS, prefix: 'HOST#' });
  tellOfSilentHosts(nodes);
  await reconcileNextHost(nodes);
}

/** One that fails does not hold up the others; it is there again in the next round. */
async function tryTo(work: () => Promise<void>): Promise<void> {
  try {
    await withTrace(undefined, () => recording([], work));
  } catch (error) {
    log.error('sweeping failed', factsOf(error));
  }
}
