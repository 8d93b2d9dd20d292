import { createHash } from 'node:crypto';
import { serviceUnavailable } from '../http/errors.ts';
import { ask } from '../openstack/ask.ts';
import { decodeSteps, STEPS_HEADER, type Step } from '../telemetry/steps.ts';
import { traceparent } from '../telemetry/trace.ts';

/** The part of keystone's token body (Identity API v3, "Validate and show information for token") that services use. */
export interface TokenBody {
  user: { id: string; name: string; domain: { id: string; name: string } };
  project?: { id: string; name: string; domain: { id: string; name: string } };
  domain?: { id: string; name: string };
  system?: { all: boolean };
  roles?: { id: string; name: string }[];
  expires_at: string;
  issued_at: string;
}

export interface Validation {
  token: TokenBody;
  /** The validation's own request id, and its steps (login and validation) as keystone recorded them. */
  requestId: string;
  steps: Step[];
  cached: boolean;
}

/** Revoked tokens live on for at most this long in a service that has seen them. */
const CACHE_MS = 15_000;
const CACHE_SIZE = 2_000;
const cache = new Map<string, { until: number; validation: Validation }>();

/** Asks keystone by REST, or remembers its answer for a short time. Undefined: the token is not valid. */
export async function validateToken(token: string, options: { allowExpiredFor?: string } = {}): Promise<Validation | undefined> {
  const key = createHash('sha256').update(token).update(options.allowExpiredFor ?? '').digest('base64');
  const known = cache.get(key);
  if (known && known.until > Date.now()) return { ...known.validation, cached: true };
  const validation = await askKeystone(token, options.allowExpiredFor);
  if (!validation) return undefined;
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
  const expires = options.allowExpiredFor ? Infinity : Date.parse(validation.token.expires_at);
  cache.set(key, { until: Math.min(Date.now() + CACHE_MS, expires), validation });
  return validation;
}

async function askKeystone(token: string, serviceToken: string | undefined): Promise<Validation | undefined> {
  const path = `/identity/v3/auth/tokens?nocatalog=1${serviceToken ? '&allow_expired=1' : ''}`;
  const headers = { 'X-Auth-Token': serviceToken ?? token, 'X-Subject-Token': token, [STEPS_HEADER]: '1', traceparent: traceparent() };
  for (let attempt = 1; ; attempt++) {
    const answer = await ask('keystone-validate', path, { headers, timeout: 10_000 }).catch((error: unknown) => error as Error);
    if (!(answer instanceof Error)) {
      if (answer.ok) {
        const { token: body } = JSON.parse(answer.text) as { token: TokenBody };
        return { token: body, requestId: answer.headers['x-openstack-request-id'] ?? '', steps: decodeSteps(answer.headers[STEPS_HEADER]), cached: false };
      }
      if (answer.status < 500 && answer.status !== 429) return undefined;
    }
    if (attempt === 3) throw serviceUnavailable('The identity service does not answer, try again.', answer instanceof Error ? { cause: answer } : {});
    await new Promise((resolve) => setTimeout(resolve, 100 * attempt + Math.random() * 100));
  }
}
