import { request as http } from 'node:http';
import { request as https } from 'node:https';

export interface Asked { method?: string; headers?: Record<string, string>; body?: string }
export interface Answered { status: number; header(name: string): string | undefined; text: string }

/** One request on a connection that is kept. Node's fetch takes up to a millisecond more for the same, a fifth of what many an answer takes: what is measured is the cloud. */
export const exchange = (url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answered> => new Promise((resolve, reject) => {
  const ask = url.startsWith('https:') ? https : http;
  ask(url, { method, headers: { ...headers, ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }) } }, (answer) => {
    const parts: Buffer[] = [];
    answer.on('data', (part: Buffer) => parts.push(part)).on('error', reject).on('end', () => resolve({
      status: answer.statusCode!, header: (name) => answer.headers[name]?.toString(), text: Buffer.concat(parts).toString(),
    }));
  }).on('error', reject).end(body);
});
