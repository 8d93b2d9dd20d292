import * as Type from '@sinclair/typebox';
import { badRequest } from '../../../../shared/http/errors.ts';
import { Strict } from '../../common/types.ts';
import { consoleUrl } from '../consoles.ts';
import type { ServerAction } from './action.ts';

/** Until 2.5; from then on it is `POST /servers/ID/remote-consoles`. */
export const getVncConsole: ServerAction = {
  name: 'os-getVNCConsole',
  policy: 'os_compute_api:os-remote-consoles',
  until: 5,
  schema: Strict({ type: Type.Unsafe<string>({ type: 'string', enum: ['novnc', 'xvpvnc'] }) }),
  run: async (server, { type }: { type: string }) => {
    if (type !== 'novnc') throw badRequest(`Unavailable console type ${type}.`);
    return { status: 200, body: { console: { type, url: await consoleUrl(server) } } };
  },
};
