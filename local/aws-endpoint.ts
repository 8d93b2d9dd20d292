import { randomUUID } from 'node:crypto';
import { ServiceError } from './aws-json.ts';
import { serveOnLoopback } from './loopback.ts';

export type Service = (operation: string, body: Record<string, any>) => object;

/** An AWS endpoint on loopback in JSON protocol 1.1, for services that we stand in for; by target prefix (`AmazonSSM`, `AWSEvents`). */
export async function startAwsEndpoint(services: Record<string, Service>) {
  return serveOnLoopback(async (request, response) => {
    const pieces: Buffer[] = [];
    const answer = (status: number, body: object) => response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() }).end(JSON.stringify(body));
    try {
      for await (const piece of request) pieces.push(piece);
      const [service = '', operation = ''] = String(request.headers['x-amz-target']).split('.');
      const found = services[service];
      if (!found) throw new ServiceError('UnknownOperationException', service);
      answer(200, found(operation, JSON.parse(Buffer.concat(pieces).toString() || '{}')));
    } catch (error) {
      if (error instanceof ServiceError) answer(400, { __type: error.type, message: error.message.replace(`${error.type}: `, '') });
      else if (!response.headersSent) answer(500, { __type: 'InternalServerError', message: String(error) });
    }
  });
}
