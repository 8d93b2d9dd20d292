import { Worker } from 'node:worker_threads';
import { keepRunning } from './child.ts';
import type { Engine } from './child.ts';
import { freePort } from './ports.ts';

/** Runs an engine's server in a thread of its own, away from the front's event loop, on a port that it keeps after a crash. */
export async function startInWorker(file: URL, data: Record<string, unknown>): Promise<Engine> {
  const port = await freePort();
  let ready = () => {};
  let failed = (_: Error) => {};
  const first = new Promise<void>((resolve, reject) => { ready = resolve; failed = reject; });
  const running = keepRunning(() => {
    const worker = new Worker(file, { workerData: { ...data, port } });
    worker.once('message', () => ready());
    worker.once('error', (error) => failed(error));
    return { ended: new Promise((done) => worker.once('exit', done)), kill: () => worker.postMessage('stop') };
  });
  try {
    await first;
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { endpoint: `http://127.0.0.1:${port}`, stop: running.stop };
}
