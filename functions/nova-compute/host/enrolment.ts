import { hostPartition } from '../../../shared/agent/command.ts';
import type { CommandDone } from '../../../shared/agent/report.ts';
import { exists } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Key } from '../../../shared/store/table.ts';
import { journal } from '../journal.ts';

/** A host's identity. It stands under the host's own key, which the host may read: there is no secret in it. */
export interface Enrolment extends Key {
  host: string;
  managed_instance_id: string;
  public_key: string;
  console_url: string;
  enrolled_at: string;
  /** Its agent reads commands that are kept in bytes. */
  reads_compressed?: boolean;
  gsi1pk: string;
  gsi1sk: string;
  [attribute: string]: unknown;
}

export const ENROLMENTS = 'HOSTS';
export const enrolmentKey = (host: string): Key => ({ pk: hostPartition(host), sk: 'ENROLMENT' });

/** What the host's agent can read, by its newest report: agents are upgraded, and put back, without a word. */
export async function noteAgent({ host, reads_compressed: noted = false }: Enrolment, { reads_compressed = false }: CommandDone): Promise<void> {
  if (noted === reads_compressed) return;
  await journal.change(enrolmentKey(host), { set: { reads_compressed } }, { pk: exists() }).catch((error: unknown) => { if (!(error instanceof ConditionFailed)) throw error; });
}

/** Whether commands for the host may be kept in bytes. */
export const readsCompressed = async (host: string): Promise<boolean> => (await enrolmentOf(host))?.reads_compressed ?? false;

/** Where a host is rung changes only when it is enrolled anew. A ring that goes astray is made good by the sweeper, which looks afresh. */
const KEEP_MS = 10 * 60_000;
/** One whose agent has told nothing yet, which its first report will. */
const KEEP_NEW_MS = 5_000;
const known = new Map<string, { until: number; enrolment: Enrolment }>();

/** The host's enrolment, remembered for ten minutes: to ring it by, not to believe it by. Undefined for a host that nobody enrolled. */
export async function enrolmentOf(host: string, { afresh = false } = {}): Promise<Enrolment | undefined> {
  const remembered = known.get(host);
  if (!afresh && remembered && remembered.until > Date.now()) return remembered.enrolment;
  const enrolment = await journal.get<Enrolment>(enrolmentKey(host));
  if (enrolment) known.set(host, { until: Date.now() + (enrolment.reads_compressed === undefined ? KEEP_NEW_MS : KEEP_MS), enrolment });
  else known.delete(host);
  return enrolment;
}
