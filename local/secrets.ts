import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cloud, updateClouds } from '../infra/clouds.ts';

export interface Secrets { adminPassword: string; demoPassword: string }

/** A clouds.yaml, and what the clouds of the admin and of the first user are called in it. */
export interface CloudsEntries { cloudsFile: string; clouds: { admin: string; user: string } }

const secretsFile = (dataDir: string) => join(dataDir, 'secrets.json');

/** Whether a data folder has passwords already. */
export const hasSecrets = (dataDir: string): boolean => existsSync(secretsFile(dataDir));

/** The generated passwords of a data folder, the same from one start to the next; `anew`: other ones from now on. */
export function secretsOf(dataDir: string, { anew = false } = {}): Secrets {
  const file = secretsFile(dataDir);
  if (anew || !existsSync(file)) {
    const password = () => randomBytes(12).toString('base64url');
    writeFileSync(file, JSON.stringify({ adminPassword: password(), demoPassword: password() }), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}

/**
 * Writes what the two first users log in with, for their owner only: an openrc file each into the folder, and a cloud each into a clouds.yaml,
 * the folder's own where nothing else is said. Gives the paths, that of clouds.yaml first.
 */
export function writeCredentials(dataDir: string, endpoint: string, region: string, { adminPassword, demoPassword }: Secrets, { cloudsFile, clouds }: CloudsEntries = {
  cloudsFile: join(dataDir, 'clouds.yaml'), clouds: { admin: 'novaless-admin', user: 'novaless-demo' },
}): string[] {
  const users = [
    { cloud: clouds.admin, name: 'admin', username: 'admin', password: adminPassword, project: 'admin' },
    { cloud: clouds.user, name: 'demo', username: 'demo', password: demoPassword, project: 'demo' },
  ];
  updateClouds(cloudsFile, Object.fromEntries(users.map((user) => [user.cloud, { ...cloud(endpoint, { ...user, region }), volume_api_version: 3 }])));
  return [cloudsFile, ...users.map((user) => writeOpenrc(dataDir, endpoint, region, user))];
}

/** Writes `openrc-NAME`: sourced in a shell, it leads OpenStack's clients to that cloud as that user. Gives its path. */
function writeOpenrc(dataDir: string, endpoint: string, region: string, { name, username, password, project }: { name: string; username: string; password: string; project: string }): string {
  const variables = {
    OS_AUTH_URL: `${endpoint}/identity/v3`, OS_USERNAME: username, OS_PASSWORD: password, OS_PROJECT_NAME: project, OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default', OS_REGION_NAME: region, OS_IDENTITY_API_VERSION: '3', OS_VOLUME_API_VERSION: '3', OS_IMAGE_API_VERSION: '2', OS_INTERFACE: 'public',
  };
  const file = join(dataDir, `openrc-${name}`);
  const text = ['unset OS_CLOUD OS_TOKEN OS_AUTH_TYPE', ...Object.entries(variables).map(([key, value]) => `export ${key}='${value}'`)].join('\n');
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  return file;
}

/** Writes `awsrc`: sourced in a shell, it leads the AWS CLI and SDKs to this machine's engines. */
export function writeAwsrc(dataDir: string, variables: Record<string, string>): void {
  const text = Object.entries(variables).map(([key, value]) => `export ${key}='${value}'`).join('\n');
  writeFileSync(join(dataDir, 'awsrc'), `unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL\n${text}\n`, { mode: 0o600 });
}
