import * as Type from '@sinclair/typebox';
import { isAdmin } from '../../../../shared/identity/context.ts';
import { type Instance, now } from '../../../../shared/objects/instance.ts';
import { Optional, Strict } from '../../common/types.ts';
import { changeAndRecord } from '../change.ts';
import type { ServerAction } from './action.ts';
import type { Request } from '../../../../shared/http/route.ts';

const write = (server: Instance, action: string, set: Partial<Instance>, request: Request, remove: string[] = []) =>
  changeAndRecord(server, { set: { ...set, updated_at: now() }, remove }, action, request);

/** From 2.73 on it may say why. An owner cannot take an admin's lock over. */
export const lock: ServerAction = {
  name: 'lock',
  policy: 'os_compute_api:os-lock-server:lock',
  schema: Type.Union([Strict({ locked_reason: Optional(Type.String({ minLength: 1, maxLength: 255 })) }), Type.Null(), Type.Unknown()]),
  run: async (server, args: { locked_reason?: string } | null, request) => {
    const isOwner = server.project_id === request.context.project_id && !isAdmin(request.context);
    if (isOwner && server.locked_by === 'owner' && request.version.minor < 73) return { status: 202 };
    await write(server, 'lock', { locked: true, locked_by: isOwner ? 'owner' : 'admin', locked_reason: request.version.minor >= 73 ? (args?.locked_reason ?? null) : null }, request);
    return { status: 202 };
  },
};

/** An admin's lock is an admin's to open. */
export const unlock: ServerAction = {
  name: 'unlock',
  policy: 'os_compute_api:os-lock-server:unlock',
  run: async (server, _args, request) => {
    if (server.locked_by === 'admin') request.enforce('os_compute_api:os-lock-server:unlock:unlock_override');
    await write(server, 'unlock', { locked: false, locked_reason: null }, request, ['locked_by']);
    return { status: 202 };
  },
};
