import { cinder } from '../volume/store.ts';
import { DEFAULT_TYPE, getType, type VolumeType } from './store.ts';

/** A project's own default type (Block Storage API 3.62), else the cloud's. */
export const defaultKey = (project: string) => ({ pk: 'default-types', sk: `project#${project}` });
export interface DefaultType extends Record<string, unknown> { project_id: string; volume_type_id: string }

export async function defaultTypeOf(project: string | null): Promise<VolumeType> {
  const own = project === null ? undefined : await cinder.get<DefaultType>(defaultKey(project));
  return (own && (await getType(own.volume_type_id))) ?? (await getType(DEFAULT_TYPE.id)) ?? DEFAULT_TYPE;
}
