import { createHash } from 'node:crypto';
import { absentOrLessThan } from '../../../shared/store/condition.ts';
import { TransactionRefused } from '../../../shared/store/errors.ts';
import type { Key, Write } from '../../../shared/store/table.ts';
import { journal, pendingKey, remembered, type Pending } from '../journal.ts';

/**
 * What a host was last told of an interface or of a security group, and as of when neutron said so. Whoever tells it something has to
 * know newer; the same again is not told twice, and of several commands that the host has not taken yet only the last one is left.
 */
export interface Told extends Key {
  kind: 'interface' | 'security_group';
  as_of: string;
  /** Of what was told; '' where the host could not do it. */
  digest: string;
  tag?: string;
  command?: { sk: string; id: string };
  failures?: number;
  [attribute: string]: unknown;
}

/** A host that was away takes it up when it is back. */
export const REFRESH_SECONDS = 7 * 86_400;
/** What a host could not do is asked of it again so often. */
export const TRIES = 3;

export const digestOf = (what: unknown): string => createHash('sha256').update(JSON.stringify(what)).digest('base64url');

/** Hosts that are told at a time. */
export const AT_ONCE = 8;

/**
 * What was told, with its command only where that still waits. Most hosts have long taken it: to look is a read for all of them, to take away what is not there
 * would be two writes of each transaction.
 */
export async function withCommandsThatWait<T extends Told>(told: T[]): Promise<T[]> {
  const keys = told.flatMap(({ pk, command }) => (command ? [{ pk, sk: pendingKey('', command.id).sk }] : []));
  const waiting = new Set((await journal.getMany<Pending>(keys)).map(({ command_id }) => command_id));
  return told.map((each) => (each.command && !waiting.has(each.command.id) ? { ...each, command: undefined } : each));
}

/** Refused where newer was told. */
export const toldWrite = (told: Told): Write => ({ put: { ...told, expires_at: remembered() }, if: { as_of: absentOrLessThan(told.as_of) } });

/** Gives the command that tells it, in the place of the one before; false where newer is on its way, or `more` is refused. */
export async function news(told: Told, before: Told | undefined, command: Write[], more: Write[] = []): Promise<boolean> {
  if (before && before.as_of >= told.as_of) return false;
  const [given, pending] = command.map((write) => (write as { put: Key }).put) as [Key, Pending];
  const overtaken: Write[] = before?.command ? [{ delete: { pk: given.pk, sk: before.command.sk } }, { delete: pendingKey(pending.subject, before.command.id) }] : [];
  const failures = before?.digest === '' && { failures: before.failures ?? 0 };
  try {
    await journal.transact([toldWrite({ ...told, command: { sk: given.sk, id: pending.command_id }, ...failures }), ...more, ...command, ...overtaken]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
}

/** Takes note that the host could not do it, so that it is told again; how often by now. */
export async function failed(key: Key, kind: Told['kind']): Promise<number> {
  return (await journal.update<Told & { failures: number }>(key, { add: { failures: 1 }, set: { kind, digest: '', expires_at: remembered() } })).failures;
}
