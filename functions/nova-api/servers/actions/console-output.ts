import * as Type from '@sinclair/typebox';
import { conflict } from '../../../../shared/http/errors.ts';
import { Optional, Strict } from '../../common/types.ts';
import type { ServerAction } from './action.ts';

/** The console log's tail, as the host's agent uploads it while it grows; "" before there is anything. `length` is lines from its end, -1 all. */
export const getConsoleOutput: ServerAction = {
  name: 'os-getConsoleOutput',
  policy: 'os_compute_api:os-console-output',
  schema: Strict({ length: Optional(Type.Unsafe<number | string | null>({ type: ['integer', 'string', 'null'], pattern: '^-?[0-9]+$', minimum: -1 })) }),
  run: async (server, { length }: { length?: number | string | null }) => {
    if (!server.host) throw conflict(`Instance ${server.uuid} is not ready`);
    const { consoleLog } = await import('../console-log.ts'); // the one action that asks S3 loads its client
    const text = await consoleLog(server.uuid);
    return { status: 200, body: { output: length === undefined || length === null || Number(length) < 0 ? text : lastLines(text, Number(length)) } };
  },
};

export function lastLines(text: string, count: number): string {
  if (count === 0) return '';
  const lines = text.split('\n');
  const closing = lines.at(-1) === '' ? 1 : 0;
  return lines.slice(-(count + closing)).join('\n');
}
