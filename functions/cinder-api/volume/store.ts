import { notFound } from '../../../shared/http/errors.ts';
import { table, type Item, type Selection } from '../../../shared/store/table.ts';
import { SHARDS, volumeKey, type Volume } from './record.ts';

export const cinder = table('cinder');

export const getVolume = (id: string): Promise<Volume | undefined> => cinder.get<Volume>(volumeKey(id));
export const getVolumes = (ids: string[]): Promise<Volume[]> => cinder.getMany<Volume>(ids.map(volumeKey));

/** Where a project's volumes are, or everyone's: newest first in each. */
export const volumesIn = (project?: string): Selection[] =>
  project === undefined ? SHARDS.map((shard) => ({ index: 'gsi2', pk: `volumes#${shard}`, descending: true })) : [{ index: 'gsi1', pk: `project#${project}`, descending: true }];
export const volumesOfProject = (project: string): Promise<Volume[]> => everything<Volume>(volumesIn(project));
export const allVolumes = (): Promise<Volume[]> => everything<Volume>(volumesIn());

export const everything = async <T extends Item>(selections: Selection[]): Promise<T[]> => (await Promise.all(selections.map((each) => cinder.query<T>(each)))).flat();

export const noVolume = (id: string) => notFound(`Volume ${id} could not be found.`);
export const now = () => new Date().toISOString();
