/**
 * A proxy before a cloud's engines that is as unkind as AWS may be, by chance from a seed:
 *
 *     const day = unkindDay();
 *     const cloud = await testCloud(t, { wire: day.wire });
 *     t.after(day.stop);              // after the cloud's own end
 *     day.begin(7); …; day.end();     // kind before and after
 *     day.done                        // how often it did what
 *
 * Reads of indexes show what was there moments ago; requests are throttled; transactions and writes collide; batches leave a part
 * unprocessed or failed; messages come twice and late.
 */
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { serveOnLoopback } from '../../local/loopback.ts';

type Body = Record<string, any>;
interface Answer { status: number; body: Body }
interface Kind { operations: RegExp; chance: number; /** Undefined where it does not apply to this one. */ act: (body: Body, pass: (body: Body) => Promise<Answer>, request: { operation: string; text: string }) => Promise<Answer> | undefined }

/** An index is at most so far behind. */
const LAG_MS = 1500;

/** Numbers from 0 to 1, the same for the same seed. */
function chances(seed: number): () => number {
  let state = (seed * 2654435761) % 2 ** 31;
  return () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
}

export function unkindDay() {
  let random = chances(0);
  const stops: (() => Promise<void>)[] = [];
  const done: Record<string, number> = {};
  const remembered = new Map<string, { at: number; answer: Answer }>();
  let unkind = false;

  const error = (type: string, more: Body = {}): Promise<Answer> => Promise.resolve({ status: 400, body: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'an unkind day', ...more } });
  /** Leaves about half of a list out; undefined where nothing would be left out. */
  function part<T>(list: T[]): { kept: T[]; left: T[] } | undefined {
    const kept = list.filter(() => random() < 0.5);
    return kept.length < list.length ? { kept, left: list.filter((each) => !kept.includes(each)) } : undefined;
  }

  const kinds: Record<string, Kind> = {
    'stale index': {
      operations: /\.Query$/, chance: 0.4,
      act: ({ IndexName }, _, { text }) => {
        const before = remembered.get(text);
        return IndexName && before && Date.now() - before.at < LAG_MS ? Promise.resolve(before.answer) : undefined;
      },
    },
    throttled: { operations: /^DynamoDB/, chance: 0.04, act: () => error('ThrottlingException') },
    'throttled command': { operations: /SendCommand$/, chance: 0.2, act: () => error('ThrottlingException') },
    'cancelled transaction': {
      operations: /\.TransactWriteItems$/, chance: 0.15,
      act: ({ TransactItems }) => error('TransactionCanceledException', { CancellationReasons: TransactItems.map((_: unknown, i: number) => ({ Code: i === 0 ? 'TransactionConflict' : 'None' })) }),
    },
    'colliding write': { operations: /\.(UpdateItem|PutItem|DeleteItem)$/, chance: 0.04, act: () => error('TransactionConflictException') },
    'unprocessed writes': {
      operations: /\.BatchWriteItem$/, chance: 0.3,
      act: (body, pass) => {
        const [[table, requests]] = Object.entries(body['RequestItems']) as [[string, unknown[]]];
        const halves = part(requests);
        if (!halves) return undefined;
        const UnprocessedItems = { [table]: halves.left };
        if (halves.kept.length === 0) return Promise.resolve({ status: 200, body: { UnprocessedItems: body['RequestItems'] } });
        return pass({ ...body, RequestItems: { ...body['RequestItems'], [table]: halves.kept } }).then((answer) => ({ ...answer, body: { ...answer.body, UnprocessedItems } }));
      },
    },
    'unprocessed reads': {
      operations: /\.BatchGetItem$/, chance: 0.3,
      act: (body, pass) => {
        const [[table, wanted]] = Object.entries(body['RequestItems']) as [[string, { Keys: unknown[] }]];
        const halves = part(wanted.Keys);
        if (!halves || halves.kept.length === 0) return undefined;
        return pass({ ...body, RequestItems: { ...body['RequestItems'], [table]: { ...wanted, Keys: halves.kept } } })
          .then((answer) => ({ ...answer, body: { ...answer.body, UnprocessedKeys: { [table]: { ...wanted, Keys: halves.left } } } }));
      },
    },
    'failed sends': {
      operations: /\.SendMessageBatch$/, chance: 0.2,
      act: (body, pass) => {
        const halves = part(body['Entries'] as { Id: string }[]);
        if (!halves) return undefined;
        const Failed = halves.left.map(({ Id }) => ({ Id, Code: 'ServiceUnavailable', SenderFault: false }));
        if (halves.kept.length === 0) return Promise.resolve({ status: 200, body: { Successful: [], Failed } });
        return pass({ ...body, Entries: halves.kept }).then((answer) => ({ ...answer, body: { ...answer.body, Failed } }));
      },
    },
    'failed events': {
      operations: /\.PutEvents$/, chance: 0.2,
      act: ({ Entries }) => Promise.resolve({ status: 200, body: { FailedEntryCount: Entries.length, Entries: Entries.map(() => ({ ErrorCode: 'InternalFailure', ErrorMessage: 'an unkind day' })) } }),
    },
    'late message': { operations: /\.SendMessage$/, chance: 0.15, act: (body, pass) => pass({ ...body, DelaySeconds: Math.max(body['DelaySeconds'] ?? 0, 1 + Math.floor(random() * 3)) }) },
    'doubled message': { operations: /\.SendMessage$/, chance: 0.2, act: async (body, pass) => (await pass({ ...body, DelaySeconds: 1 }), pass(body)) },
    'late messages': {
      operations: /\.SendMessageBatch$/, chance: 0.15,
      act: (body, pass) => pass({ ...body, Entries: body['Entries'].map((entry: Body) => ({ ...entry, DelaySeconds: Math.max(entry['DelaySeconds'] ?? 0, 1 + Math.floor(random() * 3)) })) }),
    },
    'doubled messages': {
      operations: /\.SendMessageBatch$/, chance: 0.2,
      act: async (body, pass) => (await pass({ ...body, Entries: body['Entries'].map((entry: Body) => ({ ...entry, DelaySeconds: 1 })) }), pass(body)),
    },
  };

  async function serve(target: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString();
    const operation = String(incoming.headers['x-amz-target'] ?? '');
    const body = JSON.parse(text || '{}') as Body;
    const pass = (changed: Body) => forward(target, incoming, outgoing, JSON.stringify(changed));
    let answer: Answer | undefined;
    for (const [name, { operations, chance, act }] of Object.entries(kinds)) {
      if (!unkind || answer || !operations.test(operation) || random() >= chance) continue;
      answer = await act(body, pass, { operation, text });
      if (answer) done[name] = (done[name] ?? 0) + 1;
    }
    if (!answer) {
      answer = await forward(target, incoming, outgoing, text);
      if (body['IndexName'] && answer.status === 200) remembered.set(text, { at: Date.now(), answer });
    }
    outgoing.writeHead(answer.status, { 'content-type': String(incoming.headers['content-type'] ?? 'application/x-amz-json-1.0') }).end(JSON.stringify(answer.body));
  }

  return {
    done,
    begin(seed: number) {
      random = chances(seed);
      unkind = true;
    },
    end: () => { unkind = false; },
    /** For a cloud's `wire`: S3 and Lambda keep their own addresses, as what they carry is not of one of AWS's JSON protocols. */
    async wire(service: string, endpoint: string): Promise<string> {
      if (service === 's3' || service === 'lambda') return endpoint;
      const served = await serveOnLoopback((incoming, outgoing) => void serve(endpoint, incoming, outgoing).catch(() => outgoing.destroy()));
      stops.push(served.stop);
      return served.endpoint;
    },
    stop() {
      for (const stop of stops) void stop();
    },
  };
}

/** Sends a request on with this body. One that was given up is given up behind as well: else it would take a message to nobody. */
function forward(target: string, incoming: IncomingMessage, outgoing: ServerResponse, text: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...incoming.headers, 'content-length': Buffer.byteLength(text) };
    const call = httpRequest(target + incoming.url, { method: incoming.method, headers }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece)).once('error', reject)
        .once('end', () => resolve({ status: answer.statusCode!, body: JSON.parse(Buffer.concat(pieces).toString() || '{}') as Body }));
    });
    call.once('error', reject).end(text);
    outgoing.once('close', () => outgoing.writableFinished || call.destroy());
  });
}
