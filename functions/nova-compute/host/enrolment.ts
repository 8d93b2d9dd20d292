import { hostPartition } from '../../../shared/agent/command.ts';
import type { Key } from '../../../shared/store/table.ts';
import { journal } from '../journal.ts';

/** A host's identity. It stands under the host's own key, which the host may read: there is no secret in it. */
export interface Enrolment extends Key {
  host: string;
  managed_instance_id: string;
  public_key: string;
  console_url: string;
  enrolled_at: string;
  gsi1pk: string;
  gsi1sk: string;
  [attribute: string]: unknown;
}

export const ENROLMENTS = 'HOSTS';
export const enrolmentKey = (host: string): Key => ({ pk: hostPartition(host), sk: 'ENROLMENT' });

/** Where a host is rung changes only when it is enrolled anew. A ring that goes astray is made good by the sweeper, which looks afresh. */
const KEEP_MS = 10 * 60_000;
const known = new Map<string, { since: number; enrolment: Enrolment }>();

/** The host's enrolment, remembered for ten minutes: to ring it by, not to believe it by. Undefined for a host that nobody enrolled. */
export async function enrolmentOf(host: string, { afresh = false } = {}): Promise<Enrolment | undefined> {
  const remembered = known.get(host);
  if (!afresh && remembered && remembered.since + KEEP_MS > Date.now()) return remembered.enrolment;
  const enrolment = await journal.get<Enrolment>(enrolmentKey(host));
  if (enrolment) known.set(host, { since: Date.now(), enrolment });
  else known.delete(host);
  return enrolment;
}
