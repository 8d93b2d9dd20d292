import type { Route } from '../../../shared/http/route.ts';
import { createKeyPair, deleteKeyPair, listKeyPairs, showKeyPair } from './keypairs.ts';
import { createSchema, listSchema, oneSchema } from './schema.ts';

const BASE = 'os_compute_api:os-keypairs';

export const keyPairRoutes: Route[] = [
  { method: 'GET', path: '/os-keypairs', policy: `${BASE}:index`, query: listSchema, handler: listKeyPairs },
  { method: 'POST', path: '/os-keypairs', policy: `${BASE}:create`, body: createSchema, handler: createKeyPair },
  { method: 'GET', path: '/os-keypairs/{name}', policy: `${BASE}:show`, query: oneSchema, handler: showKeyPair },
  { method: 'DELETE', path: '/os-keypairs/{name}', policy: `${BASE}:delete`, query: oneSchema, handler: deleteKeyPair },
];
