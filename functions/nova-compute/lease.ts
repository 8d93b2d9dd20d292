import { randomUUID } from 'node:crypto';
import { absent, absentOrLessThan, type Change, type Condition } from '../../shared/store/condition.ts';
import { ConditionFailed } from '../../shared/store/errors.ts';
import { journal, type Leased } from './journal.ts';

/** Longer than any invocation lives: once it has passed, whoever held it is gone. */
export const LEASE_MS = 75_000;

export const newLease = () => ({ lease_owner: randomUUID(), lease_until: new Date(Date.now() + LEASE_MS).toISOString() });
export const isLeased = ({ lease_until }: Leased) => lease_until !== undefined && lease_until > new Date().toISOString();

/** Someone else works on the record, or it is over, or a deletion has stopped it: there is nothing more to do here. */
export class LeaseLost extends Error { override name = 'LeaseLost' }

/** The record as it is now, leased; undefined where someone else has it, or `condition` does not hold. */
export async function lease<T extends Leased & Record<string, unknown>>(record: Pick<T, 'pk' | 'sk'>, condition: Record<string, unknown> = {}): Promise<T | undefined> {
  try {
    return await journal.update<T>(record, { set: newLease() }, { lease_until: absentOrLessThan(new Date().toISOString()), ...condition });
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}

/** What a write under a lease is conditional on. */
export const held = ({ lease_owner }: Leased): Record<string, unknown> => ({ lease_owner, cancelled: absent() });
export const freed: Pick<Change, 'remove'> = { remove: ['lease_owner', 'lease_until'] };

/** Changes a leased record; LeaseLost where it is not ours any more, or was cancelled. */
export async function save<T extends Leased & Record<string, unknown>>(record: T, change: Change, condition: Condition = held(record)): Promise<T> {
  try {
    return await journal.update<T>(record, change, condition);
  } catch (error) {
    if (error instanceof ConditionFailed) throw new LeaseLost();
    throw error;
  }
}

/** Gives the record free, where it is ours. */
export async function release(record: Leased): Promise<void> {
  await journal.update(record, freed, { lease_owner: record.lease_owner }).catch((error: unknown) => {
    if (!(error instanceof ConditionFailed)) throw error;
  });
}

/** Works on a leased record. Where that fails the record is free again at once, for the message's next receive; else the work has let go of it. */
export async function underLease(record: Leased, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await release(record).catch(() => {}); // it ends by itself
    if (!(error instanceof LeaseLost)) throw error;
  }
}
