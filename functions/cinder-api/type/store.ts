import { conflict, notFound } from '../../../shared/http/errors.ts';
import { absent, exists } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { cinder } from '../volume/store.ts';

export interface VolumeType extends Record<string, unknown> {
  id: string;
  name: string;
  description: string | null;
  is_public: boolean;
  extra_specs: Record<string, string>;
  created_at: string;
}

/** The type that every cloud has from its beginning, as Cinder's. Its record appears when it is first changed. */
export const DEFAULT_TYPE_NAME = '__DEFAULT__';
export const DEFAULT_TYPE: VolumeType = {
  id: '5f0b7c1e-2d43-5d5e-9c55-6a1f1d1d0d01', name: DEFAULT_TYPE_NAME, description: 'Default Volume Type', is_public: true, extra_specs: {}, created_at: '2026-01-01T00:00:00.000Z',
};

const TYPES = 'types';
const typeKey = (id: string) => ({ pk: TYPES, sk: `type#${id}` });
const nameKey = (name: string) => ({ pk: TYPES, sk: `name#${name}` });

/** Newest first, as Cinder lists. */
export async function allTypes(): Promise<VolumeType[]> {
  const stored = await cinder.query<VolumeType>({ pk: TYPES, prefix: 'type#' });
  const all = stored.some((type) => type.id === DEFAULT_TYPE.id) ? stored : [...stored, DEFAULT_TYPE];
  return all.sort((a, b) => (a.created_at === b.created_at ? (a.id < b.id ? 1 : -1) : a.created_at < b.created_at ? 1 : -1));
}

export async function getType(id: string): Promise<VolumeType | undefined> {
  return (await cinder.get<VolumeType>(typeKey(id))) ?? (id === DEFAULT_TYPE.id ? DEFAULT_TYPE : undefined);
}

export const noType = (id: string) => notFound(`Volume type ${id} could not be found.`);

/** A name belongs to one type: it has an item of its own. Throws 409. */
export async function addType(type: VolumeType): Promise<void> {
  await claimName(type.name, type.id);
  await cinder.put({ ...type, ...typeKey(type.id) }, { pk: absent() });
}

async function claimName(name: string, id: string): Promise<void> {
  if (name === DEFAULT_TYPE_NAME && id !== DEFAULT_TYPE.id) throw taken(name);
  try {
    await cinder.put({ ...nameKey(name), type_id: id }, [{ pk: absent() }, { type_id: id }]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    // a name whose type went, or never came, is free
    const owner = await getType(error.item?.['type_id'] as string);
    if (owner?.name === name) throw taken(name);
    await cinder.put({ ...nameKey(name), type_id: id }, { type_id: error.item?.['type_id'] });
  }
}
const taken = (name: string) => conflict(`Volume Type ${name} already exists.`);

/** Changes some fields; the default type's record comes into being here. Throws 404, 409. */
export async function changeType(id: string, change: (type: VolumeType) => VolumeType): Promise<VolumeType> {
  const type = await getType(id);
  if (!type) throw noType(id);
  const next = change(type);
  if (next.name !== type.name) await claimName(next.name, id);
  await cinder.put({ ...next, ...typeKey(id) }, id === DEFAULT_TYPE.id ? undefined : { pk: exists() });
  if (next.name !== type.name) await cinder.remove(nameKey(type.name));
  return next;
}

export async function removeType(type: VolumeType): Promise<void> {
  await cinder.remove(typeKey(type.id));
  await cinder.remove(nameKey(type.name));
}
