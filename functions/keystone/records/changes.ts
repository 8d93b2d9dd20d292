import { absent } from '../../../shared/store/condition.ts';
import { ConditionFailed, StoreBusy, TransactionRefused } from '../../../shared/store/errors.ts';
import type { Item, Key, Write } from '../../../shared/store/table.ts';
import { couldNotFind, duplicate } from '../errors.ts';
import { find, keyOf, store, type Fields, type Kind, type Kinds } from './entities.ts';
import { freeName, takeName, type Named } from './names.ts';
import { versionOf } from './versions.ts';

const named: readonly Kind[] = ['domain', 'project', 'user', 'role'] satisfies Named[];
const isNamed = (kind: Kind): kind is Named => named.includes(kind);
/** Domains' names are unique in the cloud, the others' in their domain. */
const nameSpace = (data: Fields) => data.domain_id ?? null;

/** Puts a new thing in, with its name. 409 where the id or the name is taken. */
export async function insertEntity<K extends Kind>(kind: K, data: Kinds[K]['data'], more: Item = {}, checks: Write[] = []): Promise<Kinds[K]> {
  const item = { ...keyOf(kind, data.id), version: 1, data, ...more };
  const writes: Write[] = [{ put: item, if: { pk: absent() } }, ...(isNamed(kind) ? [takeName(kind, nameSpace(data), data.name!, data.id)] : []), ...versionOf(kind), ...checks];
  try {
    await store.transact(writes);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    if (error.failed[0]?.conditionFailed) throw duplicate(kind, `Duplicate entry found with ID ${data.id}`);
    if (isNamed(kind) && error.failed[1]?.conditionFailed) throw duplicate(kind, nameTaken(kind, data));
    const missing = checks[error.failed.findIndex((f) => f.conditionFailed) - (writes.length - checks.length)] as { check: Key } | undefined;
    throw missing ? couldNotFind(missing.check.pk, missing.check.sk) : error;
  }
  return item as unknown as Kinds[K];
}

/** What a change replaces: `data` as a whole, and attributes beside it. */
export type Replacement<K extends Kind> = Partial<Omit<Kinds[K], 'pk' | 'sk' | 'version'>>;

/**
 * Changes a thing as it stands: `change` sees it, says what becomes of it, and is asked again when somebody else was quicker.
 * 404 where it is gone, 409 where its new name is taken.
 */
export async function changeEntity<K extends Kind>(kind: K, id: string, change: (current: Kinds[K]) => Replacement<K> | Promise<Replacement<K>>): Promise<Kinds[K]> {
  for (let attempt = 0; attempt < 8; attempt++) {
    const current = await find(kind, id);
    if (!current) throw couldNotFind(kind, id);
    const next = { ...current, ...(await change(current)), version: current.version + 1 };
    const renamed = isNamed(kind) && next.data.name !== current.data.name;
    const writes: Write[] = [
      { put: next, if: { version: current.version } },
      ...(renamed ? [takeName(kind, nameSpace(next.data), next.data.name!, id), freeName(kind, nameSpace(current.data), current.data.name!, id)] : []),
      ...versionOf(kind),
    ];
    try {
      await (writes.length === 1 ? store.put(next, { version: current.version }) : store.transact(writes));
      return next;
    } catch (error) {
      if (error instanceof TransactionRefused && error.failed[1]?.conditionFailed) throw duplicate(kind, nameTaken(kind as Named, next.data));
      if (!(error instanceof ConditionFailed || error instanceof TransactionRefused)) throw error;
    }
  }
  throw new StoreBusy(`the ${kind} ${id} is being changed by others, try again`);
}

/** Takes a thing and its name away; what belongs to it is the caller's. False where it was gone already. */
export async function deleteEntity<K extends Kind>(kind: K, entity: Kinds[K]): Promise<boolean> {
  for (let current: Kinds[K] | undefined = entity; current; current = await find(kind, entity.data.id)) {
    try {
      await store.transact([
        { delete: keyOf(kind, current.data.id), if: { version: current.version } },
        ...(isNamed(kind) ? [freeName(kind, nameSpace(current.data), current.data.name!, current.data.id)] : []),
        ...versionOf(kind),
      ]);
      return true;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
    }
  }
  return false;
}

function nameTaken(kind: Named, { name, domain_id }: Fields): string {
  if (kind === 'project') return `it is not permitted to have two projects with the same name in the same domain: ${name}`;
  if (kind === 'domain') return `it is not permitted to have two domains with the same name: ${name}`;
  return `Duplicate entry found with name ${name}${domain_id ? ` at domain ID ${domain_id}` : ''}`;
}
