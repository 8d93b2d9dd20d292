import { awsJson } from './aws-json.ts';
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

/** Feeds functions from their queues, one long poll per mapping; resolves with a function that ends it after the batches in work. */
export function startMappings(mappings: MappingSpec[], functions: FunctionHost, settings: { sqs: string; region: string }) {
  for (const mapping of mappings) if (!functions.has(mapping.function)) throw new Error(`a mapping names ${mapping.function}, which does not exist`);
  const ending = new AbortController();
  const loops = mappings.map((mapping) => consume(mapping, functions, settings, ending.signal));
  return {
    async stop() {
      ending.abort();
      await Promise.all(loops);
    },
  };
}

async function consume(mapping: MappingSpec, functions: FunctionHost, { sqs, region }: { sqs: string; region: string }, ending: AbortSignal) {
  const QueueUrl = `${sqs}/000000000000/${mapping.queueArn.split(':').at(-1)}`;
  const call = <T>(operation: string, body: object, signal?: AbortSignal) => awsJson<T>(sqs, 'AmazonSQS', operation, { QueueUrl, ...body }, signal);
  const concurrency = Math.min(mapping.maxConcurrency, functions.limit); // a message that waited for an environment would use up its visibility
  const working = new Set<Promise<void>>();

  async function work(messages: Message[]) {
    const outcome = await functions.invoke(mapping.function, { Records: messages.map((message) => recordOf(message, mapping.queueArn, region)) }, 'sqs');
    if ('error' in outcome || ending.aborted) return; // the visibility timeout brings the messages back
    const failed = failedIds(outcome.result, mapping, messages);
    const done = messages.filter(({ MessageId }) => !failed.has(MessageId));
    if (done.length) await call('DeleteMessageBatch', { Entries: done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })) });
  }

  while (!ending.aborted) {
    try {
      if (working.size >= concurrency) await Promise.race(working);
      const { Messages = [] } = await call<{ Messages?: Message[] }>('ReceiveMessage', {
        MaxNumberOfMessages: Math.min(mapping.batchSize, 10), WaitTimeSeconds: LONG_POLL_SECONDS, MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'],
      }, ending);
      if (!Messages.length) continue;
      const batch: Promise<void> = work(Messages).catch(() => {}).finally(() => working.delete(batch));
      working.add(batch);
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
