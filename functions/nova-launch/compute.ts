import { conflict, HttpError, notFound } from '../../shared/http/errors.ts';
import { rest, RemoteError } from '../../shared/openstack/rest.ts';
import { deletionOf, launchOf, type Asked } from './asked.ts';
import { forgetToken, tokenOf } from './credential.ts';

/** Launches what an event asks for: `POST /servers`, with a key that makes all deliveries of the event one request. Returns the server's id, if there is one. */
export async function launch({ detail, key, requestId }: Asked): Promise<string | undefined> {
  const { credential, microversion, body } = launchOf(detail);
  const { server } = await compute<{ server?: { id: string } }>(credential, requestId, 'POST', '/servers', {
    body, headers: { 'OpenStack-API-Version': `compute ${microversion}`, 'Idempotency-Key': key },
  });
  return server?.id;
}

/** Deletes the server that an event names. One that is gone is an answer of 404, unless an earlier receive may have deleted it. */
export async function remove({ detail, requestId }: Asked, receives: number): Promise<string | undefined> {
  const { credential, server } = deletionOf(detail);
  try {
    const id = 'id' in server ? server.id : await idOf(server.name, credential, requestId);
    await compute(credential, requestId, 'DELETE', `/servers/${encodeURIComponent(id)}`);
    return id;
  } catch (error) {
    if (error instanceof HttpError && error.status === 404 && receives > 1) return undefined;
    throw error;
  }
}

async function idOf(name: string, credential: string, requestId: string): Promise<string> {
  const pattern = `^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
  const { servers } = await compute<{ servers: { id: string; name: string }[] }>(credential, requestId, 'GET', `/servers?name=${encodeURIComponent(pattern)}`);
  const found = servers.filter((each) => each.name === name);
  if (found.length === 0) throw notFound(`No server with a name of '${name}' exists.`);
  if (found.length > 1) throw conflict(`More than one server has the name '${name}': name it by its id.`);
  return found[0]!.id;
}

/** A request with the credential's token; with a new one where the old one is void. Refusals are HttpError, passing failures anything else. */
async function compute<T>(credential: string, requestId: string, method: string, path: string, more: { body?: object; headers?: Record<string, string> } = {}): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const token = await tokenOf(credential);
    try {
      return await rest<T>('compute', method, path, { caller: { context: { token, request_id: requestId } }, attempts: 2, timeout: 25_000, ...more });
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      if (error.status === 401 && attempt === 1 && forgetToken(credential)) continue;
      throw error.status < 500 && error.status !== 429 ? new HttpError(error.status, error.message) : error;
    }
  }
}
