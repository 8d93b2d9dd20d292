import { Agent, request } from 'node:http';

/** An error that a service answered, by its type's short name. */
export class ServiceError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(`${type}: ${message}`);
    this.type = type;
  }
}

const agent = new Agent({ keepAlive: true });
const protocols = { DynamoDB_20120810: '1.0', AmazonSQS: '1.0', secretsmanager: '1.1' };

/** One call of an engine in AWS's JSON protocol. Our own process needs a handful of operations, and so no SDK. */
export function awsJson<T = Record<string, any>>(endpoint: string, service: keyof typeof protocols, operation: string, body: object, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = {
      'content-type': `application/x-amz-json-${protocols[service]}`,
      'content-length': Buffer.byteLength(text),
      'x-amz-target': `${service}.${operation}`,
      'x-amz-date': new Date().toISOString().replace(/[-:]|\.\d+/g, ''),
      // Engines read the region from here and check no signature.
      authorization: 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/local/aws4_request, SignedHeaders=host, Signature=local',
    };
    const call = request(endpoint, { method: 'POST', agent, headers, signal }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece) => pieces.push(piece)).once('error', reject).once('end', () => {
        try {
          const answer = JSON.parse(Buffer.concat(pieces).toString() || '{}');
          if (response.statusCode === 200) return resolve(answer);
          reject(new ServiceError(String(answer.__type ?? response.statusCode).replace(/^.*#/, ''), answer.message ?? answer.Message ?? ''));
        } catch (error) {
          reject(error);
        }
      });
    });
    call.once('error', reject).end(text);
  });
}
