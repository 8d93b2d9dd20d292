import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A way to an engine that a test can close and open, and that counts what passes. */
export async function openGate(target: string) {
  const { hostname, port } = new URL(target);
  const passed: { method: string; path: string; target?: string }[] = [];
  const gate = { passed, open: true, delayMs: 0, endpoint: '', stop: () => {} };
  const server = createServer((incoming, outgoing) => {
    if (!gate.open) return void incoming.socket.destroy();
    passed.push({ method: incoming.method!, path: incoming.url!.split('?')[0]!, target: incoming.headers['x-amz-target']?.toString() });
    setTimeout(() => {
      const forwarded = request({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      });
      forwarded.on('error', () => outgoing.destroy());
      incoming.pipe(forwarded);
    }, gate.delayMs);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  gate.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  gate.stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return gate;
}
