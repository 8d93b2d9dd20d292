/**
 * What runs inside a function's environment (a worker thread): loads the handler, then hands it one event after the other.
 * Data: {file, handler, log, cache}; messages in: Invocation; messages out: {ready} or Answer.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';

export interface Invocation { requestId: string; functionArn: string; payload: string; deadline: number; traceId: string }
export interface FunctionError { errorType: string; errorMessage: string; trace: string[] }
/** `payload` is JSON; undefined where the handler answered nothing. The `body` of a REST answer may stand beside it, see `answer`. */
export type Answer = { payload: string | undefined; body?: string } | { error: FunctionError };

const { file, handler: name, log, cache } = workerData as { file: string; handler: string; log: string; cache?: string };
const { env } = process;

let requestId: string | undefined;
const write = (text: string) => { // synchronous, so that the last words of a crash are in the log
  const descriptor = openSync(log, 'a', 0o600);
  writeSync(descriptor, text.endsWith('\n') ? text : `${text}\n`);
  closeSync(descriptor);
};
for (const level of ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const) {
  console[level] = (...values: unknown[]) => write(`${new Date().toISOString()}\t${requestId ?? '-'}\t${level === 'log' ? 'INFO' : level.toUpperCase()}\t${format(...values)}`);
}
process.stdout.write = process.stderr.write = ((text: string | Uint8Array) => (write(text.toString()), true)) as typeof process.stdout.write;

const describe = (error: unknown): FunctionError => error instanceof Error
  ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
  : { errorType: typeof error, errorMessage: String(error), trace: [] };

function contextOf({ requestId, functionArn, deadline }: Invocation) {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env['AWS_LAMBDA_FUNCTION_NAME'],
    functionVersion: '$LATEST',
    invokedFunctionArn: functionArn,
    memoryLimitInMB: env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    awsRequestId: requestId,
    logGroupName: env['AWS_LAMBDA_LOG_GROUP_NAME'],
    logStreamName: env['AWS_LAMBDA_LOG_STREAM_NAME'],
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

async function run(handler: (event: unknown, context: object) => unknown, invocation: Invocation): Promise<Answer> {
  requestId = invocation.requestId;
  env['_X_AMZN_TRACE_ID'] = invocation.traceId;
  try {
    return answer(await handler(JSON.parse(invocation.payload), contextOf(invocation)));
  } catch (error) {
    console.error('Invoke Error', error);
    return { error: describe(error) };
  }
}

const [LONG, WHOLE] = [4096, 2 ** 21];

/**
 * A long body is text already: as a part of the answer's JSON it would be escaped, and read again on the other side, a tenth of what a list takes.
 * So it stands beside the rest, but where it is so long that the answer might be too large with it, which JSON as text tells.
 */
function answer(result: unknown): Answer {
  const { body, ...rest } = (result ?? {}) as { body?: unknown };
  return typeof body === 'string' && body.length > LONG && body.length < WHOLE ? { payload: JSON.stringify(rest), body } : { payload: JSON.stringify(result) };
}

async function load() {
  if (cache) enableCompileCache(cache);
  const handler = (await import(pathToFileURL(file).href))[name] as unknown;
  if (typeof handler !== 'function') throw Object.assign(new Error(`${name} is undefined or not exported`), { name: 'Runtime.HandlerNotFound' });
  return handler as Parameters<typeof run>[0];
}

/**
 * An environment that rests keeps garbage that V8 has no reason to collect: a third of its memory, and a resting cloud is a dozen of them, which only the clock
 * wakes. So it is collected when the environment first rests, after it was loaded, and later where it has worked since. What V8 has learnt of the code goes as
 * well, a quarter of the next launch's time: not while people may ask again in a moment.
 */
const REST_MS = 40_000;
const WORK = 50; // events
let work = WORK;
let busy = false;
const rest = setTimeout(() => {
  if (busy || work < WORK) return;
  work = 0;
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as (how: object) => void)({ type: 'major', flavor: 'last-resort', execution: 'sync' });
}, REST_MS).unref();

const port = parentPort!;
process.on('uncaughtException', (error) => {
  console.error('Uncaught Exception', error);
  port.postMessage({ crash: describe(error) });
  process.exit(129);
});
try {
  const handler = await load();
  port.on('message', async (invocation: Invocation) => {
    busy = true;
    port.postMessage(await run(handler, invocation));
    busy = false;
    work++;
    rest.refresh();
  });
  port.postMessage({ ready: true });
} catch (error) {
  console.error('Init Error', error);
  port.postMessage({ crash: describe(error) });
  process.exit(1);
}
