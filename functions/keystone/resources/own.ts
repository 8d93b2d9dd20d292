import { forbidden } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { readForCaller } from '../auth/context.ts';
import { findMany } from '../records/entities.ts';
import { grantsOfUser, rolesOn } from '../records/grants.ts';
import { catalogFor } from '../token/catalog.ts';
import { listing, shown } from './collection.ts';
import { projectsOf } from './users.ts';

/* Identity API v3: what a token's owner may ask about itself: "Get service catalog", "Get available … scopes". */

async function catalog({ context, baseUrl }: Request) {
  if (!context.project_id) throw forbidden('A project-scoped token is required to produce a service catalog.');
  return { body: { catalog: await catalogFor(context.user_id, context.project_id, readForCaller(context)!.standing.versions), links: { self: `${baseUrl}/auth/catalog` } } };
}

async function projects(request: Request) {
  const mine = await projectsOf(request.context.user_id);
  return { body: listing('projects', mine.map((p) => shown(p, 'projects', request)), request) };
}

async function domains(request: Request) {
  const ids = (await grantsOfUser(request.context.user_id)).flatMap(({ target }) => ('domain' in target ? [target.domain] : []));
  const mine = await findMany('domain', ids);
  return { body: listing('domains', mine.map((d) => shown(d, 'domains', request)), request) };
}

async function system({ context, baseUrl }: Request) {
  const roles = await rolesOn(context.user_id, { system: true });
  return { body: { system: roles.length ? [{ all: true }] : [], links: { self: `${baseUrl}/auth/system` } } };
}

const policy = 'identity:authenticated';
export const ownRoutes: Route[] = [
  { method: 'GET', path: '/auth/catalog', policy, handler: catalog },
  { method: 'GET', path: '/auth/projects', policy, handler: projects },
  { method: 'GET', path: '/auth/domains', policy, handler: domains },
  { method: 'GET', path: '/auth/system', policy, handler: system },
];
