import { SendMessageBatchCommand, SendMessageCommand, SQSClient, type SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { randomUUID } from 'node:crypto';
import type { Static, TSchema } from '@sinclair/typebox';
import { lean } from '../aws/lean.ts';
import { batched, tenInOneRequest } from '../batching.ts';
import { environment, type QueueName } from '../deployment/declaration.ts';
import { requireEnv } from '../environment.ts';
import { explain, validator } from '../http/validate.ts';
import type { RequestContext } from '../identity/context.ts';
import { recordedSteps, type Step } from '../telemetry/steps.ts';
import { traceparent } from '../telemetry/trace.ts';
import { currentHops } from './current.ts';
import { ENVELOPE_VERSION, MAX_HOPS, type Envelope } from './envelope.ts';
import type { Method, ReplyHandler } from './topic.ts';

let client: SQSClient | undefined;

/** A chain of messages grew too long: a defect, caught before it costs money. */
export class TooManyHops extends Error { override name = 'TooManyHops' }
/** What was about to be sent, or arrived, is not what its topic declares. */
export class BadMessage extends Error { override name = 'BadMessage' }

export interface SendOptions {
  context: RequestContext;
  /** Seconds before it can be received, at most 900. */
  delay?: number;
  /** The launch's steps to carry on; those recorded in this invocation where not given. */
  steps?: Step[];
}

/** `rpc.cast`: one message, no answer. */
export const cast = <A extends TSchema>(method: Method<A, any>, args: Static<A>, options: SendOptions): Promise<void> =>
  send(method.queue, { method: method.name, args: checked(method.args, args, method.name) }, options);

export interface CallOptions<R extends TSchema, P extends TSchema> extends SendOptions {
  replyTo: ReplyHandler<R, P>;
  passback: Static<P>;
  deadline?: Date;
}

/** `rpc.call`: one message; the answer arrives as a message for `replyTo` on the caller's own queue. Nobody waits. */
export const call = <A extends TSchema, R extends TSchema, P extends TSchema>(method: Method<A, R>, args: Static<A>, options: CallOptions<R, P>): Promise<void> =>
  send(
    method.queue,
    {
      method: method.name,
      args: checked(method.args, args, method.name),
      reply_to: { queue: options.replyTo.queue, handler: options.replyTo.name, passback: checked(options.replyTo.passback, options.passback, options.replyTo.name) },
      ...(options.deadline && { deadline: options.deadline.toISOString() }),
    },
    options,
  );

/** The answer to a call, by serve.ts. */
export const answer = (to: NonNullable<Envelope['reply_to']>, correlationId: string, outcome: Pick<Envelope, 'args' | 'error'>, options: SendOptions): Promise<void> =>
  send(to.queue as QueueName, { method: to.handler, passback: to.passback, correlation_id: correlationId, ...outcome }, options);

async function send(queue: QueueName, part: Partial<Envelope> & Pick<Envelope, 'method' | 'args'>, { context, delay, steps }: SendOptions): Promise<void> {
  const hops = currentHops() + 1;
  if (hops > MAX_HOPS) throw new TooManyHops(`a chain of ${hops} messages ended at ${queue}.${part.method}`);
  const id = randomUUID();
  const envelope: Envelope = {
    version: ENVELOPE_VERSION, id, correlation_id: id, ...part, context, trace: traceparent(), hops,
    steps: steps ?? recordedSteps(),
  };
  await into(requireEnv(environment.queue(queue)))({
    MessageBody: JSON.stringify(envelope),
    // fair queues: one project's burst does not delay another's
    MessageGroupId: context.project_id ?? context.user_id,
    ...(delay && { DelaySeconds: Math.min(900, Math.ceil(delay)) }),
  });
}

type Message = Omit<SendMessageCommandInput, 'QueueUrl' | 'MessageBody'> & { MessageBody: string };

const fit = tenInOneRequest(({ MessageBody }: Message) => MessageBody);
const senders = new Map<string, (message: Message) => Promise<void>>();

function into(QueueUrl: string) {
  const sender = senders.get(QueueUrl) ?? batched<Message>({ fit, send: (messages) => sendAll(QueueUrl, messages) });
  senders.set(QueueUrl, sender);
  return sender;
}

/**
 * One that the queue refused beside others is sent once more by itself, and then fails for its own reason. So is a whole batch that nobody may send:
 * AWS asks for the right to SendMessage, some of its like for one of its own.
 */
async function sendAll(QueueUrl: string, messages: Message[]): Promise<(void | Error)[]> {
  client ??= lean(SQSClient, { md5: false }); // the signature holds the message already, and this would be a twentieth of sending it
  const sqs = client;
  const alone = (message: Message) => sqs.send(new SendMessageCommand({ QueueUrl, ...message })).then(() => {}, (error: Error) => error);
  if (messages.length === 1) return [await alone(messages[0]!)];
  const Entries = messages.map((message, index) => ({ Id: String(index), ...message }));
  const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries })).catch((error: Error) => {
    if (!error.name.startsWith('AccessDenied')) throw error;
    return { Failed: Entries };
  });
  const failed = new Set(Failed.map(({ Id }) => Number(Id)));
  return Promise.all(messages.map((message, index) => (failed.has(index) ? alone(message) : undefined)));
}

export function checked<S extends TSchema>(schema: S, value: unknown, name: string): Static<S> {
  const check = validator(schema);
  if (!check(value)) throw new BadMessage(`${name}: ${explain(check.errors!)}`);
  return value as Static<S>;
}
