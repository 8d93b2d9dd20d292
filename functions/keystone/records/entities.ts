import { table, type Key } from '../../../shared/store/table.ts';

export const store = table('keystone');

/**
 * Every resource is one item in its kind's partition, so that lists are consistent: what was just made is found by name.
 * `data` is what the API shows; it is replaced as a whole, guarded by `version`.
 */
export interface Entity<Data extends { id: string } = Fields> extends Record<string, unknown> {
  pk: Kind;
  sk: string;
  version: number;
  data: Data;
}
export type Kind = 'domain' | 'project' | 'user' | 'role' | 'service' | 'endpoint' | 'region';
export interface Fields extends Record<string, unknown> { id: string; name?: string; domain_id?: string | null; enabled?: boolean }

/** Tokens issued before this time (epoch milliseconds) are void: set when the thing is disabled, or its password changes. */
interface Voidable { valid_since?: number }

interface Common extends Fields { name: string; enabled: boolean; description?: string; options: Record<string, unknown>; tags: string[] }
export type Domain = Entity<Common> & Voidable;
export type Project = Entity<Common & { domain_id: string; parent_id: string; is_domain: false }> & Voidable;
export type User = Entity<Fields & { name: string; domain_id: string; enabled: boolean; default_project_id: string | null; options: Record<string, unknown> }> & Voidable & {
  /** See password.ts; absent for a user who cannot log in by password. */
  password?: string;
};
export type Role = Entity<Fields & { name: string; domain_id: string | null; description: string | null; options: Record<string, unknown> }> & {
  /** Ids of the roles that this one brings along. */
  implies?: string[];
};
export type Service = Entity<Fields & { type: string; name: string; enabled: boolean }>;
export type Endpoint = Entity<Fields & { service_id: string; interface: 'public' | 'internal' | 'admin'; region_id: string | null; url: string; enabled: boolean }>;
export type Region = Entity<Fields & { description: string; parent_region_id: string | null }>;

export interface Kinds { domain: Domain; project: Project; user: User; role: Role; service: Service; endpoint: Endpoint; region: Region }

export const keyOf = (kind: Kind, id: string): Key => ({ pk: kind, sk: id });

/** Undefined where there is none; ids come from outside, so what cannot be a key is not found either. */
export async function find<K extends Kind>(kind: K, id: string): Promise<Kinds[K] | undefined> {
  return isId(id) ? store.get<Kinds[K]>(keyOf(kind, id)) : undefined;
}

/** The things of these ids that are there, in the order of `all`: by id. */
export async function findMany<K extends Kind>(kind: K, ids: string[]): Promise<Kinds[K][]> {
  const found = await store.getMany<Kinds[K]>(ids.map((id) => keyOf(kind, id)));
  return found.sort((a, b) => (a.sk < b.sk ? -1 : 1));
}

export const all = <K extends Kind>(kind: K): Promise<Kinds[K][]> => store.query<Kinds[K]>({ pk: kind });

/** DynamoDB takes sort keys of 1 to 1024 bytes. */
export const isId = (id: unknown): id is string => typeof id === 'string' && id !== '' && id.length <= 255;
