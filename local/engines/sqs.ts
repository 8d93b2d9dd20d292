/**
 * The SQS engine: fauxqs' own server and stores, on loopback with its data in SQLite, with what 2.4.1 gets wrong put right.
 * Worker thread; data: {port, folder}.
 */
import { mkdirSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { buildApp } from 'fauxqs';
import type { BuildAppOptions } from 'fauxqs';
import type { FromThread, ToThread } from './worker.ts';

type Stores = NonNullable<BuildAppOptions['stores']>;
interface Message { messageAttributes: object; messageGroupId?: string }
interface Queue {
  persistence: unknown;
  pollWaiters: unknown[];
  messages: unknown[];
  fifoMessages: Map<string, unknown>;
  inflightMessages: Map<string, unknown>;
  delayedMessages: unknown[];
  fifoDelayed: Map<string, unknown>;
  processTimers(): void;
  enqueue(message: Message): void;
  dequeue(...args: unknown[]): unknown[];
}
interface Persistence {
  db: DatabaseSync;
  loadSqsAndSns(sqs: Stores['sqsStore'], sns: Stores['snsStore']): void;
  updateMessageReady(messageId: string): void;
  close(): void;
}

// The package exports only its server; its stores and their persistence are reached by file.
const part = (path: string) => import(new URL(path, import.meta.resolve('fauxqs')).href);
const { SqsStore, SqsQueue } = (await part('sqs/sqsStore.js')) as { SqsStore: new () => Stores['sqsStore']; SqsQueue: { prototype: Queue } };
const { SnsStore } = (await part('sns/snsStore.js')) as { SnsStore: new () => Stores['snsStore'] };
const { S3Store } = (await part('s3/s3Store.js')) as { S3Store: new () => Stores['s3Store'] };
type Operation = (body: object, store: Stores['sqsStore']) => unknown;
const { receiveMessage } = (await part('sqs/actions/receiveMessage.js')) as { receiveMessage: Operation };
const { deleteMessageBatch } = (await part('sqs/actions/deleteMessageBatch.js')) as { deleteMessageBatch: Operation };
const { PersistenceManager } = (await part('persistence.js')) as { PersistenceManager: new (folder: string) => Persistence };

const { port, folder } = workerData as { port: number; folder: string };
mkdirSync(folder, { recursive: true, mode: 0o700 });
const disk = new PersistenceManager(folder);
disk.db.exec('PRAGMA synchronous = NORMAL'); // with a write-ahead log, a killed process loses nothing
// Whoever was working on a message has ended together with us: all are to be had again at once, not when a timeout passes.
disk.db.exec('UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL');
// fauxqs also sets the receive count to null here, which its own schema refuses.
const makeReady = disk.db.prepare('UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?');
disk.updateMessageReady = (messageId) => { makeReady.run(messageId); };

// One look at the timers of all queues that somebody waits at every 100 ms is enough for delays counted in seconds, and none where nothing is
// hidden in them; fauxqs takes 50 a second per queue.
const watched = new Set<Queue>();
let clock: NodeJS.Timeout | undefined;
const hides = (queue: Queue) => queue.inflightMessages.size + queue.delayedMessages.length + queue.fifoDelayed.size > 0;
function tick() {
  for (const queue of watched) queue.processTimers(); // also tells who waits of a message that was given back
  if ([...watched].some(hides)) return;
  clearInterval(clock);
  clock = undefined;
}
/** After whatever may have hidden a message, or brought somebody to wait for one. */
function watch(queue: Queue) {
  if (watched.has(queue) && hides(queue)) clock ??= setInterval(tick, 100).unref();
}
Object.assign(SqsQueue.prototype, {
  startPollTimerIfNeeded(this: Queue) {
    watched.add(this);
    watch(this);
  },
  stopPollTimerIfEmpty(this: Queue) {
    if (this.pollWaiters.length === 0) watched.delete(this);
  },
});

// A receive moves messages to the dead-letter queue by a delete and an insert: one transaction, or a kill between them loses one.
const { dequeue, enqueue } = SqsQueue.prototype;
SqsQueue.prototype.dequeue = function (...args) {
  this.processTimers();
  if (this.messages.length + this.fifoMessages.size === 0) return [];
  disk.db.exec('BEGIN');
  try {
    return dequeue.apply(this, args);
  } finally {
    disk.db.exec('COMMIT');
    watch(this);
  }
};

// fauxqs drops the message group on a standard queue. A message keeps the attributes object that it came with, so that finds it.
const groups = new WeakMap<object, string>();
SqsQueue.prototype.enqueue = function (message) {
  message.messageGroupId ??= groups.get(message.messageAttributes);
  enqueue.call(this, message);
  watch(this);
};
interface Entry { MessageGroupId?: string; MessageAttributes?: object }
function rememberGroup(entry: Entry) {
  if (!entry.MessageGroupId) return;
  entry.MessageAttributes ??= {};
  groups.set(entry.MessageAttributes, entry.MessageGroupId);
}

const sqsStore = new SqsStore();
const snsStore = new SnsStore();
disk.loadSqsAndSns(sqsStore, snsStore);
sqsStore.persistence = disk as never;
for (const queue of sqsStore.allQueues()) (queue as unknown as Queue).persistence = disk;

const app = buildApp({ logger: false, stores: { sqsStore, snsStore, s3Store: new S3Store() } });
app.addHook('preHandler', async (request) => {
  const body = request.body as (Entry & { Entries?: Entry[] }) | undefined;
  if (request.url !== '/' || !body) return;
  rememberGroup(body);
  if (Array.isArray(body.Entries)) body.Entries.forEach(rememberGroup);
});
await app.listen({ port, host: '127.0.0.1' });

const tell = (message: FromThread) => parentPort!.postMessage(message);
const operations: Record<string, Operation> = { ReceiveMessage: receiveMessage, DeleteMessageBatch: deleteMessageBatch };
parentPort!.on('message', async (message: ToThread) => {
  if (message === 'stop') {
    await app.close();
    disk.close();
    process.exit();
  }
  const { id, operation, body } = message;
  try {
    tell({ id, result: await operations[operation]!(body, sqsStore) });
  } catch (error) {
    tell({ id, error: String(error) });
  }
});
tell('ready');
