import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { log } from '../shared/telemetry/log.ts';

const MOST_LINE = 64 * 1024;
const TAKEOVER_MS = 10_000;

/** A line of the ring socket. Without a host it is for all; what stands under a driver's name is for the host's driver. */
export interface RingLine { host?: string; ring?: string; /** The ringer waits for a line that says that it was heard. */ answer?: boolean; [driver: string]: unknown }

/** Another agent answers on this machine's ring socket. */
export class AlreadyRunning extends Error { override name = 'AlreadyRunning' }

/** Listens on the unix socket, only for its owner. */
export async function listenForRings(path: string, heard: (line: RingLine) => void) {
  await takeOver(path);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    let unread = 0;
    socket.on('data', (chunk: Buffer) => {
      unread = chunk.includes(10) ? 0 : unread + chunk.length;
      if (unread > MOST_LINE) socket.destroy();
    });
    createInterface({ input: socket }).on('line', (text) => {
      const line = parse(text);
      if (line) heard(line);
      if (line?.answer && socket.writable) socket.write('{"heard":true}\n');
    }).on('error', () => {});
  });
  const mask = process.umask(0o177); // from its first moment on, nobody else can connect
  try {
    await new Promise<void>((listening, failed) => server.once('error', failed).listen(path, listening));
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
  return {
    stop(): void {
      server.close();
      rmSync(path, { force: true });
    },
  };
}

/** A socket file that nobody listens on is a killed agent's. One that is just ending gets some time. */
async function takeOver(path: string): Promise<void> {
  for (const end = Date.now() + TAKEOVER_MS; await answers(path); await sleep(100)) {
    if (Date.now() > end) throw new AlreadyRunning(`another agent listens on ${path}`);
  }
  rmSync(path, { force: true });
}

/** Whether an agent listens there. */
export const answers = (path: string) => new Promise<boolean>((done) => {
  const socket = connect(path, () => {
    socket.destroy();
    done(true);
  }).once('error', () => done(false));
});

function parse(text: string): RingLine | undefined {
  try {
    const line = JSON.parse(text) as RingLine;
    if (typeof line === 'object' && line !== null && !Array.isArray(line)) return line;
  } catch { /* told below */ }
  log.warn('a line on the ring socket makes no sense');
  return undefined;
}

/** Rings an agent from another process; rejects where none hears it within 10 s. */
export function ring(path: string, line: RingLine): Promise<void> {
  return new Promise((done, failed) => {
    const socket = connect(path, () => socket.write(`${JSON.stringify({ ...line, answer: true })}\n`));
    socket.setTimeout(10_000, () => socket.destroy(new Error('no agent answered')));
    socket.once('error', failed).once('data', () => {
      socket.destroy();
      done();
    }).once('close', () => failed(new Error('no agent answered')));
  });
}
