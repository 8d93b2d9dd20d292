import { setTimeout as sleep } from 'node:timers/promises';
import type { AskedFunction } from '../deployment/declaration.ts';
import type { RequestContext } from '../identity/context.ts';
import { serviceToken, type ServiceUser } from '../identity/service-token.ts';
import { decodeSteps, record, STEPS_HEADER } from '../telemetry/steps.ts';
import { traceparent } from '../telemetry/trace.ts';
import { ask, type Question } from './ask.ts';

/** By their types in the catalog. */
export const services = {
  image: { function: 'glance-api', root: '/image/v2' }, network: { function: 'neutron-server', root: '/network/v2.0' }, volume: { function: 'cinder-api', root: '/volume/v3' },
  identity: { function: 'keystone', root: '/identity/v3' }, compute: { function: 'nova-api', root: '/compute/v2.1' },
} satisfies Record<string, { function: AskedFunction; root: string }>;

/** A service's refusal or failure; `status` and `message` as it gave them. 503 stands for no answer at all. */
export class RemoteError extends Error {
  override name = 'RemoteError';
  readonly status: number;
  readonly type: string | undefined;
  constructor(status: number, message: string, options: { type?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.status = status;
    this.type = options.type;
  }
}

export interface Caller {
  /** In whose name: the user's token, together with the service's own where `service` is given too. */
  context?: Pick<RequestContext, 'token' | 'request_id'>;
  /** In the service's own name where no context is given. */
  service?: ServiceUser;
}

/**
 * One REST call to another service, as in steps 19 to 27: it waits for the answer, tries again on 503, 429 and 5xx (every
 * route that services call so is safe to repeat), and takes over the steps that the callee recorded.
 * Returns the parsed body (undefined for 204). Throws RemoteError.
 */
export async function rest<T = any>(
  service: keyof typeof services, method: string, path: string,
  { caller, body, headers = {}, attempts = 4, timeout = 12_000 }: { caller: Caller; body?: unknown; headers?: Record<string, string>; attempts?: number; timeout?: number },
): Promise<T> {
  const identity = await identityHeaders(caller);
  for (let attempt = 1; ; attempt++) {
    const failure = await once<T>(service, path, {
      method,
      headers: {
        Accept: 'application/json', ...identity, [STEPS_HEADER]: '1', traceparent: traceparent(),
        ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      timeout,
    });
    if ('value' in failure) return failure.value;
    const passing = failure.error.status >= 500 || failure.error.status === 429;
    if (!passing || attempt >= attempts) throw failure.error;
    await sleep(100 * 2 ** attempt * (0.5 + Math.random()));
  }
}

async function once<T>(service: keyof typeof services, path: string, question: Question): Promise<{ value: T } | { error: RemoteError }> {
  try {
    const { status, ok, headers, text } = await ask(services[service].function, services[service].root + path, question);
    record(...decodeSteps(headers[STEPS_HEADER]));
    if (ok) return { value: (text ? JSON.parse(text) : undefined) as T };
    return { error: remoteError(status, text) };
  } catch (cause) {
    return { error: new RemoteError(503, `no answer from ${service}`, { cause }) };
  }
}

/** The message out of any service's fault. */
function remoteError(status: number, text: string): RemoteError {
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    if (typeof body['message'] === 'string') return new RemoteError(status, body['message'].replace(/<br \/>|\n/g, ' ').trim());
    const fault = Object.values(body)[0] as { message?: string; type?: string } | undefined;
    return new RemoteError(status, fault?.message ?? text.slice(0, 200), fault?.type ? { type: fault.type } : {});
  } catch {
    return new RemoteError(status, text.slice(0, 200) || `status ${status}`);
  }
}

async function identityHeaders({ context, service }: Caller): Promise<Record<string, string>> {
  if (context) return {
    'X-Auth-Token': context.token, 'X-OpenStack-Request-ID': context.request_id,
    ...(service && { 'X-Service-Token': await serviceToken(service) }),
  };
  if (service) return { 'X-Auth-Token': await serviceToken(service) };
  throw new Error('a REST call needs a context or a service to act for');
}
