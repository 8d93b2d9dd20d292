import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { log } from '../../shared/telemetry/log.ts';
import { outage } from '../backoff.ts';

export interface Outgoing {
  /** The message, made at each try; undefined: it is of no use any more. */
  body(): string | undefined;
  /** The queue took it. */
  sent(): void;
  /** Set while a request with it is under way. */
  inFlight?: boolean;
}

export type Sender = ReturnType<typeof createSender>;

/** Sends to one queue, in batches of what came up while the last one was under way, and tries for as long as it takes. */
export function createSender(sqs: SQSClient, queueUrl: string, stopping: AbortSignal) {
  const waiting: Outgoing[] = [];
  let sending = false;
  const state = outage((away, reason) => (away ? log.warn('reports cannot be sent; trying on', { queue: queueUrl, reason }) : log.info('reports can be sent again', { queue: queueUrl })));

  async function drain(): Promise<void> {
    if (sending) return;
    sending = true;
    while (waiting.length > 0 && !stopping.aborted) {
      const batch = nextBatch(waiting);
      for (const { outgoing } of batch) outgoing.inFlight = true;
      const result = await sendBatch(sqs, queueUrl, batch.map(({ body }) => body), stopping);
      for (const { outgoing } of batch) outgoing.inFlight = false;
      waiting.unshift(...batch.filter((_, index) => !result.taken.has(index)).map(({ outgoing }) => outgoing));
      for (const [index, { outgoing }] of batch.entries()) if (result.taken.has(index)) outgoing.sent();
      if (result.error === undefined) state.worked();
      else if (!stopping.aborted) await sleep(state.failed(result.error), undefined, { signal: stopping }).catch(() => {});
    }
    sending = false;
  }

  return {
    add(...outgoing: Outgoing[]): void {
      waiting.push(...outgoing);
      queueMicrotask(() => void drain()); // what is added in the same moment goes together
    },
  };
}

interface Ready { outgoing: Outgoing; body: string }

export const BATCH = 10;
const BATCH_BYTES = 200_000;

function nextBatch(waiting: Outgoing[]): Ready[] {
  const batch: Ready[] = [];
  let bytes = 0;
  while (batch.length < BATCH && waiting.length > 0) {
    const outgoing = waiting[0]!;
    const body = outgoing.body();
    bytes += body === undefined ? 0 : Buffer.byteLength(body);
    if (batch.length > 0 && bytes > BATCH_BYTES) break;
    waiting.shift();
    if (body !== undefined) batch.push({ outgoing, body });
  }
  return batch;
}

/** Which of the messages the queue took, and why it didn't take the others. Never throws. */
export async function sendBatch(sqs: SQSClient, queueUrl: string, bodies: string[], abortSignal: AbortSignal): Promise<{ taken: Set<number>; error?: unknown }> {
  if (bodies.length === 0) return { taken: new Set() };
  try {
    const { Successful = [], Failed = [] } = await sqs.send(
      new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: bodies.map((body, index) => ({ Id: String(index), MessageBody: body })) }),
      { abortSignal },
    );
    return { taken: new Set(Successful.map(({ Id }) => Number(Id))), ...(Failed.length > 0 && { error: new Error(`the queue refused messages: ${Failed[0]!.Code}`) }) };
  } catch (error) {
    return { taken: new Set(), error };
  }
}
