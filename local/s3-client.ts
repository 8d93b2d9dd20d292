import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';

/** The few S3 operations of the front, on the local engine; `url` is an object's, path style. */
const agent = new Agent({ keepAlive: true });

function call(url: string, method: string, options: { body?: Buffer | string; headers?: Record<string, string> } = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { ...options.headers, ...(options.body !== undefined && { 'content-length': String(Buffer.byteLength(options.body)) }) };
    request(url, { method, agent, headers }, resolve).once('error', reject).end(options.body);
  });
}

async function text(pending: Promise<IncomingMessage>): Promise<{ answer: IncomingMessage; body: string }> {
  const answer = await pending;
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece);
  const body = Buffer.concat(pieces).toString();
  if (answer.statusCode! >= 300) throw new Error(`S3 answers ${answer.statusCode}: ${body}`);
  return { answer, body };
}

export const putObject = async (url: string, body: Buffer) => void (await text(call(url, 'PUT', { body })));

export async function beginUpload(url: string): Promise<string> {
  const { body } = await text(call(`${url}?uploads`, 'POST', { body: '' }));
  return /<UploadId>([^<]+)/.exec(body)![1]!;
}

/** Gives the part's ETag. */
export async function putPart(url: string, uploadId: string, number: number, body: Buffer): Promise<string> {
  const { answer } = await text(call(`${url}?partNumber=${number}&uploadId=${uploadId}`, 'PUT', { body }));
  return answer.headers.etag!.replaceAll('"', '');
}

export async function completeUpload(url: string, uploadId: string, etags: string[]) {
  const parts = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`).join('');
  await text(call(`${url}?uploadId=${uploadId}`, 'POST', { body: `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>` }));
}

export const abortUpload = async (url: string, uploadId: string) => void (await text(call(`${url}?uploadId=${uploadId}`, 'DELETE')));

/** The answer itself, whatever its status; its bytes are the caller's to read. */
export const openObject = (url: string, range?: string) => call(url, 'GET', { headers: range ? { range } : {} });
