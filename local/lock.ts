import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';

/** A folder of this user's own for the sockets of a data folder: a socket's path has room for about a hundred letters. */
export function socketFolder(dataDir: string): string {
  const { uid } = userInfo();
  const base = join(tmpdir(), `novaless-${uid}`);
  const folder = join(base, createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 16));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (uid >= 0 && lstatSync(base).uid !== uid) throw new Error(`${base} belongs to somebody else`);
  return folder;
}

export class AlreadyRunning extends Error {}

/** Makes this process the only one that works on a data folder. It is a socket that we listen on, so it ends with us, however we end. */
export async function lock(dataDir: string, describe: () => string): Promise<Server> {
  const path = join(socketFolder(dataDir), 'lock');
  for (let attempt = 0; attempt < 3; attempt++) {
    const server = createServer((socket) => socket.on('error', () => {}).end(describe()));
    const taken = await new Promise<boolean>((done, failed) => {
      server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? done(true) : failed(error)));
      server.listen(path, () => done(false));
    });
    if (!taken) return server.unref();
    const holder = await ask(path);
    if (holder !== undefined) throw new AlreadyRunning(holder);
    try {
      unlinkSync(path); // its owner was killed
    } catch {}
  }
  throw new Error(`cannot lock ${dataDir}`);
}

function ask(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    connect(path).on('data', (piece) => { text += piece; }).on('error', () => resolve(undefined)).on('close', () => resolve(text));
  });
}
