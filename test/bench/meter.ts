import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { functions } from '../../infra/functions.ts';
import type { AroundInvoke } from '../../local/functions.ts';
import { engineProxy } from '../support/engine-proxy.ts';
import { askingForUnits, unitsOf } from '../support/reads.ts';
import type { Tape } from './tape.ts';

/** What a stretch of work asked of AWS. Requests by their names: `dynamodb GetItem`, `sqs SendMessage`, `s3 GET`, `ssm SendCommand`. */
export interface Counts {
  requests: Record<string, number>;
  /** Messages put on queues; one request may carry ten. */
  messages: number;
  readUnits: number;
  writeUnits: number;
  invocations: Record<string, number>;
  /** Those that came through the REST API, from clients; services ask one another by Lambda's Invoke. */
  http: number;
  /** As Lambda bills them: each invocation's duration, rounded up to the millisecond. */
  billedMs: number;
  /** The same, times the function's memory in GB. */
  gbMs: number;
}

const nothing = (): Counts => ({ requests: {}, messages: 0, readUnits: 0, writeUnits: 0, invocations: {}, http: 0, billedMs: 0, gbMs: 0 });

const memoryOf = new Map(functions.map(({ name, memory = 512 }) => [name, memory]));

/** Counts what functions and agents ask the engines for, and what runs; `tape` gets the requests themselves. */
export function meter(tape?: Tape) {
  let counts = nothing();
  const stops: (() => void)[] = [];

  /** Stands before one engine; returns its address. DynamoDB is asked to say what each request consumed. */
  async function wire(service: string, endpoint: string): Promise<string> {
    if (service === 'lambda') return endpoint; // `around` counts those
    const operationOf = ({ headers, method }: IncomingMessage) => String(headers['x-amz-target'] ?? method).split('.').at(-1)!;
    const proxy = await engineProxy(endpoint, {
      asked(incoming, body) {
        const operation = operationOf(incoming);
        add(counts.requests, `${service} ${operation}`);
        if (!body) return undefined;
        tape?.asked(incoming, body);
        if (service === 'sqs') counts.messages += operation === 'SendMessage' ? 1 : operation === 'SendMessageBatch' ? JSON.parse(body.toString()).Entries.length : 0;
        return service === 'dynamodb' ? askingForUnits(body) : body;
      },
      answered(incoming, text, status) {
        tape?.answered(incoming, text, status);
        if (service === 'dynamodb') consume(operationOf(incoming), text);
      },
    });
    stops.push(proxy.stop);
    return proxy.endpoint;
  }

  function consume(operation: string, answer: Buffer) {
    const units = unitsOf(JSON.parse(answer.toString()));
    if (/^(GetItem|BatchGetItem|Query|Scan|TransactGetItems)$/.test(operation)) counts.readUnits += units;
    else counts.writeUnits += units;
  }

  let running = 0;
  let lastEnd = 0;
  const around: AroundInvoke = async (call, next) => {
    const began = performance.now();
    running++;
    try {
      return await next(call.event);
    } finally {
      running--;
      lastEnd = performance.now();
      const name = call.function.replace(/^Novaless-/, '');
      add(counts.invocations, name);
      if (call.source === 'http') counts.http++;
      const billed = Math.ceil(performance.now() - began);
      counts.billedMs += billed;
      counts.gbMs += (billed * memoryOf.get(name)!) / 1024;
    }
  };

  return {
    wire, around,
    /** Until no function has run for `ms`. */
    async quiet(ms: number): Promise<void> {
      for (const began = performance.now(); running > 0 || performance.now() - Math.max(lastEnd, began) < ms;) await sleep(20);
    },
    /** What was counted since the last call. */
    take(): Counts {
      const taken = counts;
      counts = nothing();
      return taken;
    },
    stop: () => stops.forEach((stop) => stop()),
  };
}

export type Meter = ReturnType<typeof meter>;

function add(counts: Record<string, number>, name: string) {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** The sum of those whose name begins with `prefix`. */
export const sumOf = (counts: Record<string, number>, prefix = ''): number =>
  Object.entries(counts).reduce((sum, [name, count]) => sum + (name.startsWith(prefix) ? count : 0), 0);
