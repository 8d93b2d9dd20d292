import { createServer } from 'node:net';
import { eventually } from './eventually.ts';

const WAIT_SECONDS = 400;

/** Takes turns, over all processes that test, with what restarts this machine's libvirtd: a guest that is being started then would fail. A process that dies gives its turn away. */
export async function libvirtdTurn<T>(work: () => Promise<T>): Promise<T> {
  const taken = await eventually(() => new Promise<{ close(): void }>((done, failed) => {
    const server = createServer();
    server.once('error', failed).listen({ path: '\0novaless-libvirtd-turn' }, () => done(server)); // a name of Linux's own, no file
  }), WAIT_SECONDS);
  try {
    return await work();
  } finally {
    taken.close();
  }
}
