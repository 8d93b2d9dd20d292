import { Worker } from 'node:worker_threads';
import { keepRunning } from './child.ts';
import type { Engine } from './child.ts';
import { freePort } from './ports.ts';

/** An engine in a thread of its own. */
export interface ThreadEngine extends Engine {
  /**
   * One operation without HTTP, for what Lambda itself would ask: `body` and result as in the service's JSON protocol.
   * Rejects where the engine refuses it, or ends before it has answered, and once `signal` is aborted.
   */
  call<T>(operation: string, body: object, signal?: AbortSignal): Promise<T>;
}

/** What the thread gets, and what it answers: that it listens, and what became of each call. */
export type ToThread = { id: number; operation: string; body: object } | 'stop';
export type FromThread = { id: number; result: unknown } | { id: number; error: string } | 'ready';

const TRIES = 5;

/** Runs an engine's server in a thread, away from the front's event loop, on a port that it keeps after a crash. */
export async function startInWorker(file: URL, data: Record<string, unknown>): Promise<ThreadEngine> {
  for (let tries = 1; ; tries++) {
    try {
      return await startOn(await freePort(), file, data);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries === TRIES) throw error; // somebody took it while the thread was loading
    }
  }
}

async function startOn(port: number, file: URL, data: Record<string, unknown>): Promise<ThreadEngine> {
  const ready = Promise.withResolvers<void>();
  const calls = new Map<number, PromiseWithResolvers<any>>();
  let worker: Worker | undefined;
  let lastId = 0;
  const running = keepRunning(() => {
    const started = (worker = new Worker(file, { workerData: { ...data, port } }));
    started.on('message', (message: FromThread) => {
      if (message === 'ready') return ready.resolve();
      const call = calls.get(message.id);
      if ('error' in message) call?.reject(new Error(message.error));
      else call?.resolve(message.result);
    });
    started.once('error', ready.reject);
    const ended = new Promise((done) => started.once('exit', done)).then(() => {
      worker = undefined;
      for (const { reject } of calls.values()) reject(new Error('the engine ended'));
    });
    return { ended, kill: () => started.postMessage('stop' satisfies ToThread) };
  });
  try {
    await ready.promise;
  } catch (error) {
    await running.stop();
    throw error;
  }
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: running.stop,
    async call(operation, body, signal) {
      signal?.throwIfAborted();
      if (!worker) throw new Error('the engine ended, and has not started again yet');
      const id = ++lastId;
      const call = Promise.withResolvers<any>();
      const abort = () => call.reject(signal!.reason);
      signal?.addEventListener('abort', abort);
      calls.set(id, call);
      worker.postMessage({ id, operation, body } satisfies ToThread);
      try {
        return await call.promise;
      } finally {
        calls.delete(id);
        signal?.removeEventListener('abort', abort);
      }
    },
  };
}
