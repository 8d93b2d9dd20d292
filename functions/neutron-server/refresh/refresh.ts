import { serviceContext } from '../../../shared/identity/service-context.ts';
import { cast } from '../../../shared/rpc/send.ts';
import type { Args } from '../../../shared/rpc/topic.ts';
import { neutronServer } from '../../../shared/rpc/topics/neutron-server.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import type { Write } from '../../../shared/store/table.ts';
import { db } from '../store/db.ts';
import { find } from '../store/visible.ts';
import { membersOf } from '../security-group/members.ts';
import { membershipOf } from '../security-group/membership.ts';
import { marksOf, subjectId, type Mark } from './mark.ts';
import { takeTurn, turnTaken, unitsOf } from './turn.ts';

/** A message to nova-compute names so many: it asks for them in one request, whose answer holds all their rules. */
const PORTS_A_MESSAGE = 20;

/** Has nova-compute bring the hosts that a change concerns up to date. Marks are taken away only after that; a repeat finds none. */
export async function refresh({ subject }: Args<typeof neutronServer.methods.refresh>): Promise<void> {
  const first = await marks(subject);
  if (first.length === 0) return;
  if (subject.startsWith('group#') && !(await myTurn(subject, first.some(({ what }) => what === 'rules')))) return;
  const found = await marks(subject); // those of whoever waited for this turn as well
  const units = subject.startsWith('port#') ? await portChanged(subjectId(subject)) : await groupChanged(subjectId(subject), new Set(found.map(({ what }) => what)));
  const over: Write[] = [...found.map((mark) => ({ delete: mark })), ...(units === undefined ? [] : [turnTaken(subject, units)])];
  for (let i = 0; i < over.length; i += 100) await db.transact(over.slice(i, i + 100));
}

const marks = (subject: string) => db.query<Mark>({ pk: marksOf(subject) });

async function myTurn(subject: string, urgent: boolean): Promise<boolean> {
  const turn = await takeTurn(subject, urgent);
  if (turn === 'now') return true;
  if (turn !== 'another') await cast(neutronServer.methods.refresh, { subject }, { context: serviceContext('neutron'), steps: [], delay: turn.seconds });
  return false;
}

async function portChanged(id: string): Promise<undefined> {
  if ((await find('port', id))?.['binding:host_id']) await refreshInterfaces([id]);
}

/** Rules are told with each port that has the group, members once to each host. Returns what the latter costs, where it was done. */
async function groupChanged(id: string, what: Set<Mark['what']>): Promise<number | undefined> {
  if (what.has('rules')) await refreshInterfaces((await membersOf(id)).filter(({ host }) => host).map(({ port_id }) => port_id));
  if (!what.has('members')) return undefined;
  await cast(novaCompute.methods.refresh_security_group, { security_group_id: id }, { context: serviceContext('neutron'), steps: [] });
  return unitsOf(await membershipOf(id));
}

async function refreshInterfaces(ports: string[]): Promise<void> {
  for (let i = 0; i < ports.length; i += PORTS_A_MESSAGE)
    await cast(novaCompute.methods.refresh_interfaces, { port_ids: ports.slice(i, i + PORTS_A_MESSAGE) }, { context: serviceContext('neutron'), steps: [] });
}
