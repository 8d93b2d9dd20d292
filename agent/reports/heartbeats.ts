import { setTimeout as sleep } from 'node:timers/promises';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { factsOf, log } from '../../shared/telemetry/log.ts';
import { outage } from '../backoff.ts';
import { BATCH, sendBatch } from './sender.ts';

const LEAST_MS = 15_000;
const MOST_MS = 20_000;

/**
 * Each host's heartbeat, at once and then every 15 to 20 s, ten hosts a request. Each of `hosts` gives a host's signed message.
 * A heartbeat that could not be sent is not kept: a newer one says more.
 */
export async function beat(sqs: SQSClient, queueUrl: string, hosts: (() => Promise<string>)[], stopping: AbortSignal): Promise<void> {
  const state = outage((away, reason) => (away ? log.warn('heartbeats cannot be sent; trying on', { queue: queueUrl, reason }) : log.info('heartbeats can be sent again', { queue: queueUrl })));
  while (!stopping.aborted) {
    let failure: unknown;
    for (let start = 0; start < hosts.length; start += BATCH) {
      const made = await Promise.all(hosts.slice(start, start + BATCH).map(attempt));
      const { error } = await sendBatch(sqs, queueUrl, made.filter((body) => body !== undefined), stopping);
      failure ??= error;
    }
    if (failure === undefined) state.worked();
    const wait = failure === undefined ? LEAST_MS + Math.random() * (MOST_MS - LEAST_MS) : Math.min(LEAST_MS, state.failed(failure));
    await sleep(wait, undefined, { signal: stopping }).catch(() => {});
  }
}

/** One host that can't tell how it is must not silence the others. */
async function attempt(make: () => Promise<string>): Promise<string | undefined> {
  try {
    return await make();
  } catch (error) {
    log.error('a heartbeat cannot be made', factsOf(error));
    return undefined;
  }
}
