import { badRequest } from '../../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../../shared/http/route.ts';
import { validate } from '../../../../shared/http/validate.ts';
import { findServer } from '../find.ts';
import { serverActions } from './table.ts';

/** `POST /servers/ID/action`: the body's one key names the action. */
export async function runAction(request: Request<Record<string, unknown>>): Promise<Reply | void> {
  const [name, ...more] = Object.keys(request.body);
  if (name === undefined) throw badRequest('Malformed request body');
  const { minor } = request.version;
  const action = serverActions.find((each) => each.name === name && minor >= (each.since ?? 0) && minor <= (each.until ?? Infinity));
  if (!action) throw badRequest(`There is no such action: ${name}`);
  if (more.length > 0) throw badRequest(`Additional properties are not allowed (${more.map((each) => `'${each}'`).join(', ')} ${more.length > 1 ? 'were' : 'was'} unexpected)`);
  request.enforce(action.policy);
  if (action.schema) validate(action.schema, request.body[name]);
  return action.run(await findServer(request), request.body[name], request);
}
