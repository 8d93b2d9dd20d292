import * as Type from '@sinclair/typebox';
import type { TSchema } from '@sinclair/typebox';
import { badRequest, forbidden } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import type { Target } from '../../../shared/identity/policy.ts';
import { couldNotFind } from '../errors.ts';
import { all, find, store, type Fields, type Kind, type Kinds } from '../records/entities.ts';
import { findByName, findByNameAnywhere, type Named } from '../records/names.ts';
import { filtered } from './filter.ts';

/** What the five usual routes of a collection need to know about it. */
export interface Collection<K extends Kind> {
  kind: K;
  plural: string;
  /** Schemas of the thing itself, within `{user: …}`. */
  create: TSchema;
  update: TSchema;
  /** Query parameters that select by equality. */
  filters: string[];
  /** Whose it is, for the policies. */
  target?: (data: Partial<Kinds[K]['data']>) => Target;
  /** What a new thing is going to be, before policy is asked: its domain above all. */
  prepare?: (given: any, request: Request) => any;
  insert: (given: any, request: Request) => Promise<Kinds[K]>;
  change: (current: Kinds[K], given: any, request: Request) => Promise<Kinds[K]>;
  remove: (current: Kinds[K], request: Request) => Promise<void>;
  /** Leaves out what the asker does not see, and what the query's own words leave out. */
  visible?: (entities: Kinds[K][], request: Request) => Kinds[K][] | Promise<Kinds[K][]>;
  /** A thing's other face, where this kind has none of that id. */
  otherwise?: (id: string) => Promise<Kinds[K] | undefined>;
  /** More than the record says, on GET of one. */
  expand?: (entity: Kinds[K], request: Request) => Promise<object>;
}

/** GET and POST on the collection; GET, PATCH and DELETE on one of it. */
export function collectionRoutes<K extends Kind>(c: Collection<K>): Route[] {
  const { kind, plural } = c;
  const target = (data: Partial<Kinds[K]['data']>): Target => c.target?.(data) ?? {};
  const wrap = (entity: Kinds[K], request: Request, more: object = {}) => ({ [kind]: { ...shown(entity, plural, request), ...more } });

  /** The thing, after policy: who may not see it gets 403, also where there is none. */
  async function one(request: Request, policy: string): Promise<Kinds[K]> {
    const id = request.params['id']!;
    const entity = (await find(kind, id)) ?? (request.method === 'GET' || request.method === 'HEAD' ? await c.otherwise?.(id) : undefined);
    request.enforce(policy, entity ? target(entity.data) : {});
    if (!entity) throw couldNotFind(kind, id);
    return entity;
  }

  async function list(request: Request) {
    const scope = request.context.domain_id;
    request.enforce(`identity:list_${plural}`, scope === undefined ? {} : { domain_id: scope });
    const entities = filtered(await candidates(kind, request), c.filters, request.query);
    const mine = scope === undefined || !c.target ? entities : entities.filter((e) => c.target!(e.data).domain_id === scope);
    const seen = (await c.visible?.(mine, request)) ?? mine;
    return { body: listing(plural, seen.map((e) => shown(e, plural, request)), request) };
  }

  async function create(request: Request) {
    const given = c.prepare?.(request.body[kind], request) ?? request.body[kind];
    request.enforce(`identity:create_${kind}`, target(given));
    return { status: 201, body: wrap(await c.insert(given, request), request) };
  }

  async function update(request: Request) {
    const current = await one(request, `identity:update_${kind}`);
    const given = request.body[kind];
    if (given.id !== undefined && given.id !== current.data.id) throw badRequest(`Cannot change ${kind} ID`);
    const unlocks = given.options && 'immutable' in given.options && given.options.immutable !== true;
    if (isImmutable(current.data) && !unlocks) throw immutable('update', kind, current.data.id);
    return { body: wrap(await c.change(current, given, request), request) };
  }

  async function remove(request: Request) {
    const current = await one(request, `identity:delete_${kind}`);
    if (isImmutable(current.data)) throw immutable('delete', kind, current.data.id);
    await c.remove(current, request);
  }

  const show = async (request: Request) => {
    const entity = await one(request, `identity:get_${kind}`);
    return { body: wrap(entity, request, await c.expand?.(entity, request)) };
  };

  const policy = 'identity:authenticated';
  const within = (schema: TSchema) => Type.Object({ [kind]: schema });
  return [
    { method: 'GET', path: `/${plural}`, policy, handler: list },
    { method: 'POST', path: `/${plural}`, policy, body: within(c.create), handler: create },
    { method: 'GET', path: `/${plural}/{id}`, policy, handler: show },
    { method: 'PATCH', path: `/${plural}/{id}`, policy, body: within(c.update), handler: update },
    { method: 'DELETE', path: `/${plural}/{id}`, policy, status: 204, handler: remove },
  ];
}

/** As the API shows it: the record's fields and the link to itself. */
export const shown = ({ data }: { data: Fields }, plural: string, { baseUrl }: Request) => ({ ...data, links: { self: `${baseUrl}/${plural}/${encodeURIComponent(data.id)}` } });

/** A collection's body; with `limit` and `marker` a page of it. */
export function listing(plural: string, items: { id?: string }[], { baseUrl, path, query }: Request): object {
  const self = (parameters: URLSearchParams) => `${baseUrl}${path}${parameters.size ? `?${parameters}` : ''}`;
  const limit = query.get('limit');
  if (limit !== null && !isLimit(limit)) throw badRequest("Invalid input for field/attribute limit. It must be a number.");
  const marker = query.get('marker');
  const start = marker === null ? 0 : items.findIndex((item) => item.id === marker) + 1;
  if (marker !== null && start === 0) throw couldNotFind('marker', marker);
  const page = limit === null || Number(limit) === 0 ? items.slice(start) : items.slice(start, start + Number(limit));
  const more = start + page.length < items.length;
  const next = new URLSearchParams(query);
  if (more) next.set('marker', page.at(-1)!.id!);
  return { [plural]: page, links: { self: self(query), previous: null, next: more ? self(next) : null } };
}

const namedKinds: readonly Kind[] = ['domain', 'project', 'user', 'role'] satisfies Named[];
const isNamed = (kind: Kind): kind is Named => namedKinds.includes(kind);
/** Of these a cloud has many, and every domain may have one of a name. */
const isLong = (kind: Kind): kind is 'project' | 'user' => kind === 'project' || kind === 'user';

/** What the filters then choose from: what has the name that is asked for, or what a page needs, as both are found by key; else the whole collection. */
async function candidates<K extends Kind>(kind: K, { query, context }: Request): Promise<Kinds[K][]> {
  const [name, domain] = [query.get('name'), query.get('domain_id')];
  if (name !== null && isNamed(kind)) {
    if (domain === null && isLong(kind)) return findByNameAnywhere(kind, name);
    const found = await findByName(kind, kind === 'domain' ? null : domain, name);
    return found ? [found] : [];
  }
  return isLong(kind) && context.domain_id === undefined && isPageOfAll(query) ? page(kind, query) : all(kind);
}

const isLimit = (text: string) => /^\d{1,6}$/.test(text);
const isPageOfAll = (query: URLSearchParams) =>
  isLimit(query.get('limit') ?? '') && Number(query.get('limit')) > 0 && [...query.keys()].every((name) => name === 'limit' || name === 'marker');

/** The marker's thing and those after it, to one beyond the page: it tells that there are more. Nothing where the marker is not there. */
async function page<K extends Kind>(kind: K, query: URLSearchParams): Promise<Kinds[K][]> {
  const marker = query.get('marker');
  const known = marker === null ? undefined : await find(kind, marker);
  if (marker !== null && !known) return [];
  const following = await store.query<Kinds[K]>({ pk: kind, limit: Number(query.get('limit')) + 1, ...(known && { after: known.sk }) });
  return known ? [known, ...following] : following;
}

export const isImmutable = (data: Fields) => (data['options'] as { immutable?: unknown } | undefined)?.immutable === true;
const immutable = (action: string, kind: Kind, id: string) =>
  forbidden(`Unable to ${action} immutable ${kind} resource: \`${id}\`. Set resource option 'immutable' to false first.`);
