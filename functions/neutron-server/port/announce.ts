import type { Write } from '../../../shared/store/table.ts';
import { markWrites, subjectId, type Mark } from '../refresh/mark.ts';
import { tell } from '../refresh/tell.ts';
import { fewMembersOf, type Member } from '../security-group/members.ts';
import { db } from '../store/db.ts';
import type { Port } from '../store/records.ts';
import type { Addresses } from './filter.ts';
import type { Grounds } from './grounds.ts';

/**
 * Groups (as subjects of marks) of which this environment last saw no other bound port: a port that comes to one is first written
 * without a mark. That is only a guess, and what is seen after the write counts.
 */
const lonely = new Set<string>();
const REMEMBERED = 1_000;

export const likelyNeeded = (marks: Mark[]): Mark[] => marks.filter(({ subject }) => !lonely.has(subject));

/**
 * After a port came or went: whom it concerns is told. `written`: the marks that went with the port; `due`: those that it should have.
 * Where only the group's own rules name it, and none but this port is bound there, nobody has to be told, and the mark is taken away: of two
 * ports that come at once one sees the other, for both are written before they look. That can be seen of a small group only; of a larger
 * one somebody is told, though it may concern nobody.
 *
 * Returns the addresses in those groups of which nobody is told: the port's own host must hear of them with the port. It may have been told
 * of the group before, and not since. `looking`: members of groups that are being looked for already, since after the write.
 */
export async function announce(port: Port, written: Mark[], due: Mark[], { namedByOthers }: Pick<Grounds, 'namedByOthers'>, looking = new Map<string, ReturnType<typeof fewMembersOf>>()): Promise<Addresses> {
  const ids = due.filter(({ what }) => what === 'members').map(({ subject }) => subjectId(subject)).filter((id) => !namedByOthers.has(id));
  const few = new Map(await Promise.all(ids.map(async (id) => [id, await (looking.get(id) ?? fewMembersOf(id))] as const)));
  const concernsNobody = ({ subject, what }: Mark) =>
    what === 'members' && !!few.get(subjectId(subject))?.every(({ port_id, host }) => port_id === port.id || !host);
  const missing = due.filter((mark) => !concernsNobody(mark) && !written.some(({ subject }) => subject === mark.subject));
  const needless = written.filter(concernsNobody);
  remember(due, concernsNobody);
  await write([...markWrites(missing), ...needless.map((mark) => ({ delete: mark }))]);
  await tell(port.project_id, [...written.filter((mark) => !concernsNobody(mark)), ...missing]);
  return new Map(due.filter(concernsNobody).map(({ subject }) => [subjectId(subject), addressesIn(few.get(subjectId(subject))!)]));
}

const addressesIn = (members: Member[]) => [...new Set(members.flatMap(({ addresses }) => addresses))].sort();

/** After a port changed: those are told that should be by now, too. */
export async function announceChange(port: Port, written: Mark[], due: Mark[]): Promise<void> {
  const missing = due.filter(({ subject }) => !written.some((mark) => mark.subject === subject));
  await write(markWrites(missing));
  await tell(port.project_id, [...written, ...missing]);
}

function remember(marks: Mark[], alone: (mark: Mark) => boolean): void {
  if (lonely.size > REMEMBERED) lonely.clear();
  for (const mark of marks) if (alone(mark)) lonely.add(mark.subject); else lonely.delete(mark.subject);
}

/** One write needs no transaction. */
async function write(writes: Write[]): Promise<void> {
  const [first] = writes;
  if (writes.length === 1 && first && 'put' in first) await db.put(first.put);
  else if (writes.length === 1 && first && 'delete' in first) await db.remove(first.delete);
  else if (first) await db.transact(writes);
}
