import { HttpError, serviceUnavailable } from './errors.ts';
import { StoreBusy } from '../store/errors.ts';

/** Turns an error into a service's own JSON body. */
export type FaultFormat = (error: HttpError, requestId: string) => unknown;

const titles: Record<number, string> = {
  400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 406: 'Not Acceptable', 409: 'Conflict',
  410: 'Gone', 413: 'Request Entity Too Large', 415: 'Unsupported Media Type', 429: 'Too Many Requests', 500: 'Internal Server Error', 501: 'Not Implemented', 503: 'Service Unavailable',
};
export const titleOf = (status: number) => titles[status] ?? 'Error';

const computeNames: Record<number, string> = {
  400: 'badRequest', 401: 'unauthorized', 403: 'forbidden', 404: 'itemNotFound', 405: 'badMethod', 406: 'notAcceptable', 409: 'conflictingRequest',
  413: 'overLimit', 415: 'badMediaType', 429: 'overLimit', 501: 'notImplemented', 503: 'serviceUnavailable',
};

/** Nova's and Cinder's: `{itemNotFound: {code, message}}`. */
export const computeFault: FaultFormat = ({ status, message }) => ({ [computeNames[status] ?? 'computeFault']: { code: status, message } });

/** Keystone's: `{error: {code, message, title}}`. */
export const identityFault: FaultFormat = ({ status, message }) => ({ error: { code: status, message, title: titleOf(status) } });

/** Neutron's: `{NeutronError: {type, message, detail}}`. */
export const networkFault: FaultFormat = ({ status, message, type }) => ({ NeutronError: { type: type ?? `HTTP${titleOf(status).replaceAll(' ', '')}`, message, detail: '' } });

/** Glance's, as webob renders it for JSON. */
export const imageFault: FaultFormat = ({ status, message }) => ({ message: `${message}<br /><br />\n\n\n`, code: `${status} ${titleOf(status)}`, title: titleOf(status) });

/** The one place where anything thrown becomes an HTTP error; what nobody foresaw is 500 and says nothing of its inside. */
export function asHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof StoreBusy) return serviceUnavailable(undefined, { cause: error });
  return new HttpError(500, 'Unexpected API Error. Please report this with the request id.', { cause: error });
}
