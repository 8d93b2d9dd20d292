import * as Type from '@sinclair/typebox';
import { consolePageUrl } from '../../../shared/agent/console.ts';
import { badRequest, conflict } from '../../../shared/http/errors.ts';
import type { Reply, Request, Versioned } from '../../../shared/http/route.ts';
import { consoleKey } from '../../../shared/objects/console_key.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { Strict } from '../common/types.ts';
import { nodeOf } from '../hosts/store.ts';
import { findServer } from './find.ts';
import { checkState } from './task.ts';

const word = (...words: string[]) => Type.Unsafe<string>({ type: 'string', enum: words });
const console = (protocols: string[], types: string[]) => Strict({ remote_console: Strict({ protocol: word(...protocols), type: word(...types) }) });
/** 2.8 adds mks, 2.99 spice-direct; what this cloud's hosts offer is VNC. */
export const remoteConsoleSchema: Versioned = [
  { from: 6, schema: console(['vnc', 'spice', 'serial', 'rdp'], ['novnc', 'xvpvnc', 'spice-html5', 'serial', 'rdp-html5']) },
  { from: 8, schema: console(['vnc', 'spice', 'serial', 'rdp', 'mks'], ['novnc', 'xvpvnc', 'spice-html5', 'serial', 'rdp-html5', 'webmks']) },
  { from: 99, schema: console(['vnc', 'spice', 'serial', 'rdp', 'mks'], ['novnc', 'xvpvnc', 'spice-html5', 'spice-direct', 'serial', 'rdp-html5', 'webmks']) },
];

/** 2.6: one page's address, good for one use within a minute. */
export async function createRemoteConsole(request: Request<{ remote_console: { protocol: string; type: string } }>): Promise<Reply> {
  const { protocol, type } = request.body.remote_console;
  const server = await findServer(request);
  if (protocol !== 'vnc' || type !== 'novnc') throw badRequest(`Unavailable console type ${type}.`);
  return { body: { remote_console: { protocol, type, url: await consoleUrl(server) } } };
}

/** The host's console page with a token that opens this server's console and no other. 409 while there is no guest. */
export async function consoleUrl(server: Instance): Promise<string> {
  if (server.vm_state === 'building' || !server.host) throw conflict(`Instance ${server.uuid} is not ready`);
  checkState(server, 'get_vnc_console', { vm: ['active', 'paused', 'error', 'stopped', 'suspended'], task: 'any' });
  if (server.task_state === 'deleting') throw conflict(`Cannot 'get_vnc_console' instance ${server.uuid} while it is in task_state deleting`);
  const [node, key] = await Promise.all([nodeOf(server.host), consoleKey()]);
  if (!node) throw conflict(`Instance ${server.uuid} is not ready`);
  const { consoleToken } = await import('./console-token.ts'); // of all routes, only consoles sign
  const token = await consoleToken(server.uuid, key.private_key);
  return consolePageUrl(node.console_url, token);
}
