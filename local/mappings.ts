import type { ThreadEngine } from './engines/worker.ts';
import type { FunctionHost } from './functions.ts';

/** An SQS event source mapping. */
export interface MappingSpec {
  queueArn: string;
  function: string;
  batchSize: number;
  maxConcurrency: number;
  /** Whether the function's answer names the messages that failed (ReportBatchItemFailures). */
  partialResponses: boolean;
}

interface Message {
  MessageId: string;
  ReceiptHandle: string;
  Body: string;
  MD5OfBody: string;
  Attributes?: Record<string, string>;
  MessageAttributes?: Record<string, { DataType: string; StringValue?: string; BinaryValue?: string }>;
  MD5OfMessageAttributes?: string;
}

const LONG_POLL_SECONDS = 20;

/**
 * Feeds functions from their queues, one long poll per mapping. As Lambda's own pollers do, it takes no more than a function can work on: what comes
 * while a batch waits for an environment goes together in the next one. After `stop` nothing is taken or deleted any more.
 */
export function startMappings(mappings: MappingSpec[], functions: FunctionHost, settings: { sqs: ThreadEngine; region: string }) {
  for (const mapping of mappings) if (!functions.has(mapping.function)) throw new Error(`a mapping names ${mapping.function}, which does not exist`);
  const ending = new AbortController();
  for (const mapping of mappings) void consume(mapping, functions, settings, ending.signal);
  return { stop: () => ending.abort() };
}

async function consume(mapping: MappingSpec, functions: FunctionHost, { sqs, region }: { sqs: ThreadEngine; region: string }, ending: AbortSignal) {
  const QueueUrl = `${sqs.endpoint}/000000000000/${mapping.queueArn.split(':').at(-1)}`;
  const concurrency = Math.min(mapping.maxConcurrency, functions.limit); // a message that waited for an environment would use up its visibility
  const working = new Set<Promise<void>>();

  async function work(messages: Message[]) {
    const outcome = await functions.invoke(mapping.function, { Records: messages.map((message) => recordOf(message, mapping.queueArn, region)) }, 'sqs');
    if ('error' in outcome || ending.aborted) return; // the visibility timeout brings the messages back
    const failed = failedIds(outcome.result, mapping, messages);
    const done = messages.filter(({ MessageId }) => !failed.has(MessageId));
    if (done.length) await sqs.call('DeleteMessageBatch', { QueueUrl, Entries: done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })) });
  }

  while (!ending.aborted) {
    try {
      if (working.size >= concurrency) await Promise.race(working);
      const { Messages = [] } = await sqs.call<{ Messages?: Message[] }>('ReceiveMessage', {
        QueueUrl, MaxNumberOfMessages: Math.min(mapping.batchSize, 10), WaitTimeSeconds: LONG_POLL_SECONDS, MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'],
      }, ending);
      if (!Messages.length) continue;
      const batch: Promise<void> = work(Messages).catch(() => {}).finally(() => working.delete(batch));
      working.add(batch);
      await functions.allTaken(mapping.function);
    } catch {
      if (!ending.aborted) await new Promise((done) => setTimeout(done, 200)); // the engine restarts
    }
  }
}

/** The messages that the function's answer gives back; an answer that makes no sense gives back all of them, as Lambda decides it. */
function failedIds(result: unknown, { partialResponses }: MappingSpec, messages: Message[]): Set<string> {
  const failures = (result as { batchItemFailures?: { itemIdentifier?: unknown }[] } | null)?.batchItemFailures;
  if (!partialResponses || !failures?.length) return new Set();
  const all = messages.map(({ MessageId }) => MessageId);
  const named = failures.map(({ itemIdentifier }) => String(itemIdentifier));
  return new Set(named.every((id) => all.includes(id)) ? named : all);
}

function recordOf(message: Message, eventSourceARN: string, awsRegion: string) {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, { DataType, StringValue, BinaryValue }]) => [name, {
    dataType: DataType, ...(StringValue !== undefined && { stringValue: StringValue }), ...(BinaryValue !== undefined && { binaryValue: BinaryValue }), stringListValues: [], binaryListValues: [],
  }]);
  return {
    messageId: message.MessageId, receiptHandle: message.ReceiptHandle, body: message.Body, attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(attributes), md5OfBody: message.MD5OfBody,
    ...(message.MD5OfMessageAttributes && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    eventSource: 'aws:sqs', eventSourceARN, awsRegion,
  };
}
