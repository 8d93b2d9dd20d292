import { randomUUID } from 'node:crypto';
import { dueShards } from '../../../shared/store/due-shards.ts';
import type { Key, Write } from '../../../shared/store/table.ts';

/**
 * What hosts have to be told, written together with the change itself, so that no crash and no lost message loses it:
 *
 *     the change and its mark  — one write
 *     a message naming the subject — sent after it; the sweeper sends another for marks that are still there
 *     refresh.ts — reads the subject's marks, has the hosts concerned told, takes away the marks that it read
 *
 * Many changes of one group between two refreshes are one refresh.
 */
export interface Mark extends Key {
  /** `rules`: of the group; `members`: of the group that rules name; `port`: the port itself. */
  what: 'rules' | 'members' | 'port';
  subject: string;
  due_pk: string;
  due_at: string;
  [attribute: string]: unknown;
}

export const groupSubject = (id: string) => `group#${id}`;
export const portSubject = (id: string) => `port#${id}`;
export const subjectId = (subject: string) => subject.slice(subject.indexOf('#') + 1);
export const marksOf = (subject: string) => `refresh#${subject}`;

export const dueMarks = dueShards('REFRESH', { count: 1, once: 4 });
/** A mark that is still there after so long has lost its message. */
const LOST_AFTER_MS = 30_000;

export function refreshMark(subject: string, what: Mark['what']): Mark {
  const sk = randomUUID();
  return { pk: marksOf(subject), sk, subject, what, due_pk: dueMarks.of(sk), due_at: new Date(Date.now() + LOST_AFTER_MS).toISOString() };
}

export const markWrites = (marks: Mark[]): Write[] => marks.map((mark) => ({ put: mark }));
