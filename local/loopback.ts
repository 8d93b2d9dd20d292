import { createServer, type RequestListener } from 'node:http';

/** Serves on a free port of loopback. `stop` ends what is still connected as well. */
export async function serveOnLoopback(listener: RequestListener): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    stop: () => new Promise<void>((stopped) => {
      server.close(() => stopped());
      server.closeAllConnections();
    }),
  };
}
