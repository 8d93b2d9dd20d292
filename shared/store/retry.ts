import { setTimeout as sleep } from 'node:timers/promises';
import { StoreBusy } from './errors.ts';

const passing = new Set([
  'TransactionConflictException', 'TransactionInProgressException', 'ThrottlingException', 'ProvisionedThroughputExceededException',
  'RequestLimitExceeded', 'InternalServerError', 'ServiceUnavailable',
]);
const passingReasons = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

interface AwsError { name?: string; CancellationReasons?: { Code?: string }[] }

const isPassing = (error: AwsError) =>
  passing.has(error.name ?? '') ||
  // a transaction whose only reasons are conflicts may be tried again; one with a failed condition is an answer
  (error.name === 'TransactionCanceledException' &&
    !!error.CancellationReasons?.some((r) => passingReasons.has(r.Code ?? '')) &&
    !error.CancellationReasons.some((r) => r.Code === 'ConditionalCheckFailed'));

/** Runs a request again, with full jitter, while it fails for passing reasons; then StoreBusy. */
export async function retrying<T>(request: () => Promise<T>, attempts = 6): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      if (!isPassing(error as AwsError)) throw error;
      if (attempt >= attempts) throw new StoreBusy('the database is busy, try again', { cause: error });
      await sleep(Math.random() * 25 * 2 ** attempt);
    }
  }
}
