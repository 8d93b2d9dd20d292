import * as Type from '@sinclair/typebox';
import type { TSchema } from '@sinclair/typebox';
import type { Reply, Request } from '../../../../shared/http/route.ts';
import type { Instance, TaskState } from '../../../../shared/objects/instance.ts';
import { askHost } from '../host-action.ts';
import { beginTask, type Precondition } from '../task.ts';

/** A server action: `POST /servers/ID/action` with `{name: arguments}`. */
export interface ServerAction {
  name: string;
  policy: string;
  /** Of the arguments; whatever is sent where not given (clients send null, {} or ""). */
  schema?: TSchema;
  /** First and last minor version that has it. */
  since?: number;
  until?: number;
  run: (server: Instance, args: any, request: Request) => Promise<Reply | void>;
}

interface PowerAction {
  name: string;
  policy: string;
  /** Nova's word for it: in os-instance-actions, in refusals, and in the message to the host. */
  action: string;
  /** The word in refusals, where it is another. */
  method?: string;
  schema?: TSchema;
  needs: Precondition;
  taskState: TaskState;
  args?: Record<string, unknown>;
}

/** An action that is one message to the server's host: answered with 202 as soon as it is on its way. */
export const powerAction = ({ action, method = action, needs, taskState, args = {}, ...rest }: PowerAction): ServerAction => ({
  ...rest,
  run: async (server, _args, request) => {
    await beginTask(server, { action, method, needs, taskState, send: (after) => askHost(after, action, args, request) }, request);
    return { status: 202 };
  },
});

export const Nothing = Type.Unsafe<unknown>({});
