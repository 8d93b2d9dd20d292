import { serviceContext } from '../../../shared/identity/service-context.ts';
import { cast } from '../../../shared/rpc/send.ts';
import { neutronServer } from '../../../shared/rpc/topics/neutron-server.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import type { Mark } from './mark.ts';

/** After a change was written with its marks. A message that can't be sent is no reason to fail the request: the sweeper sends another. */
export async function tell(project: string, marks: Mark[]): Promise<void> {
  const subjects = [...new Set(marks.map(({ subject }) => subject))];
  await Promise.all(subjects.map(async (subject) => {
    const patient = marks.every((mark) => mark.subject !== subject || mark.what === 'members');
    const delay = patient ? patience(subject) : 0;
    if (delay === undefined) return;
    await cast(neutronServer.methods.refresh, { subject }, { context: serviceContext('neutron', { project_id: project }), steps: [], delay }).catch((error: unknown) => {
      asked.delete(subject);
      log.warn('a refresh is left to the sweeper', { subject, ...factsOf(error) });
    });
  }));
}

const GATHER_SECONDS = 1;
const REMEMBERED = 1_000;
/** When this environment last asked for a refresh of a group's members, and until when the message is under way that asks for it (ms since 1970). */
const asked = new Map<string, { at: number; until: number }>();

/**
 * Seconds that a message waits before it asks for members to be told: none for the first, a little for those after it, and one of these finds
 * the marks of all that were written while it was under way: for them there is none (undefined).
 */
function patience(subject: string): number | undefined {
  const now = Date.now();
  const before = asked.get(subject);
  if (before && now < before.until) return undefined;
  const delay = before && now < before.at + 2 * GATHER_SECONDS * 1000 ? GATHER_SECONDS : 0;
  if (asked.size > REMEMBERED) asked.clear();
  asked.set(subject, { at: now, until: now + delay * 1000 });
  return delay;
}
