import { ConditionFailed, TransactionRefused } from '../../../shared/store/errors.ts';
import { HttpError } from '../../../shared/http/errors.ts';
import type { Kind } from '../errors.ts';
import { giveBack, take } from './usage.ts';

/**
 * Makes something that the project's quota counts. A refusal gives the count back. Where the answer got lost on its way, `made`
 * finds out whether the thing came to be after all: then it counts, and is the answer.
 */
export async function counted<T>(project: string, kind: Kind, make: () => Promise<T>, made: () => Promise<T | undefined>): Promise<T> {
  await take(project, kind);
  try {
    return await make();
  } catch (error) {
    if (!isRefusal(error)) {
      const there = await made(); // where not even this can be known the count stays: a recount mends it
      if (there) return there;
    }
    await giveBack(project, kind);
    throw error;
  }
}

/** An answer: nothing was written. Everything else may have happened. */
export const isRefusal = (error: unknown) => error instanceof HttpError || error instanceof ConditionFailed || error instanceof TransactionRefused;
