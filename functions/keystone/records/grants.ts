import { absent, contains, exists } from '../../../shared/store/condition.ts';
import { ConditionFailed, TransactionRefused } from '../../../shared/store/errors.ts';
import type { Key, Write } from '../../../shared/store/table.ts';
import { couldNotFind } from '../errors.ts';
import { endCredentials } from './application-credentials.ts';
import { keyOf, store } from './entities.ts';

/** What roles are given on. */
export type Target = { project: string } | { domain: string } | { system: true };

/** One user's roles on one target: twice in the table, so that both "of a user" and "on a target" are consistent reads. */
export interface Grant extends Record<string, unknown> {
  user_id: string;
  target: Target;
  /** Role ids; absent for a moment when the last one is gone. */
  roles?: Set<string>;
}

const place = (target: Target) => ('project' in target ? `project#${target.project}` : 'domain' in target ? `domain#${target.domain}` : 'system');

/** The item that a token's validation reads. */
export const grantKey = (user: string, target: Target): Key => ({ pk: `grant#${user}`, sk: place(target) });
const mirrorKey = (user: string, target: Target): Key => ({ pk: 'grants', sk: `${place(target)}#${user}` });

export const grantsOfUser = (user: string) => store.query<Grant>({ pk: `grant#${user}` });
export const grantsOn = (target: Target) => store.query<Grant>({ pk: 'grants', prefix: `${place(target)}#` });
export const allGrants = () => store.query<Grant>({ pk: 'grants' });
export const rolesOn = async (user: string, target: Target): Promise<string[]> => [...((await store.get<Grant>(grantKey(user, target)))?.roles ?? [])];

/** Gives a role; giving it again changes nothing. 404 names what is not there: user, target or role. */
export async function grant(user: string, target: Target, role: string): Promise<void> {
  const change = { add: { roles: new Set([role]) }, set: { user_id: user, target } };
  const there: { kind: string; id: string; key: Key }[] = [
    { kind: 'user', id: user, key: keyOf('user', user) },
    { kind: 'role', id: role, key: keyOf('role', role) },
    ...('project' in target ? [{ kind: 'project', id: target.project, key: keyOf('project', target.project) }] : []),
    ...('domain' in target ? [{ kind: 'domain', id: target.domain, key: keyOf('domain', target.domain) }] : []),
  ];
  try {
    await store.transact([
      ...there.map(({ key }): Write => ({ check: key, if: { pk: exists() } })),
      { update: grantKey(user, target), change },
      { update: mirrorKey(user, target), change },
    ]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    const missing = there.find((_, i) => error.failed[i]?.conditionFailed);
    throw missing ? couldNotFind(missing.kind, missing.id) : error;
  }
}

/** Takes a role away, and ends the application credentials that stood on it; false where the user did not have it. */
export async function revokeGrant(user: string, target: Target, role: string): Promise<boolean> {
  const change = { subtract: { roles: new Set([role]) } };
  try {
    await store.transact([
      { update: grantKey(user, target), change, if: { roles: contains(role) } },
      { update: mirrorKey(user, target), change },
    ]);
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
  await endCredentialsOn(user, target);
  await dropIfEmpty(grantKey(user, target));
  await dropIfEmpty(mirrorKey(user, target));
  return true;
}

const endCredentialsOn = async (user: string, target: Target) => { if ('project' in target) await endCredentials(user, target.project); };

async function dropIfEmpty(key: Key): Promise<void> {
  await store.remove(key, { pk: exists(), roles: absent() }).catch((error: unknown) => {
    if (!(error instanceof ConditionFailed)) throw error; // another role was given meanwhile
  });
}

/** Everything that the user, or everybody on the target, was given. Safe to repeat. */
export async function dropGrants(grants: Grant[]): Promise<void> {
  for (const { user_id, target } of grants) {
    await endCredentialsOn(user_id, target);
    await store.transact([{ delete: grantKey(user_id, target) }, { delete: mirrorKey(user_id, target) }]);
  }
}
