import { badRequest, conflict, forbidden, HttpError, notFound, unauthorized } from '../../shared/http/errors.ts';
import { environment } from '../../shared/deployment/declaration.ts';
import { requireEnv } from '../../shared/environment.ts';

/** Keystone's texts for what goes wrong; clients and people search for them. */

const malformed = 'The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.';
export const expecting = (attribute: string, target: string) => badRequest(`Expecting to find ${attribute} in ${target}. ${malformed}`);

export const couldNotFind = (kind: string, id: string) => notFound(`Could not find ${kind}: ${id}.`);
export const duplicate = (kind: string, details: string) => conflict(`Conflict occurred attempting to store ${kind} - ${details}.`);

export const refused = (policy: string) => forbidden(`You are not authorized to perform the requested action: ${policy}.`);

const challenge = () => ({ headers: { 'WWW-Authenticate': `Keystone uri="${requireEnv(environment.endpoint)}/identity"` } });

/** The one answer to every failed login: it must not tell which part was wrong. */
export const notAuthenticated = (cause?: string) => unauthorized(undefined, { ...challenge(), ...(cause && { cause }) });

export const unsupportedMethod = () => new HttpError(401, 'Attempted to authenticate with an unsupported method.', challenge());
