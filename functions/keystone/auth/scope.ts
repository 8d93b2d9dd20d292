import { notAuthenticated } from '../errors.ts';
import type { ApplicationCredential } from '../records/application-credentials.ts';
import { find, type User } from '../records/entities.ts';
import type { Scope } from '../token/claims.ts';
import { NotStanding, standingOf, type Standing } from '../token/standing.ts';
import { lookupDomain, lookupProject } from './lookup.ts';
import type { AskedScope } from './request.ts';

/**
 * The scope that a new token gets, and what it stands on. Where none is asked for, it is the user's default project if the
 * user may use it, else none. Throws 401 where the user has no role on what was asked for.
 */
export async function scopeFor(user: User, asked: AskedScope): Promise<{ scope?: Scope; standing: Standing }> {
  const subject = { user_id: user.data.id, user_domain_id: user.data.domain_id };
  const unscoped = async () => ({ standing: await standing(subject) });
  if (asked === 'unscoped') return unscoped();
  if (asked === undefined) {
    const scope = await defaultScope(user);
    if (!scope) return unscoped();
    try {
      return { scope, standing: await standingOf({ ...subject, scope }) };
    } catch (error) {
      if (error instanceof NotStanding) return unscoped();
      throw error;
    }
  }
  const scope = await named(asked);
  return { scope, standing: await standing({ ...subject, scope }) };
}

/** An application credential is for one project. */
export async function scopeOfCredential(user: User, { data }: ApplicationCredential): Promise<{ scope: Scope; standing: Standing }> {
  const scope = { project: data.project_id, project_domain: data.project_domain_id };
  return { scope, standing: await standing({ user_id: user.data.id, user_domain_id: user.data.domain_id, scope, application_credential: data.id }) };
}

async function named(asked: Exclude<AskedScope, string | undefined>): Promise<Scope> {
  if ('system' in asked) return asked;
  if ('domain' in asked) {
    const domain = await lookupDomain(asked.domain);
    if (!domain) throw notAuthenticated('no such domain');
    return { domain: domain.data.id };
  }
  const project = await lookupProject(asked.project);
  if (!project) throw notAuthenticated('no such project');
  return { project: project.data.id, project_domain: project.data.domain_id };
}

async function defaultScope({ data }: User): Promise<Scope | undefined> {
  const project = data.default_project_id ? await find('project', data.default_project_id) : undefined;
  return project && { project: project.data.id, project_domain: project.data.domain_id };
}

async function standing(subject: Parameters<typeof standingOf>[0]): Promise<Standing> {
  try {
    return await standingOf(subject);
  } catch (error) {
    throw error instanceof NotStanding ? notAuthenticated(error.message) : error;
  }
}
