import { queues, type QueueName } from './declaration.ts';

/** What AWS gives an account, once it has left the first limit of 10 behind. */
export const USUAL_ACCOUNT_LIMIT = 1000;
/** SQS mappings take no less. */
const LEAST = 2;

const names = Object.keys(queues) as QueueName[];
const wanted = names.reduce((sum, name) => sum + queues[name].maxConcurrency, 0);

/** From this limit on the queues keep to their half of it. */
export const leastAccountLimit = 2 * LEAST * names.length;

/**
 * How many executions each queue's consumer may have: what it is declared to want, and together at most half of the account's limit,
 * so that clients are answered however many messages wait. Where half is not enough, each gets its share of it, two at least.
 */
export function concurrencyOf(accountLimit = USUAL_ACCOUNT_LIMIT): Record<QueueName, number> {
  const half = Math.floor(accountLimit / 2);
  const shared = half - LEAST * names.length; // beyond everybody's least
  const share = (name: QueueName) => {
    const most = queues[name].maxConcurrency;
    if (half >= wanted) return most;
    return LEAST + Math.max(0, Math.floor((shared * (most - LEAST)) / (wanted - LEAST * names.length)));
  };
  return Object.fromEntries(names.map((name) => [name, share(name)])) as Record<QueueName, number>;
}
