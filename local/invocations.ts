import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FunctionHost } from './functions.ts';
import { serveOnLoopback } from './loopback.ts';

const MAX_PAYLOAD = 6 * 1024 * 1024;

/** Lambda's Invoke (RequestResponse) on loopback, as the AWS SDK asks for it. */
export async function startInvocations(functions: Pick<FunctionHost, 'has' | 'invoke'>) {
  return serveOnLoopback(async (request, response) => {
    const answer = (status: number, headers: Record<string, string>, body: string) =>
      response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID(), 'content-length': Buffer.byteLength(body), ...headers }).end(body);
    const refuse = (status: number, type: string, message: string) => answer(status, { 'x-amzn-errortype': type }, JSON.stringify({ Type: 'User', Message: message }));
    try {
      const payload = await wholeOf(request);
      const [, name] = /^\/2015-03-31\/functions\/([^/?]+)\/invocations$/.exec(request.url!) ?? [];
      // A page in somebody's browser could otherwise send one: a header of this name it may not.
      if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return refuse(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
      if (!name || request.method !== 'POST') return refuse(404, 'UnknownOperationException', `no operation ${request.method} ${request.url}`);
      const called = decodeURIComponent(name).split(':').at(-1)!;
      if (!functions.has(called)) return refuse(404, 'ResourceNotFoundException', `Function not found: ${called}`);
      if (!payload) return refuse(413, 'RequestTooLargeException', `Request must be smaller than ${MAX_PAYLOAD} bytes for the InvokeFunction operation`);
      const outcome = await functions.invoke(called, parsed(payload));
      if ('error' in outcome) return answer(200, { 'x-amz-executed-version': '$LATEST', 'x-amz-function-error': 'Unhandled' }, JSON.stringify(outcome.error));
      answer(200, { 'x-amz-executed-version': '$LATEST' }, JSON.stringify(outcome.result));
    } catch (error) {
      if (response.headersSent) response.destroy();
      else if (error instanceof SyntaxError) refuse(400, 'InvalidRequestContentException', `Could not parse request body into json: ${error.message}`);
      else refuse(500, 'ServiceException', String(error));
    }
  });
}

const parsed = (payload: string): unknown => (payload ? JSON.parse(payload) : {});

/** undefined where it is larger than Lambda takes. */
async function wholeOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size <= MAX_PAYLOAD) pieces.push(piece);
  }
  return size > MAX_PAYLOAD ? undefined : Buffer.concat(pieces).toString();
}
