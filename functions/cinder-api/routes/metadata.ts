import { createHash } from 'node:crypto';
import { badRequest, HttpError, notFound } from '../../../shared/http/errors.ts';
import type { Request, Route } from '../../../shared/http/route.ts';
import { changeMetadata } from '../metadata/change.ts';
import { ownVolume } from '../volume/access.ts';
import { MetaBody, MetadataBody } from '../volume/schema.ts';

const READ = 'volume:get_volume_metadata';
const WRITE = 'volume:update_volume_metadata';

/** 3.15 on: whoever sends back what it read changes nothing that another changed meanwhile. */
const etagOf = (metadata: Record<string, string>) => createHash('md5').update(JSON.stringify(Object.entries(metadata).sort())).digest('hex');

function checkEtag(request: Request, metadata: Record<string, string>) {
  const wanted = request.version.minor >= 15 ? request.header('if-match') : undefined;
  if (wanted && !wanted.split(',').some((tag) => tag.trim().replace(/^(W\/)?"?|"?$/g, '') === etagOf(metadata))) throw new HttpError(412, 'The metadata was changed meanwhile.');
}

async function list(request: Request) {
  const { metadata } = await ownVolume(request, READ);
  return { body: { metadata }, ...(request.version.minor >= 15 && { headers: { ETag: etagOf(metadata) } }) };
}

/** POST adds to what is there, PUT replaces it. */
const write = (replace: boolean) => async (request: Request<{ metadata: Record<string, string> }>) => {
  const volume = await ownVolume(request, WRITE);
  const metadata = await changeMetadata(volume.id, (old) => {
    if (replace) checkEtag(request, old);
    return { ...(replace ? {} : old), ...request.body.metadata };
  });
  return { body: { metadata } };
};

async function show(request: Request) {
  const key = request.params['key']!;
  const { id, metadata } = await ownVolume(request, READ);
  if (metadata[key] === undefined) throw noKey(id, key);
  return { body: { meta: { [key]: metadata[key] } } };
}

async function update(request: Request<{ meta: Record<string, string> }>) {
  const key = request.params['key']!;
  const value = request.body.meta[key];
  if (value === undefined) throw badRequest('Request body and URI mismatch');
  const { id } = await ownVolume(request, WRITE);
  await changeMetadata(id, (old) => {
    checkEtag(request, old);
    return { ...old, [key]: value };
  });
  return { body: { meta: { [key]: value } } };
}

async function remove(request: Request) {
  const key = request.params['key']!;
  const { id } = await ownVolume(request, WRITE);
  await changeMetadata(id, (old) => {
    const { [key]: value, ...rest } = old;
    if (value === undefined) throw noKey(id, key);
    return rest;
  });
  return { status: 200 };
}

const noKey = (id: string, key: string) => notFound(`Volume ${id} has no metadata with key ${key}.`);

/** Block Storage API, "Volumes": metadata. */
export const metadataRoutes: Route[] = [
  { method: 'GET', path: '/volumes/{volume_id}/metadata', policy: READ, handler: list },
  { method: 'POST', path: '/volumes/{volume_id}/metadata', policy: WRITE, body: MetadataBody, handler: write(false) },
  { method: 'PUT', path: '/volumes/{volume_id}/metadata', policy: WRITE, body: MetadataBody, handler: write(true) },
  { method: 'GET', path: '/volumes/{volume_id}/metadata/{key}', policy: READ, handler: show },
  { method: 'PUT', path: '/volumes/{volume_id}/metadata/{key}', policy: WRITE, body: MetaBody, handler: update },
  { method: 'DELETE', path: '/volumes/{volume_id}/metadata/{key}', policy: WRITE, handler: remove },
];
