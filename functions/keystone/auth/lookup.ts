import { expecting } from '../errors.ts';
import { find, type Domain, type Project, type User } from '../records/entities.ts';
import { findByName } from '../records/names.ts';
import { identified, type InDomain, type Reference } from './request.ts';

/** By name where one is given, else by id, as Keystone does. Undefined where there is none. */
export const lookupDomain = ({ id, name }: Reference): Promise<Domain | undefined> => (name === undefined ? find('domain', id!) : findByName('domain', null, name));

export const lookupUser = (user: InDomain, field = 'identity/password/user'): Promise<User | undefined> => lookup('user', user, field);
export const lookupProject = (project: InDomain): Promise<Project | undefined> => lookup('project', project, 'scope/project');

async function lookup<K extends 'user' | 'project'>(kind: K, given: InDomain, field: string) {
  identified(given, field);
  if (given.name === undefined) return find(kind, given.id!);
  if (given.domain === undefined) throw expecting('domain', kind);
  identified(given.domain, `${field}/domain`);
  const domain = given.domain.name === undefined ? given.domain.id : (await lookupDomain(given.domain))?.data.id;
  return domain === undefined ? undefined : findByName(kind, domain, given.name);
}
