import { Agent, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { serveOnLoopback } from '../../local/loopback.ts';

interface Watch {
  /** Sees each request, those in a JSON protocol with their bodies; what it returns is sent on instead of the body. */
  asked: (incoming: IncomingMessage, body: Buffer | undefined) => Buffer | void;
  /** Sees what an engine answers in a JSON protocol; where nobody asks for it, answers stream through. */
  answered?: (incoming: IncomingMessage, body: Buffer, status: number) => void;
}

/** Stands before an engine and shows what passes. */
export async function engineProxy(endpoint: string, { asked, answered }: Watch): Promise<{ endpoint: string; stop(): void }> {
  const target = new URL(endpoint);
  const agent = new Agent({ keepAlive: true });
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const structured = 'x-amz-target' in incoming.headers;
    const body = structured ? await wholeOf(incoming) : undefined;
    const sent = asked(incoming, body) ?? body;
    const headers = { ...incoming.headers, ...(sent && { 'content-length': String(sent.length) }) };
    const onward = request({ host: target.hostname, port: target.port, path: incoming.url, method: incoming.method, headers, agent }, async (answer) => {
      if (!structured || !answered) return void answer.pipe(outgoing.writeHead(answer.statusCode!, answer.headers));
      const { 'transfer-encoding': _, ...kept } = answer.headers;
      const text = await wholeOf(answer);
      answered(incoming, text, answer.statusCode!);
      outgoing.writeHead(answer.statusCode!, { ...kept, 'content-length': text.length }).end(text);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy()); // a long poll that was given up
    if (sent) onward.end(sent);
    else incoming.pipe(onward);
  };
  const served = await serveOnLoopback((incoming, outgoing) => void pass(incoming, outgoing).catch(() => outgoing.destroy())); // a client that went away amid its request
  return {
    endpoint: served.endpoint,
    stop() {
      void served.stop();
      agent.destroy();
    },
  };
}

async function wholeOf(stream: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
