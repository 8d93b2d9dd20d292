import type { IncomingMessage } from 'node:http';
import type { awsJson } from '../../local/aws-json.ts';

/** A request to an engine and whether it was done. */
export interface Passed { service: Extract<Parameters<typeof awsJson>[1], 'DynamoDB_20120810' | 'AmazonSQS'>; operation: string; body: Record<string, any>; ok: boolean }

/** All that passed to DynamoDB and SQS since a cloud's first table was made, in the order of asking, until `close`. */
export function openTape() {
  const passed: Passed[] = [];
  const waiting = new WeakMap<IncomingMessage, Passed>();
  let open = true;
  return {
    passed,
    asked(incoming: IncomingMessage, body: Buffer) {
      const [service, operation] = String(incoming.headers['x-amz-target']).split('.') as [Passed['service'], string];
      if (!open || (service !== 'DynamoDB_20120810' && service !== 'AmazonSQS')) return;
      const one: Passed = { service, operation, body: JSON.parse(body.toString()), ok: false };
      waiting.set(incoming, one);
      passed.push(one);
    },
    answered(incoming: IncomingMessage, _answer: Buffer, status: number) {
      const one = waiting.get(incoming);
      if (one) one.ok = status === 200;
    },
    close: () => void (open = false),
  };
}

export type Tape = ReturnType<typeof openTape>;
