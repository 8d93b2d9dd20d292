import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { badRequest, notFound } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { defaultKey, type DefaultType } from '../type/default.ts';
import { allTypes } from '../type/store.ts';
import { cinder } from '../volume/store.ts';

const Body = Type.Object({ default_type: Type.Object({ volume_type: Type.String({ minLength: 1, maxLength: 255 }) }, { additionalProperties: false }) }, { additionalProperties: false });

const show = ({ project_id, volume_type_id }: DefaultType) => ({ project_id, volume_type_id });

async function set(request: Request<Static<typeof Body>>) {
  const wanted = request.body.default_type.volume_type;
  const types = await allTypes();
  const type = types.find(({ id }) => id === wanted) ?? types.find(({ name }) => name === wanted);
  if (!type) throw badRequest(`Volume type with name ${wanted} could not be found.`);
  const chosen: DefaultType = { project_id: request.params['target']!, volume_type_id: type.id };
  await cinder.put({ ...chosen, ...defaultKey(chosen.project_id) });
  return { body: { default_type: show(chosen) } };
}

async function get(request: Request) {
  const project = request.params['target']!;
  const chosen = await cinder.get<DefaultType>(defaultKey(project));
  if (!chosen) throw notFound(`Default type for project ${project} not found.`);
  return { body: { default_type: show(chosen) } };
}

const policy = 'volume_extension:default_manage';
/** Block Storage API 3.62, "Default volume types". */
export const defaultTypeRoutes: Route[] = [
  { method: 'GET', path: '/default-types', policy, since: 62, handler: async () => ({ body: { default_types: (await cinder.query<DefaultType>({ pk: 'default-types' })).map(show) } }) },
  { method: 'GET', path: '/default-types/{target}', policy, since: 62, handler: get },
  { method: 'PUT', path: '/default-types/{target}', policy, since: 62, body: Body, handler: set },
  {
    method: 'DELETE', path: '/default-types/{target}', policy, since: 62,
    handler: async (request) => void (await cinder.remove(defaultKey(request.params['target']!))),
  },
];
