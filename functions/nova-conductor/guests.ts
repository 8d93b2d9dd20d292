import type { Heartbeat } from '../../shared/agent/report.ts';
import { ACTIONS, actionKey, type InstanceAction } from '../../shared/objects/action.ts';
import { claimOf } from '../../shared/objects/claim.ts';
import { claimKey, claimsOn, type Claim, type ComputeNode } from '../../shared/objects/compute_node.ts';
import { instanceKey, NOSTATE, type Instance } from '../../shared/objects/instance.ts';
import { serviceContext } from '../../shared/identity/service-context.ts';
import { cast } from '../../shared/rpc/send.ts';
import { novaCompute } from '../../shared/rpc/topics/nova-compute.ts';
import { absent } from '../../shared/store/condition.ts';
import { TransactionRefused } from '../../shared/store/errors.ts';
import { table, type Key } from '../../shared/store/table.ts';
import { log } from '../../shared/telemetry/log.ts';
import { observed } from './power-states.ts';

const nova = table('nova');

/**
 * Guests of a host and instances claimed there, compared: by number at every heartbeat, which costs nothing; one by one where the
 * numbers differ for a while, and once an hour in any case. What is odd has to be so twice, longer apart than any launch or
 * deletion may take: a guest of no instance is taken away (Nova's running_deleted_instance_action=reap), an instance that lost its claim
 * gets it again, an instance without its guest counts as stopped.
 */
const ODD_FOR_MS = 10 * 60_000;
const LOOK_EVERY_MS = 60 * 60_000;
const FORGET_SECONDS = 6 * 3600;

type State = Pick<ComputeNode, 'guests_odd_since' | 'guests_checked_at'>;

/** What a heartbeat's record gets; `check`: it is time to compare them one by one. */
export function guestsState(node: State & Pick<ComputeNode, 'running_vms'>, { guests }: Pick<Heartbeat, 'guests'>, at = new Date()): { set: State; check: boolean } {
  const odd = guests.length !== node.running_vms;
  const oddSince = odd ? (node.guests_odd_since ?? at.toISOString()) : null;
  const checkedAt = Date.parse(node.guests_checked_at ?? '1970-01-01');
  const check = (oddSince !== null && at.getTime() - Date.parse(oddSince) >= ODD_FOR_MS && at.getTime() - checkedAt >= ODD_FOR_MS) || at.getTime() - checkedAt >= LOOK_EVERY_MS;
  return {
    check,
    set: { ...(oddSince !== (node.guests_odd_since ?? null) && { guests_odd_since: oddSince }), ...(check && { guests_checked_at: at.toISOString() }) },
  };
}

export async function compareGuests(host: string, { guests, sent_at }: Pick<Heartbeat, 'guests' | 'sent_at'>): Promise<void> {
  const indexed = await nova.query<Claim>(claimsOn(host));
  // the index may be behind: what looks odd by it is asked of the claims themselves
  const there = await nova.getMany<Claim>([...guests, ...indexed.map(({ instance_uuid }) => instance_uuid)].map(claimKey));
  const claims = there.filter((claim) => claim.host === host);
  const strays = guests.filter((uuid) => !claims.some(({ instance_uuid }) => instance_uuid === uuid));
  const missing = claims.filter(({ instance_uuid, created_at }) => !guests.includes(instance_uuid) && Date.now() - Date.parse(created_at) > ODD_FOR_MS);
  for (const uuid of strays) if (await seenBefore(uuid, `STRAY#${host}`)) await claimOrReap(host, uuid);
  for (const claim of missing) {
    if (!(await seenBefore(claim.instance_uuid, `ABSENT#${host}`))) continue;
    log.error('a host does not know an instance\'s guest', { host, instance: claim.instance_uuid });
    await observed(claim, NOSTATE, sent_at);
  }
}

/** Whether it looked so a while ago as well; from now on it did. */
async function seenBefore(uuid: string, what: string): Promise<boolean> {
  const key: Key = { pk: `SERVER#${uuid}`, sk: what };
  const now = new Date().toISOString();
  const again = (first_seen: string) => Date.now() - Date.parse(first_seen);
  const { first_seen } = await nova.update<{ first_seen: string }>(key, { setIfAbsent: { first_seen: now, expires_at: Math.floor(Date.now() / 1000) + FORGET_SECONDS } });
  if (again(first_seen) < ODD_FOR_MS) return false;
  await nova.remove(key); // whatever comes of it, the next time is a first one
  return again(first_seen) < 3 * LOOK_EVERY_MS; // longer ago it was another story
}

/** An instance that is on the host takes its room, whether it was ever claimed or not; nobody's guest goes. */
async function claimOrReap(host: string, uuid: string): Promise<void> {
  const [action] = await nova.query<InstanceAction>({ pk: actionKey(uuid, '').pk, prefix: ACTIONS, limit: 1 }); // which tells its project
  const instance = action && (await nova.get<Instance>(instanceKey(action.project_id, uuid)));
  if (instance?.host !== host) return reap(host, uuid);
  log.error('an instance without a claim gets one', { instance: uuid, host });
  const { project_id, sequence } = instance;
  await nova.transact([{ put: claimOf(instance, host, instance.attempt), if: { pk: absent() } }, { check: instanceKey(project_id, uuid), if: { host, sequence } }]).catch((error: unknown) => {
    if (!(error instanceof TransactionRefused)) throw error;
  });
}

async function reap(host: string, instance_uuid: string): Promise<void> {
  log.error('a guest of no instance is taken away', { host, instance: instance_uuid });
  await cast(novaCompute.methods.reap_guest, { host, instance_uuid }, { context: serviceContext(`host:${host}`), steps: [] });
}

