import { notFound } from '../../../shared/http/errors.ts';
import { table, type Selection } from '../../../shared/store/table.ts';
import { SHARDS, volumeKey, type Volume } from './record.ts';

export const cinder = table('cinder');

export const getVolume = (id: string): Promise<Volume | undefined> => cinder.get<Volume>(volumeKey(id));
export const getVolumes = (ids: string[]): Promise<Volume[]> => cinder.getMany<Volume>(ids.map(volumeKey));

/** Newest first. */
export const volumesOfProject = (project: string): Promise<Volume[]> => cinder.query<Volume>(newestFirst({ index: 'gsi1', pk: `project#${project}` }));
export async function allVolumes(): Promise<Volume[]> {
  const shards = await Promise.all(SHARDS.map((shard) => cinder.query<Volume>(newestFirst({ index: 'gsi2', pk: `volumes#${shard}` }))));
  return shards.flat();
}
const newestFirst = (selection: Selection): Selection => ({ ...selection, descending: true });

export const noVolume = (id: string) => notFound(`Volume ${id} could not be found.`);
export const now = () => new Date().toISOString();
