import { createHash } from 'node:crypto';
import { badRequest, HttpError, notFound } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { changeMetadata, type Kind } from '../metadata/change.ts';
import { MetaBody, MetadataBody } from '../volume/schema.ts';

type Pairs = Record<string, string>;

interface Owners {
  /** Of the metadata, with the owner's id as parameter. */
  path: string;
  /** The owner that the request names, where the asker may do what the policy says. */
  own: (request: Request, policy: string) => Promise<{ id: string; metadata: Pairs }>;
  policies: { read: string; write: string; remove: string };
  kind: Kind;
  /** Whether replies are tagged and `If-Match` counts (3.15 on). */
  etag: boolean;
}

const etagOf = (metadata: Pairs) => createHash('md5').update(JSON.stringify(Object.entries(metadata).sort())).digest('hex');

/** Block Storage API, metadata of volumes and of snapshots: all of it, and by key. */
export function metadataRoutes({ path, own, policies: { read, write, remove }, kind, etag }: Owners): Route[] {
  const tagged = ({ version }: Request) => etag && version.minor >= 15;
  const change = (id: string, by: (old: Pairs) => Pairs) => changeMetadata(id, by, 'metadata', kind);
  const noKey = (id: string, key: string) => notFound(`${kind.name} ${id} has no metadata with key ${key}.`);

  /** Whoever sends back what it read changes nothing that another changed meanwhile. */
  function checkEtag(request: Request, metadata: Pairs) {
    const wanted = tagged(request) ? request.header('if-match') : undefined;
    if (wanted && !wanted.split(',').some((tag) => tag.trim().replace(/^(W\/)?"?|"?$/g, '') === etagOf(metadata))) throw new HttpError(412, 'The metadata was changed meanwhile.');
  }

  async function showAll(request: Request) {
    const { metadata } = await own(request, read);
    return { body: { metadata }, ...(tagged(request) && { headers: { ETag: etagOf(metadata) } }) };
  }

  /** POST adds to what is there, PUT replaces it. */
  const setAll = (replace: boolean) => async (request: Request<{ metadata: Pairs }>) => {
    const { id } = await own(request, write);
    const metadata = await change(id, (old) => {
      if (replace) checkEtag(request, old);
      return { ...(replace ? {} : old), ...request.body.metadata };
    });
    return { body: { metadata } };
  };

  async function show(request: Request) {
    const key = request.params['key']!;
    const { id, metadata } = await own(request, read);
    if (!Object.hasOwn(metadata, key)) throw noKey(id, key);
    return { body: { meta: { [key]: metadata[key] } } };
  }

  async function set(request: Request<{ meta: Pairs }>) {
    const { params, body: { meta } } = request;
    if (!Object.hasOwn(meta, params['key']!)) throw badRequest('Request body and URI mismatch');
    const { id } = await own(request, write);
    await change(id, (old) => {
      checkEtag(request, old);
      return { ...old, ...meta };
    });
    return { body: { meta } };
  }

  async function unset(request: Request) {
    const key = request.params['key']!;
    const { id } = await own(request, remove);
    await change(id, (old) => {
      const { [key]: _, ...rest } = old;
      if (!Object.hasOwn(old, key)) throw noKey(id, key);
      return rest;
    });
    return { status: 200 };
  }

  return [
    { method: 'GET', path, policy: read, handler: showAll },
    { method: 'POST', path, policy: write, body: MetadataBody, handler: setAll(false) },
    { method: 'PUT', path, policy: write, body: MetadataBody, handler: setAll(true) },
    { method: 'GET', path: `${path}/{key}`, policy: read, handler: show },
    { method: 'PUT', path: `${path}/{key}`, policy: write, body: MetaBody, handler: set },
    { method: 'DELETE', path: `${path}/{key}`, policy: remove, handler: unset },
  ];
}
