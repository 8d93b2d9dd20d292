import type { Write } from '../../../shared/store/table.ts';
import { absent } from '../../../shared/store/condition.ts';
import { all, find, findMany, isId, store, type Kind, type Kinds } from './entities.ts';

/** Kinds whose names are unique: within their domain, or (domains, and roles without one) in the whole cloud. */
export type Named = Extract<Kind, 'domain' | 'project' | 'user' | 'role'>;

/** An item per name in use, written in the transaction that takes the name: so two can never have the same. */
const lockKey = (kind: Named, domain: string | null | undefined, name: string) => ({ pk: `name#${kind}#${domain ?? ''}`, sk: name });

export const takeName = (kind: Named, domain: string | null | undefined, name: string, id: string): Write =>
  ({ put: { ...lockKey(kind, domain, name), id }, if: { pk: absent() } });

export const freeName = (kind: Named, domain: string | null | undefined, name: string, id: string): Write =>
  ({ delete: lockKey(kind, domain, name), if: { id } });

/** The thing of that name, read consistently. */
export async function findByName<K extends Named>(kind: K, domain: string | null | undefined, name: string): Promise<Kinds[K] | undefined> {
  if (!isId(name) || (domain != null && !isId(domain))) return undefined;
  const lock = await store.get<{ id: string }>(lockKey(kind, domain, name));
  return lock && find(kind, lock.id);
}

/** The things of that name in all domains, one in each at most, by id. */
export async function findByNameAnywhere<K extends 'project' | 'user'>(kind: K, name: string): Promise<Kinds[K][]> {
  const domains = await all('domain');
  const locks = await store.getMany<{ id: string }>(domains.map(({ data }) => lockKey(kind, data.id, name)));
  return findMany(kind, locks.map(({ id }) => id));
}

/** The things of these names, by id, by two requests for all of them. */
export async function findAllByName<K extends Named>(kind: K, domain: string | null, names: readonly string[]): Promise<Kinds[K][]> {
  const locks = await store.getMany<{ id: string }>(names.map((name) => lockKey(kind, domain, name)));
  return findMany(kind, locks.map(({ id }) => id));
}
