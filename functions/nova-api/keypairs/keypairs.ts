import { randomInt } from 'node:crypto';
import { badRequest, conflict, forbidden, notFound } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { type KeyPair, keyPairCountKey, keyPairKey, KEYPAIRS } from '../../../shared/objects/keypair.ts';
import { absent, absentOrLessThan, exists } from '../../../shared/store/condition.ts';
import { TransactionRefused } from '../../../shared/store/errors.ts';
import { paged } from '../common/paging.ts';
import { quotaOf } from '../quota/limits.ts';
import { nova } from '../store.ts';
import { generateSshKey } from './generate.ts';
import { sshFingerprint, x509Fingerprint } from './public-key.ts';
import type { CreateKeyPair } from './schema.ts';

const BASE = 'os_compute_api:os-keypairs';

/** Whose key pairs are meant: from 2.10 an admin may name another user. */
function userOf(request: Request, named: string | null | undefined, action: string): string {
  const user_id = (request.version.minor >= 10 && named) || request.context.user_id;
  request.enforce(`${BASE}:${action}`, { user_id });
  return user_id;
}

/** No other name was ever given, and a longer one would be no key of the table's. */
const nameable = (name: string) => name.length <= 255;
const typed = (pair: KeyPair, { version }: Request) => (version.minor >= 2 ? { type: pair.type } : {});
const basic = (pair: KeyPair, request: Request) => ({ name: pair.name, public_key: pair.public_key, fingerprint: pair.fingerprint, ...typed(pair, request) });
const keyPairNotFound = (name: string, user: string) => notFound(`Keypair ${name} not found for user ${user}`);

export async function listKeyPairs(request: Request): Promise<Reply> {
  const user = userOf(request, request.query.get('user_id'), 'index');
  const pairs = await nova.query<KeyPair>({ pk: `USER#${user}`, prefix: KEYPAIRS });
  if (request.version.minor < 35) return { body: { keypairs: pairs.map((pair) => ({ keypair: basic(pair, request) })) } };
  const { items, links } = paged(request, pairs, ({ name }) => name, { unknownMarker: (marker) => `Marker ${marker} could not be found.` });
  return { body: { keypairs: items.map((pair) => ({ keypair: basic(pair, request) })), ...(links && { keypairs_links: links }) } };
}

export async function showKeyPair(request: Request): Promise<Reply> {
  const user = userOf(request, request.query.get('user_id'), 'show');
  const name = request.params['name']!;
  const pair = nameable(name) && (await nova.get<KeyPair>(keyPairKey(user, name)));
  if (!pair) throw keyPairNotFound(name, user);
  return { body: { keypair: { ...basic(pair, request), user_id: user, id: pair.id, created_at: pair.created_at.replace(/Z$/, '000'), updated_at: null, deleted: false, deleted_at: null } } };
}

/** Imports a public key, or (until 2.91) makes a pair of which the private half is shown this once. */
export async function createKeyPair(request: Request<{ keypair: CreateKeyPair }>): Promise<Reply> {
  const { name, public_key, type = 'ssh', user_id } = request.body.keypair;
  const user = userOf(request, user_id, 'create');
  const made = public_key === undefined ? await generated(type) : undefined;
  const key = made?.publicKey ?? public_key!;
  const pair: KeyPair = {
    ...keyPairKey(user, name), id: randomInt(1, 2 ** 31), user_id: user, name, type, public_key: key,
    fingerprint: type === 'ssh' ? sshFingerprint(key) : x509Fingerprint(key), created_at: new Date().toISOString(),
  };
  await insert(pair, request);
  return { status: request.version.minor >= 2 ? 201 : 200, body: { keypair: { ...basic(pair, request), user_id: user, ...(made && { private_key: made.privateKey }) } } };
}

function generated(type: 'ssh' | 'x509') {
  if (type === 'x509') throw badRequest('Keypair data is invalid: certificates (x509) are not made here, import one as public_key');
  return generateSshKey();
}

/** The pair and the user's count of pairs, together. */
async function insert(pair: KeyPair, { context }: Request): Promise<void> {
  const { limits } = await quotaOf(context.project_id ?? '', pair.user_id);
  const limit = limits['key_pairs']!;
  try {
    await nova.transact([
      { put: pair, if: { pk: absent() } },
      { update: keyPairCountKey(pair.user_id), change: { add: { count: 1 } }, ...(limit >= 0 && { if: { count: absentOrLessThan(limit) } }) },
    ]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    if (error.failed[1]?.conditionFailed) throw forbidden('Quota exceeded, too many key pairs.');
    throw conflict(`Key pair '${pair.name}' already exists.`);
  }
}

export async function deleteKeyPair(request: Request): Promise<Reply> {
  const user = userOf(request, request.query.get('user_id'), 'delete');
  const name = request.params['name']!;
  if (!nameable(name)) throw keyPairNotFound(name, user);
  try {
    await nova.transact([{ delete: keyPairKey(user, name), if: { pk: exists() } }, { update: keyPairCountKey(user), change: { add: { count: -1 } } }]);
  } catch (error) {
    if (error instanceof TransactionRefused) throw keyPairNotFound(name, user);
    throw error;
  }
  return { status: request.version.minor >= 2 ? 204 : 202 };
}
