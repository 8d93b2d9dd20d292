import { badRequest } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { isAdmin, type RequestContext } from '../../../shared/identity/context.ts';

/** A service in its own name works for the project that its URL names: work that outlived the user's token goes on so. */
export const actsFor = (context: RequestContext) => context.roles.includes('service') && isAdmin(context);

/** The project that a request makes things for. Throws 400 for a token without one. */
export function projectOf({ params, context }: Pick<Request, 'params' | 'context'>): string {
  const project = params['project_id'] ?? context.project_id;
  if (project === null) throw badRequest('The token has no project: volumes belong to one.');
  return project;
}
