import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { lean } from '../../shared/aws/lean.ts';
import { badRequest, unauthorized } from '../../shared/http/errors.ts';
import { environment } from '../../shared/deployment/declaration.ts';
import { requireEnv } from '../../shared/environment.ts';
import { ask } from '../../shared/openstack/ask.ts';

let secrets: SecretsManagerClient | undefined;
const tokens = new Map<string, { token: string; until: number }>();
/** A token that ends during a launch would fail it half-way: this much of its life must be left. */
const LEFT_MS = 10 * 60_000;

/** A token by the application credential NAME; the same one until its end is near. 4xx where the credential is none, or no longer. */
export async function tokenOf(name: string): Promise<string> {
  const known = tokens.get(name);
  if (known && known.until > Date.now()) return known.token;
  const fresh = await login(name, await secretOf(name));
  tokens.set(name, fresh);
  return fresh.token;
}

/** After keystone refused it: it was revoked, or its credential was made anew. */
export const forgetToken = (name: string): boolean => tokens.delete(name);

/** The secret `…/launch/NAME` holds `{"id", "secret"}`, as `openstack application credential create -f json` prints them. */
async function secretOf(name: string): Promise<{ id: string; secret: string }> {
  secrets ??= lean(SecretsManagerClient, { maxAttempts: 4 });
  const SecretId = `${requireEnv(environment.secretPath)}/launch/${name}`;
  const text = await secrets.send(new GetSecretValueCommand({ SecretId })).then(({ SecretString }) => SecretString ?? '', (error: Error) => {
    if (error.name === 'ResourceNotFoundException') throw badRequest(`Invalid input for field/attribute credential. There is no secret ${SecretId}.`);
    throw error;
  });
  const { id, secret } = parsed(text);
  if (typeof id !== 'string' || typeof secret !== 'string') throw badRequest(`Invalid input for field/attribute credential. The secret ${SecretId} is not {"id": …, "secret": …} of an application credential.`);
  return { id, secret };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) as Record<string, unknown> | null) ?? {};
  } catch {
    return {};
  }
}

/** Identity API v3, "Authenticating with an Application Credential". */
async function login(name: string, { id, secret }: { id: string; secret: string }): Promise<{ token: string; until: number }> {
  const answer = await ask('keystone-login', '/identity/v3/auth/tokens?nocatalog=1', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, timeout: 10_000,
    body: JSON.stringify({ auth: { identity: { methods: ['application_credential'], application_credential: { id, secret } } } }),
  });
  if (answer.status === 401) throw unauthorized(`The application credential ${name} does not open: it may be deleted or past its end, or its secret another one.`);
  if (answer.status !== 201) throw new Error(`keystone answered a login with ${answer.status}`);
  const { token } = JSON.parse(answer.text) as { token: { expires_at: string } };
  const ends = Date.parse(token.expires_at);
  return { token: answer.headers['x-subject-token']!, until: Math.max(ends - LEFT_MS, Math.min(Date.now() + 60_000, ends)) };
}
