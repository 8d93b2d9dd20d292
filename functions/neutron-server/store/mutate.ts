import { setTimeout as sleep } from 'node:timers/promises';
import { ConditionFailed, StoreBusy, TransactionRefused } from '../../../shared/store/errors.ts';

/**
 * Runs a read-change-write again, with jitter, while its write finds that another was faster. `attempt` throws ConditionFailed
 * (or TransactionRefused) then, and anything else for a reason that lasts.
 */
export async function optimistically<T>(attempt: () => Promise<T>, attempts = 10): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ConditionFailed || error instanceof TransactionRefused)) throw error;
      if (n === attempts) throw new StoreBusy('others keep changing this record, try again', { cause: error });
      await sleep(Math.random() * 20 * 2 ** Math.min(n, 5));
    }
  }
}
