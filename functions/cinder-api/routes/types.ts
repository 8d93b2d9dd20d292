import { randomUUID } from 'node:crypto';
import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { badRequest, notFound } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import { page, nextLink } from '../list/page.ts';
import { defaultTypeOf } from '../type/default.ts';
import { addType, allTypes, changeType, DEFAULT_TYPE, getType, noType, removeType, type VolumeType } from '../type/store.ts';
import { allVolumes, now } from '../volume/store.ts';
import { base } from '../volume/view.ts';

const Name = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' });
const Description = Type.Union([Type.String({ maxLength: 255 }), Type.Null()]);
const Flag = Type.Union([Type.Boolean(), Type.String({ pattern: '^([Tt]rue|[Ff]alse)$' })]);
const SpecKey = Type.String({ pattern: '^[a-zA-Z0-9_:. -]{1,255}$' });
const Specs = Type.Record(SpecKey, Type.String({ maxLength: 255 }), { additionalProperties: false });
const Create = Type.Object(
  { volume_type: Type.Object({ name: Name, description: Type.Optional(Description), extra_specs: Type.Optional(Type.Union([Specs, Type.Null()])), 'os-volume-type-access:is_public': Type.Optional(Flag) }, { additionalProperties: false }) },
  { additionalProperties: false },
);
const Update = Type.Object(
  { volume_type: Type.Object({ name: Type.Optional(Type.Union([Name, Type.Null()])), description: Type.Optional(Description), is_public: Type.Optional(Flag) }, { additionalProperties: false }) },
  { additionalProperties: false },
);
const SpecsBody = Type.Object({ extra_specs: Specs }, { additionalProperties: false });

const isTrue = (flag: boolean | string) => String(flag).toLowerCase() === 'true';

/** Private types are for admins; extra specs that tell of the backend too. */
const visible = ({ context }: Request, type: VolumeType) => type.is_public || isAdmin(context);
const userVisibleSpecs = new Set(['RESKEY:availability_zones', 'multiattach', 'replication_enabled']);

const show = ({ context }: Request, type: VolumeType) => ({
  id: type.id, name: type.name, is_public: type.is_public, 'os-volume-type-access:is_public': type.is_public, description: type.description,
  ...(isAdmin(context) ? { qos_specs_id: null } : {}),
  extra_specs: isAdmin(context) ? type.extra_specs : Object.fromEntries(Object.entries(type.extra_specs).filter(([key]) => userVisibleSpecs.has(key))),
});

async function typeOf(request: Request): Promise<VolumeType> {
  const id = request.params['type_id']!;
  const type = id === 'default' ? await defaultTypeOf(request.context.project_id) : await getType(id);
  if (!type || !visible(request, type)) throw noType(id);
  return type;
}

async function list(request: Request) {
  const { query } = request;
  const asked = query.get('is_public');
  const wanted = (type: VolumeType) => asked === null || asked.toLowerCase() === 'none' || type.is_public === isTrue(asked);
  const name = query.get('name');
  const found = (await allTypes()).filter((type) => visible(request, type) && wanted(type) && (name === null || type.name === name));
  const { items, next } = page(query, found, (type) => type.id);
  return { body: { volume_types: items.map((type) => show(request, type)), ...nextLink('volume_type', `${base(request)}/types`, query, next) } };
}

async function create(request: Request<Static<typeof Create>>) {
  const { name, description = null, extra_specs, 'os-volume-type-access:is_public': isPublic = true } = request.body.volume_type;
  const type: VolumeType = { id: randomUUID(), name: name.trim(), description, is_public: isTrue(isPublic), extra_specs: extra_specs ?? {}, created_at: now() };
  await addType(type);
  return { body: { volume_type: show(request, type) } };
}

async function update(request: Request<Static<typeof Update>>) {
  const { name, description, is_public } = request.body.volume_type;
  if (name === undefined && description === undefined && is_public === undefined) throw badRequest('Specify volume type name, description, is_public or a combination thereof.');
  const type = await changeType((await typeOf(request)).id, (old) => ({
    ...old,
    ...(name && { name: name.trim() }),
    ...(description !== undefined && { description }),
    ...(is_public !== undefined && { is_public: isTrue(is_public) }),
  }));
  return { body: { volume_type: show(request, type) } };
}

async function remove(request: Request) {
  const type = await typeOf(request);
  if (type.id === DEFAULT_TYPE.id) throw badRequest(`The volume type ${type.id} is the only volume type and cannot be deleted.`);
  if ((await allVolumes()).some((volume) => volume.volume_type_id === type.id)) throw badRequest('Target volume type is still in use.');
  await removeType(type);
  return { status: 202 };
}

async function setSpecs(request: Request<Static<typeof SpecsBody>>) {
  const { extra_specs } = request.body;
  await changeType((await typeOf(request)).id, (type) => ({ ...type, extra_specs: { ...type.extra_specs, ...extra_specs } }));
  return { body: { extra_specs } };
}

async function spec(request: Request) {
  const key = request.params['key']!;
  const specs = show(request, await typeOf(request)).extra_specs;
  if (!Object.hasOwn(specs, key)) throw notFound(`Volume Type ${request.params['type_id']} has no extra specs with key ${key}.`);
  return { [key]: specs[key]! };
}

async function setSpec(request: Request<Record<string, string>>) {
  const key = request.params['key']!;
  if (Object.keys(request.body).length !== 1 || !Object.hasOwn(request.body, key)) throw badRequest('Request body and URI mismatch');
  await changeType((await typeOf(request)).id, (type) => ({ ...type, extra_specs: { ...type.extra_specs, [key]: request.body[key]! } }));
  return { body: request.body };
}

async function removeSpec(request: Request) {
  await spec(request);
  await changeType((await typeOf(request)).id, (type) => {
    const { [request.params['key']!]: _, ...extra_specs } = type.extra_specs;
    return { ...type, extra_specs };
  });
  return { status: 202 };
}

const read = 'volume_extension:type_get';
const manage = 'volume_extension:types_manage';
export const typeRoutes: Route[] = [
  { method: 'GET', path: '/types', policy: read, handler: list },
  { method: 'POST', path: '/types', policy: manage, body: Create, handler: create },
  { method: 'GET', path: '/types/{type_id}', policy: read, handler: async (request) => ({ body: { volume_type: show(request, await typeOf(request)) } }) },
  { method: 'PUT', path: '/types/{type_id}', policy: manage, body: Update, handler: update },
  { method: 'DELETE', path: '/types/{type_id}', policy: manage, handler: remove },
  { method: 'GET', path: '/types/{type_id}/extra_specs', policy: 'volume_extension:types_extra_specs:read', handler: async (request) => ({ body: { extra_specs: show(request, await typeOf(request)).extra_specs } }) },
  { method: 'POST', path: '/types/{type_id}/extra_specs', policy: manage, body: SpecsBody, handler: setSpecs },
  { method: 'GET', path: '/types/{type_id}/extra_specs/{key}', policy: 'volume_extension:types_extra_specs:read', handler: async (request) => ({ body: await spec(request) }) },
  { method: 'PUT', path: '/types/{type_id}/extra_specs/{key}', policy: manage, body: Type.Record(SpecKey, Type.String({ maxLength: 255 }), { additionalProperties: false }), handler: setSpec },
  { method: 'DELETE', path: '/types/{type_id}/extra_specs/{key}', policy: manage, handler: removeSpec },
];
