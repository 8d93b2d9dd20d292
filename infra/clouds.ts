import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Document, isMap, parseDocument } from 'yaml';

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

/**
 * Adds, replaces or (undefined) removes clouds in a clouds.yaml, which from then on only its owner can read. All else in it stays as it is.
 * Throws where the file is no clouds.yaml.
 */
export function updateClouds(file: string, changes: Record<string, Cloud | undefined>): void {
  const document = documentOf(file) ?? new Document({ clouds: {} });
  if (!isMap(document.get('clouds'))) document.set('clouds', document.createNode({}));
  for (const [name, cloud] of Object.entries(changes)) {
    if (cloud) document.setIn(['clouds', name], document.createNode(cloud));
    else document.deleteIn(['clouds', name]);
  }
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.next`;
  writeFileSync(next, String(document), { mode: 0o600 });
  chmodSync(next, 0o600);
  renameSync(next, file);
}

/** The clouds of a clouds.yaml; none where there is no such file. */
export function readClouds(file: string): Record<string, Cloud> {
  return (documentOf(file)?.toJS() as { clouds?: Record<string, Cloud> | null } | undefined)?.clouds ?? {};
}

/** Undefined where there is no such file, or nothing in it. */
function documentOf(file: string): Document | undefined {
  if (!existsSync(file)) return undefined;
  const document = parseDocument(readFileSync(file, 'utf8'));
  if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]!.message}`);
  if (document.contents === null) return undefined;
  if (!isMap(document.contents)) throw new Error(`${file} is not a clouds.yaml`);
  return document as unknown as Document;
}

/** The request for a token of a cloud's user in his project (Identity API v3, "Password authentication with scoped authorization"). */
export const passwordAuth = ({ auth }: Pick<Cloud, 'auth'>) => ({
  auth: {
    identity: { methods: ['password'], password: { user: { name: auth.username, password: auth.password, domain: { name: auth.user_domain_name } } } },
    scope: { project: { name: auth.project_name, domain: { name: auth.project_domain_name } } },
  },
});

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
