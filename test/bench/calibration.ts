import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { exchange } from './exchange.ts';
import { spread, timed, repeat } from './statistics.ts';

/** What this machine does at this moment, so that runs on noisy machines compare: give each figure beside these. */
export interface Calibration {
  /** One thread hashing 20 MB with SHA-256, p50 of 5. */
  hash_20mb_ms: number;
  /** A request to a server on loopback that answers at once, p50 of 300. */
  loopback_ms: number;
}

export async function calibrate(): Promise<Calibration> {
  const block = Buffer.alloc(20_000_000, 'calibration');
  const hashes: number[] = [];
  for (let i = 0; i < 5; i++) hashes.push(await timed(async () => createHash('sha256').update(block).digest()));
  const server = createServer({ keepAliveTimeout: 60_000 }, (_, response) => response.end('{}'));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
  const trips = await repeat(300, 1, () => exchange(url));
  server.close();
  server.closeAllConnections();
  return { hash_20mb_ms: spread(hashes).p50, loopback_ms: spread(trips.each).p50 };
}
