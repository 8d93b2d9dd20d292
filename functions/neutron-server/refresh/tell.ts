import { serviceContext } from '../../../shared/identity/service-context.ts';
import { cast } from '../../../shared/rpc/send.ts';
import { neutronServer } from '../../../shared/rpc/topics/neutron-server.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';
import type { Mark } from './mark.ts';

/** After a change was written with its marks. A message that can't be sent is no reason to fail the request: the sweeper sends another. */
export async function tell(project: string, marks: Mark[]): Promise<void> {
  const subjects = [...new Set(marks.map(({ subject }) => subject))];
  await Promise.all(subjects.map((subject) =>
    cast(neutronServer.methods.refresh, { subject }, { context: serviceContext('neutron', { project_id: project }), steps: [] })
      .catch((error: unknown) => log.warn('a refresh is left to the sweeper', { subject, ...factsOf(error) }))));
}
