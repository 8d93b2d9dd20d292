import { serviceContext } from '../../../shared/identity/service-context.ts';
import { cast } from '../../../shared/rpc/send.ts';
import type { Args } from '../../../shared/rpc/topic.ts';
import { neutronServer } from '../../../shared/rpc/topics/neutron-server.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import type { Write } from '../../../shared/store/table.ts';
import { db } from '../store/db.ts';
import { find } from '../store/visible.ts';
import { membersOf } from '../security-group/members.ts';
import { remoteRules } from '../security-group/store.ts';
import { marksOf, subjectId, type Mark } from './mark.ts';
import { takeTurn, turnTaken } from './turn.ts';

/** A message to nova-compute names so many: it asks for them in one request, whose answer holds all their rules. */
const PORTS_A_MESSAGE = 20;

/** Has nova-compute bring the ports that a change concerns up to date. Marks are taken away only after that; a repeat finds none. */
export async function refresh({ subject }: Args<typeof neutronServer.methods.refresh>): Promise<void> {
  const first = await marks(subject);
  if (first.length === 0) return;
  if (subject.startsWith('group#') && !(await myTurn(subject, first.some(({ what }) => what === 'rules')))) return;
  const found = await marks(subject); // those of whoever waited for this turn as well
  const ports = await concerned(subject, found);
  for (let i = 0; i < ports.length; i += PORTS_A_MESSAGE)
    await cast(novaCompute.methods.refresh_interfaces, { port_ids: ports.slice(i, i + PORTS_A_MESSAGE) }, { context: serviceContext('neutron'), steps: [] });
  const over: Write[] = [...found.map((mark) => ({ delete: mark })), ...(subject.startsWith('group#') ? [turnTaken(subject, ports.length)] : [])];
  for (let i = 0; i < over.length; i += 100) await db.transact(over.slice(i, i + 100));
}

const marks = (subject: string) => db.query<Mark>({ pk: marksOf(subject) });

async function myTurn(subject: string, urgent: boolean): Promise<boolean> {
  const turn = await takeTurn(subject, urgent);
  if (turn === 'now') return true;
  if (turn !== 'another') await cast(neutronServer.methods.refresh, { subject }, { context: serviceContext('neutron'), steps: [], delay: turn.seconds });
  return false;
}

/** Bound ports, by id. */
async function concerned(subject: string, found: Mark[]): Promise<string[]> {
  const id = subjectId(subject);
  if (subject.startsWith('port#')) return (await find('port', id))?.['binding:host_id'] ? [id] : [];
  const groups = new Set<string>();
  if (found.some(({ what }) => what === 'rules')) groups.add(id);
  if (found.some(({ what }) => what === 'members')) for (const { security_group_id } of await remoteRules(id)) groups.add(security_group_id);
  const members = (await Promise.all([...groups].map(membersOf))).flat();
  // a port that came alone knows itself already, however often it was asked for
  const ports = new Set(found.map(({ port_id }) => port_id));
  const alone = ports.size === 1 ? found[0]!.port_id : undefined;
  return [...new Set(members.filter(({ port_id, host }) => host && port_id !== alone).map(({ port_id }) => port_id))];
}
