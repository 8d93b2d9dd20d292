import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { lean } from '../../shared/aws/lean.ts';
import { environment } from '../../shared/deployment/declaration.ts';
import { requireEnv } from '../../shared/environment.ts';
import { HttpError } from '../../shared/http/errors.ts';
import { comeBackSoon } from '../../shared/rpc/come-back.ts';
import { factsOf, log } from '../../shared/telemetry/log.ts';
import { askedBy, type Asked } from './asked.ts';
import { launch, remove } from './compute.ts';

/** Source of the events that tell of refused requests. */
export const EVENT_SOURCE = 'novaless.launch';
/** Seconds after each failure: an outage of half an hour loses no launch, a longer one leaves it in the dead-letter queue. */
const BACKOFF = [2, 10, 30, 60, 120, 300, 600, 900];

/** Events that ask for servers, each by itself: launched or deleted, refused with an event that says why, or tried again. */
async function receive(record: SQSRecord): Promise<string | undefined> {
  const receives = Number(record.attributes.ApproximateReceiveCount);
  let asked: Asked | undefined;
  try {
    asked = askedBy(record.body);
    const id = await (asked.type === 'Server Launch' ? launch(asked) : remove(asked, receives));
    log.info(`${asked.type} asked of nova-api`, { event_id: asked.id, launch: asked.launch, request_id: asked.requestId, instance: id });
    return undefined;
  } catch (error) {
    if (asked && error instanceof HttpError) {
      const published = await reject(asked, error).then(() => true, (lost: unknown) => (log.error('a refusal was not told', factsOf(lost)), false));
      if (published) return undefined;
    }
    log.error('event failed', { message_id: record.messageId, event_id: asked?.id, receives, ...factsOf(error) });
    await comeBackSoon('nova-launch', record, BACKOFF);
    return record.messageId;
  }
}

/** `Server Launch Rejected` or `Server Delete Rejected`, with the fault as the API gave it; nothing else of what was asked, which may be secret. */
async function reject({ type, id, launch, requestId, detail }: Asked, { status, message }: HttpError): Promise<void> {
  log.warn(`${type} rejected`, { event_id: id, launch, request_id: requestId, status, reason: message });
  const { credential, server } = detail as { credential?: unknown; server?: { id?: unknown; name?: unknown } };
  const Detail = JSON.stringify({ event_id: id, launch, global_request_id: requestId, credential, server: { id: server?.id, name: server?.name }, fault: { code: status, message } });
  client ??= lean(EventBridgeClient, { maxAttempts: 4 });
  const { FailedEntryCount, Entries } = await client.send(new PutEventsCommand({
    Entries: [{ EventBusName: requireEnv(environment.bus), Source: EVENT_SOURCE, DetailType: `${type} Rejected`, Detail }],
  }));
  if (FailedEntryCount) throw new Error(Entries?.[0]?.ErrorMessage ?? 'the event was refused');
}
let client: EventBridgeClient | undefined;

const lambda = middy<SQSEvent, SQSBatchResponse>(async ({ Records }: SQSEvent) => {
  const failed = await Promise.all(Records.map(receive));
  return { batchItemFailures: failed.filter((id) => id !== undefined).map((itemIdentifier) => ({ itemIdentifier })) };
});
export const handler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => lambda(event, context) as unknown as Promise<SQSBatchResponse>;
