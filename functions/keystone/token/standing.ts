import type { Key } from '../../../shared/store/table.ts';
import { credentialKey, type ApplicationCredential } from '../records/application-credentials.ts';
import { grantKey, type Grant } from '../records/grants.ts';
import { effectiveRoles } from '../records/roles.ts';
import { versionsKey, type Versions } from '../records/versions.ts';
import { keyOf, store, type Domain, type Project, type Role, type User } from '../records/entities.ts';
import type { Claims, Scope } from './claims.ts';

/** Whom and what a token stands for at this moment. */
export interface Standing {
  user: User;
  userDomain: Domain;
  project?: Project;
  projectDomain?: Domain;
  domain?: Domain;
  system?: true;
  credential?: ApplicationCredential;
  /** With all that they imply, and no more than the application credential has; none for an unscoped token. */
  roles: Role[];
  /** Of what tokens show besides. */
  versions: Versions;
}

/** The token, or what it stands on, is void; the message says why, for logs and for those who may see it. */
export class NotStanding extends Error {
  override name = 'NotStanding';
}

export const revocationKey = (auditId: string): Key => ({ pk: `revoked#${auditId}`, sk: 'revoked' });

/**
 * Reads, in one batch, everything that a token depends on. Throws NotStanding where it was revoked, or where the user, the
 * domain or the project is gone, disabled, or has been since it was issued, or its application credential is gone,
 * or where no role is left on its scope.
 */
export async function standingOf({ user_id, user_domain_id, scope, application_credential, audit_ids, issued }: Pick<Claims, 'user_id' | 'user_domain_id' | 'scope'> & Partial<Claims>): Promise<Standing> {
  const user = keyOf('user', user_id);
  const userDomain = keyOf('domain', user_domain_id);
  const revocation = audit_ids && revocationKey(audit_ids[0]!);
  const scopeKeys = scope ? keysOf(scope) : {};
  const grant = scope && grantKey(user_id, scope);
  const credential = application_credential === undefined ? undefined : credentialKey(application_credential);
  const read = await readAll([user, userDomain, revocation, scopeKeys.project, scopeKeys.domain, grant, credential, versionsKey]);

  if (read(revocation)) throw new NotStanding('the token was revoked');
  const usable = <T extends { data: { enabled: boolean; id: string }; valid_since?: number }>(kind: string, item: T | undefined): T => {
    if (!item) throw new NotStanding(`the ${kind} is gone`);
    if (!item.data.enabled) throw new NotStanding(`the ${kind} ${item.data.id} is disabled`);
    if (issued !== undefined && issued < (item.valid_since ?? 0)) throw new NotStanding(`tokens of the ${kind} ${item.data.id} were revoked`);
    return item;
  };
  const standing: Standing = { user: usable('user', read<User>(user)), userDomain: usable('domain', read<Domain>(userDomain)), roles: [], versions: read<Versions>(versionsKey) ?? {} };
  if (!scope) return standing;
  if ('system' in scope) standing.system = true;
  else if ('domain' in scope) standing.domain = usable('domain', read<Domain>(scopeKeys.domain));
  else {
    standing.project = usable('project', read<Project>(scopeKeys.project));
    standing.projectDomain = usable('domain', read<Domain>(scopeKeys.domain));
  }
  standing.roles = await effectiveRoles(read<Grant>(grant)?.roles ?? [], standing.versions);
  if (credential) {
    standing.credential = usableCredential(read<ApplicationCredential>(credential));
    const lent = standing.credential.data.roles;
    standing.roles = standing.roles.filter(({ data }) => lent.includes(data.id));
  }
  if (standing.roles.length === 0) throw new NotStanding(`User ${user_id} has no access to ${nameOf(scope)}`);
  return standing;
}

function usableCredential(credential: ApplicationCredential | undefined): ApplicationCredential {
  if (!credential) throw new NotStanding('the application credential is gone');
  if ((credential.data.expires ?? Infinity) <= Date.now()) throw new NotStanding('the application credential is past its end');
  return credential;
}

const keysOf = (scope: Scope): { project?: Key; domain?: Key } =>
  'project' in scope ? { project: keyOf('project', scope.project), domain: keyOf('domain', scope.project_domain!) }
  : 'domain' in scope ? { domain: keyOf('domain', scope.domain) } : {};
const nameOf = (scope: Scope) => ('project' in scope ? `project ${scope.project}` : 'domain' in scope ? `domain ${scope.domain}` : 'the system');

async function readAll(keys: (Key | undefined)[]) {
  const items = await store.getMany<Key & Record<string, unknown>>(keys.filter((key) => key !== undefined));
  const found = new Map(items.map((item) => [`${item.pk}\0${item.sk}`, item]));
  return <T = unknown>(key: Key | undefined): T | undefined => key && (found.get(`${key.pk}\0${key.sk}`) as T | undefined);
}
