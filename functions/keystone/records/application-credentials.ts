import { absent } from '../../../shared/store/condition.ts';
import { TransactionRefused } from '../../../shared/store/errors.ts';
import type { Key } from '../../../shared/store/table.ts';
import { duplicate } from '../errors.ts';
import { isId, store } from './entities.ts';

/** With this somebody else, or a program, acts for a user on one project, with some of the user's roles there. */
export interface ApplicationCredential extends Record<string, unknown> {
  data: {
    id: string;
    name: string;
    description: string | null;
    user_id: string;
    project_id: string;
    project_domain_id: string;
    /** May make and delete such credentials itself. */
    unrestricted: boolean;
    /** Epoch milliseconds; null: it does not end by itself. */
    expires: number | null;
    /** Ids, with those that the chosen ones implied when it was made. */
    roles: string[];
  };
  /** See password.ts. */
  secret: string;
}

export const credentialKey = (id: string): Key => ({ pk: 'application_credential', sk: id });
/** An item per name of a user's: names are unique to a user, and lists and look-ups by name are consistent reads. */
const nameKey = (user: string, name: string): Key => ({ pk: `application_credentials#${user}`, sk: name });

export const findCredential = async (id: string): Promise<ApplicationCredential | undefined> => (isId(id) ? store.get<ApplicationCredential>(credentialKey(id)) : undefined);

export async function findCredentialByName(user: string, name: string): Promise<ApplicationCredential | undefined> {
  if (!isId(user) || !isId(name)) return undefined;
  const known = await store.get<{ id: string }>(nameKey(user, name));
  return known && findCredential(known.id);
}

/** A user's credentials, in the order of their names. */
export async function credentialsOf(user: string): Promise<ApplicationCredential[]> {
  const names = await store.query<{ id: string }>({ pk: `application_credentials#${user}` });
  const found = await store.getMany<ApplicationCredential>(names.map(({ id }) => credentialKey(id)));
  return found.sort((a, b) => a.data.name.localeCompare(b.data.name));
}

/** 409 where the user has one of that name. */
export async function insertCredential({ data, secret }: Pick<ApplicationCredential, 'data' | 'secret'>): Promise<void> {
  try {
    await store.transact([
      { put: { ...credentialKey(data.id), data, secret }, if: { pk: absent() } },
      { put: { ...nameKey(data.user_id, data.name), id: data.id }, if: { pk: absent() } },
    ]);
  } catch (error) {
    if (error instanceof TransactionRefused && error.failed.some((f) => f.conditionFailed)) throw duplicate('application_credential', `Duplicate entry found with name ${data.name}`);
    throw error;
  }
}

/** Safe to repeat. Its tokens end with it. */
export const deleteCredential = ({ data }: ApplicationCredential): Promise<void> =>
  store.transact([{ delete: credentialKey(data.id) }, { delete: nameKey(data.user_id, data.name) }]);

/** Those that a user has on a project, or (without one) all. Keystone ends them when any of the user's roles there is taken back. */
export async function endCredentials(user: string, project?: string): Promise<void> {
  for (const credential of await credentialsOf(user)) if (project === undefined || credential.data.project_id === project) await deleteCredential(credential);
}
