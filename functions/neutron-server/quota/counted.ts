import { HttpError } from '../../../shared/http/errors.ts';
import { ConditionFailed, TransactionRefused } from '../../../shared/store/errors.ts';
import type { Kind } from '../errors.ts';
import { giveBack, take, takeAnyway } from './usage.ts';

/** How many of what; `anyway`: beyond the limit too, for what comes into being with something else. */
export interface Counts { kind: Kind; n?: number; anyway?: true }

/**
 * Makes something that the project's quota counts. A refusal gives the counts back. Where the answer got lost on its way, `made`
 * finds out whether the thing came to be after all: then it counts, and is the answer.
 */
export async function counted<T>(project: string, counts: Counts[], make: () => Promise<T>, made: () => Promise<T | undefined>): Promise<T> {
  const done: Counts[] = [];
  const back = async () => {
    for (const { kind, n } of done) await giveBack(project, kind, n);
  };
  try {
    for (const one of counts) {
      await (one.anyway ? takeAnyway(project, one.kind, one.n) : take(project, one.kind));
      done.push(one);
    }
  } catch (error) {
    await back();
    throw error;
  }
  try {
    return await make();
  } catch (error) {
    if (!isRefusal(error)) {
      const there = await made(); // where not even this can be known the count stays: a recount mends it
      if (there) return there;
    }
    await back();
    throw error;
  }
}

/** An answer: nothing was written. Everything else may have happened. */
export const isRefusal = (error: unknown) => error instanceof HttpError || error instanceof ConditionFailed || error instanceof TransactionRefused;
