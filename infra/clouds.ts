import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse, stringify } from 'yaml';

/** An entry of OpenStack's clouds.yaml, with password authentication scoped to a project. */
export interface Cloud {
  auth: {
    /** The identity service's URL, with its version. */
    auth_url: string;
    username: string;
    password: string;
    project_name: string;
    user_domain_name: string;
    project_domain_name: string;
  };
  region_name: string;
  identity_api_version: 3;
  interface?: 'public';
}

/** Adds, replaces or (undefined) removes clouds in a clouds.yaml that only its owner can read; other clouds stay as they are. */
export function updateClouds(file: string, changes: Record<string, Cloud | undefined>): void {
  const clouds = readClouds(file);
  for (const [name, cloud] of Object.entries(changes)) {
    if (cloud) clouds[name] = cloud;
    else delete clouds[name];
  }
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.next`;
  writeFileSync(next, stringify({ clouds }), { mode: 0o600 });
  chmodSync(next, 0o600);
  renameSync(next, file);
}

/** The clouds of a clouds.yaml; none where there is no such file. */
export function readClouds(file: string): Record<string, Cloud> {
  if (!existsSync(file)) return {};
  return (parse(readFileSync(file, 'utf8')) as { clouds?: Record<string, Cloud> } | null)?.clouds ?? {};
}

/** A cloud of this deployment for one user and project of the default domain. */
export function cloud(endpoint: string, user: { username: string; password: string; project: string; region?: string }): Cloud {
  return {
    auth: {
      auth_url: `${endpoint}/identity/v3`,
      username: user.username,
      password: user.password,
      project_name: user.project,
      user_domain_name: 'Default',
      project_domain_name: 'Default',
    },
    region_name: user.region ?? 'RegionOne',
    identity_api_version: 3,
    interface: 'public',
  };
}
