import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cloud } from '../infra/clouds.ts';
import { awsJson, ServiceError } from './aws-json.ts';
import { login, LoginFailed } from './login.ts';

/** Why there is no credential, in words for the user. */
export class NoCredential extends Error { override name = 'NoCredential' }

/**
 * Makes an application credential of a cloud's user with that one role, and puts it where launches by events look for NAME on this
 * machine. One of that name, in both places, is made anew. Returns the secret's name.
 */
export async function launchCredential(cloud: Cloud, name: string, { role, dataDir }: { role: string; dataDir: string }): Promise<string> {
  if (!/^[A-Za-z0-9_+=.@-]{1,128}$/.test(name)) throw new NoCredential('A credential is named with letters, digits and _+=.@- only.');
  const secretsManager = endpointOf(dataDir);
  const { id: token, user } = await login(cloud, { catalog: false }).catch((error: unknown) => {
    throw error instanceof LoginFailed ? new NoCredential(error.message) : error;
  });
  const collection = `${cloud.auth.auth_url}/users/${user.id}/application_credentials`;
  const asked = async (method: string, url: string, body?: object) => {
    const answer = await fetch(url, { method, headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' }, ...(body && { body: JSON.stringify(body) }) });
    const text = await answer.text();
    if (!answer.ok) throw new NoCredential(`${method} ${new URL(url).pathname}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  for (const { id } of (await asked('GET', `${collection}?name=${encodeURIComponent(name)}`)).application_credentials) await asked('DELETE', `${collection}/${id}`);
  const { application_credential: { id, secret } } = await asked('POST', collection, { application_credential: { name, description: 'Launches by events', roles: [{ name: role }] } });
  const Name = `novaless/launch/${name}`;
  const SecretString = JSON.stringify({ id, secret });
  await awsJson(secretsManager, 'secretsmanager', 'CreateSecret', { Name, SecretString }).catch((error: unknown) => {
    if (error instanceof ServiceError && error.type === 'ResourceExistsException') return awsJson(secretsManager, 'secretsmanager', 'PutSecretValue', { SecretId: Name, SecretString });
    throw error;
  });
  return Name;
}

/** Where the cloud of a data folder answers for AWS; it says so there. */
function endpointOf(dataDir: string): string {
  try {
    const [, endpoint] = /^export AWS_ENDPOINT_URL_SECRETS_MANAGER='(.*)'$/m.exec(readFileSync(join(dataDir, 'awsrc'), 'utf8')) ?? [];
    if (endpoint) return endpoint;
  } catch {}
  throw new NoCredential(`${dataDir} says nothing of a cloud on this machine: npm start makes one. Elsewhere, put the credential into Secrets Manager: see docs/launches-by-events.md`);
}
