import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Static } from '@sinclair/typebox';
import { queues } from '../deployment/declaration.ts';
import type { RequestContext } from '../identity/context.ts';
import { factsOf, log } from '../telemetry/log.ts';
import { recordedSteps, recording } from '../telemetry/steps.ts';
import { withTrace } from '../telemetry/trace.ts';
import { comeBackSoon } from './come-back.ts';
import { handling } from './current.ts';
import { Envelope } from './envelope.ts';
import { answer, checked } from './send.ts';
import type { Answer, Method, ReplyHandler, Topic } from './topic.ts';

/** What a handler knows of its message beside the arguments. */
export interface Delivery {
  context: RequestContext;
  messageId: string;
  correlationId: string;
  /** 1 at the first receive. */
  receives: number;
  deadline: Date | undefined;
  /** Work that a call's answer need not wait for. It is begun once that has gone out, and done before the message counts as handled. */
  afterwards(work: () => Promise<void>): void;
}

type MethodHandlers<T extends Topic> = {
  [K in keyof T['methods']]: T['methods'][K] extends Method<infer A, infer R> ? (args: Static<A>, delivery: Delivery) => Promise<unknown extends Static<R> ? unknown : Static<R>> : never;
};
type ReplyHandlers<T extends Topic> = {
  [K in keyof T['replies']]: T['replies'][K] extends ReplyHandler<infer R, infer P>
    ? (answer: Answer<Static<R>>, passback: Static<P>, delivery: Delivery) => Promise<unknown>
    : never;
};
/** Called at the last receive of a message that failed again: marks what it was about as failed and starts the undo. */
export type Exhausted = (message: { method: string; args: unknown; passback: unknown }, error: Error, delivery: Delivery) => Promise<void>;

/** An error that a call's caller gets as data at once, instead of the message being tried again. */
export class RemoteFailure extends Error {
  override name = 'RemoteFailure';
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/**
 * A Lambda handler for a topic's queue. Messages of a batch run side by side; one that fails fails alone.
 * Its steps: open the envelope, check it, handle it, answer where it was a call.
 */
export function serve<T extends Topic>(topic: T, handlers: MethodHandlers<T> & ReplyHandlers<T>, options: { exhausted: Exhausted }) {
  const handler = async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const failed = await Promise.all(event.Records.map((record) => receive(record)));
    return { batchItemFailures: failed.filter((id) => id !== undefined).map((itemIdentifier) => ({ itemIdentifier })) };
  };

  /** The message's id where it failed. */
  async function receive(record: SQSRecord): Promise<string | undefined> {
    const receives = Number(record.attributes.ApproximateReceiveCount);
    let envelope: Envelope;
    try {
      envelope = checked(Envelope, JSON.parse(record.body), topic.queue);
    } catch (error) {
      log.error('not a message', { queue: topic.queue, message_id: record.messageId, ...factsOf(error) });
      return record.messageId; // nothing in it can be trusted: it ends in the dead-letter queue
    }
    const later: (() => Promise<void>)[] = [];
    const delivery: Delivery = {
      context: envelope.context, messageId: envelope.id, correlationId: envelope.correlation_id, receives,
      deadline: envelope.deadline === undefined ? undefined : new Date(envelope.deadline),
      afterwards: (work) => later.push(work),
    };
    /** With what was done before it failed: a launch that ends here has that on its record. */
    let steps = envelope.steps;
    try {
      await withTrace(envelope.trace, () => handling(envelope, () => recording(steps, async () => {
        await handle(envelope, delivery).finally(() => { steps = recordedSteps(); });
        await Promise.all(later.map((work) => work()));
      })));
      return undefined;
    } catch (error) {
      log.error('message failed', { queue: topic.queue, method: envelope.method, request_id: envelope.context.request_id, receives, ...factsOf(error) });
      if (receives >= queues[topic.queue].maxReceives) await giveUp({ ...envelope, steps }, error as Error, delivery);
      else await comeBackSoon(topic.queue, record);
      return record.messageId;
    }
  }

  async function handle(envelope: Envelope, delivery: Delivery): Promise<void> {
    const reply = topic.replies[envelope.method];
    if (reply) {
      const passback = checked(reply.passback, envelope.passback, envelope.method);
      const outcome: Answer<unknown> = envelope.error ? { error: envelope.error } : { result: checked(reply.result, envelope.args, envelope.method) };
      await (handlers as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[envelope.method]!(outcome, passback, delivery);
      return;
    }
    const method = topic.methods[envelope.method];
    if (!method) throw new Error(`${topic.queue} has no method ${envelope.method}`);
    const args = checked(method.args, envelope.args, envelope.method);
    const work = () => (handlers as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[envelope.method]!(args, delivery);
    if (!envelope.reply_to) return void (await work());
    const to = envelope.reply_to;
    try {
      const result = await work();
      await answer(to, envelope.correlation_id, { args: method.result ? checked(method.result, result, envelope.method) : null }, { context: envelope.context });
    } catch (error) {
      if (!(error instanceof RemoteFailure)) throw error;
      await answer(to, envelope.correlation_id, { args: null, error: { type: error.type, message: error.message } }, { context: envelope.context });
    }
  }

  async function giveUp(envelope: Envelope, error: Error, delivery: Delivery): Promise<void> {
    try {
      await withTrace(envelope.trace, () => handling(envelope, () => recording(envelope.steps, async () => {
        await options.exhausted({ method: envelope.method, args: envelope.args, passback: envelope.passback ?? envelope.reply_to?.passback }, error, delivery);
        if (envelope.reply_to) await answer(envelope.reply_to, envelope.correlation_id, { args: null, error: { type: error.name, message: error.message } }, { context: envelope.context });
      })));
    } catch (undoError) {
      // the sweeper finds what this message was about by its deadline
      log.error('giving up failed', { queue: topic.queue, method: envelope.method, request_id: envelope.context.request_id, ...factsOf(undoError) });
    }
  }

  const lambda = middy<SQSEvent, SQSBatchResponse>(handler);
  return (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => lambda(event, context) as unknown as Promise<SQSBatchResponse>;
}
