import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import * as Type from '@sinclair/typebox';
import { consoleLogKey } from '../../../../shared/agent/console.ts';
import { environment } from '../../../../shared/deployment/declaration.ts';
import { requireEnv } from '../../../../shared/environment.ts';
import { conflict } from '../../../../shared/http/errors.ts';
import { Optional, Strict } from '../../common/types.ts';
import type { ServerAction } from './action.ts';

let client: S3Client | undefined;

/** The console log's tail, as the host's agent uploads it while it grows; "" before there is anything. `length` is lines from its end, -1 all. */
export const getConsoleOutput: ServerAction = {
  name: 'os-getConsoleOutput',
  policy: 'os_compute_api:os-console-output',
  schema: Strict({ length: Optional(Type.Unsafe<number | string | null>({ type: ['integer', 'string', 'null'], pattern: '^-?[0-9]+$', minimum: -1 })) }),
  run: async (server, { length }: { length?: number | string | null }) => {
    if (!server.host) throw conflict(`Instance ${server.uuid} is not ready`);
    const text = await logOf(server.uuid);
    return { status: 200, body: { output: length === undefined || length === null || Number(length) < 0 ? text : lastLines(text, Number(length)) } };
  },
};

async function logOf(uuid: string): Promise<string> {
  client ??= new S3Client({});
  try {
    const object = await client.send(new GetObjectCommand({ Bucket: requireEnv(environment.bucket('consoles')), Key: consoleLogKey(uuid) }));
    // Nova drops what JSON clients could not read
    return (await object.Body!.transformToString('utf8')).replace(/[\0\u001b]/g, '');
  } catch (error) {
    if (['NoSuchKey', 'NotFound', 'AccessDenied'].includes((error as Error).name)) return '';
    throw error;
  }
}

export function lastLines(text: string, count: number): string {
  if (count === 0) return '';
  const lines = text.split('\n');
  const closing = lines.at(-1) === '' ? 1 : 0;
  return lines.slice(-(count + closing)).join('\n');
}
