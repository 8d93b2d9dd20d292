import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { absent } from '../../../shared/store/condition.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { store } from '../records/entities.ts';
import { ALLOW_EXPIRED_WINDOW_S, SERVICE_TOKEN_S } from './lifetimes.ts';

export const ALGORITHM = 'ES256';

/** A new key signs from here on at least this often. */
const ROTATE_MS = 24 * 3600_000;
/** How long an environment signs with the key that it has read. */
const KEEP_MS = 5 * 60_000;
/** A replaced key is gone when the last token that it signed cannot be asked about any more. */
const OUTLIVES_S = KEEP_MS / 1000 + SERVICE_TOKEN_S + ALLOW_EXPIRED_WINDOW_S + 3600;

// Validation reads only public halves.
interface PublicItem extends Record<string, unknown> { sk: string; jwk: JWK; expires_at?: number }
interface PrivateItem extends PublicItem {}

let signing: { until: number; key: SigningKey } | undefined;
export interface SigningKey { kid: string; key: CryptoKey | Uint8Array }

/** The newest key. */
export async function signingKey(): Promise<SigningKey> {
  if (signing && signing.until > Date.now()) return signing.key;
  const [newest] = await store.query<PrivateItem>({ pk: 'signing-secret', descending: true, limit: 1 });
  if (!newest) throw new Error('there is no signing key: keystone-manage bootstrap makes the first one');
  signing = { until: Date.now() + KEEP_MS, key: { kid: newest.sk, key: await importJWK(newest.jwk, ALGORITHM) } };
  return signing.key;
}

const verifying = new Map<string, { until: number; key: CryptoKey | Uint8Array }>();

/** Undefined for a key that is not ours, or not any more. */
export async function verificationKey(kid: string | undefined): Promise<CryptoKey | Uint8Array | undefined> {
  if (!kid || !/^[0-9TZ:.-]{10,40}$/.test(kid)) return undefined;
  const cached = verifying.get(kid);
  if (cached && cached.until > Date.now()) return cached.key;
  const item = await store.get<PublicItem>({ pk: 'signing-key', sk: kid });
  if (!item || (item.expires_at ?? Infinity) * 1000 < Date.now()) return undefined;
  const key = await importJWK(item.jwk, ALGORITHM);
  verifying.set(kid, { until: Date.now() + KEEP_MS, key });
  return key;
}

/**
 * Makes a new key when the newest is a day old (or there is none), and gives older ones their end. A key is named by its
 * day, so that two who rotate at once make one. Safe to repeat, and to be cut off anywhere.
 */
export async function rotateKeys(now = Date.now()): Promise<void> {
  const keys = await store.query<PrivateItem>({ pk: 'signing-secret' });
  const kid = new Date(Math.floor(now / ROTATE_MS) * ROTATE_MS).toISOString();
  if (!keys.some((key) => key.sk >= kid)) {
    await makeKey(kid);
    keys.push((await store.get<PrivateItem>({ pk: 'signing-secret', sk: kid }))!);
  }
  const expires_at = Math.floor(now / 1000) + OUTLIVES_S;
  for (const old of keys.sort((a, b) => a.sk.localeCompare(b.sk)).slice(0, -1).filter((key) => key.expires_at === undefined)) {
    await store.update({ pk: 'signing-key', sk: old.sk }, { set: { expires_at } });
    await store.update({ pk: 'signing-secret', sk: old.sk }, { set: { expires_at } });
  }
}

async function makeKey(kid: string): Promise<void> {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true });
  const [secret, open] = await Promise.all([exportJWK(pair.privateKey), exportJWK(pair.publicKey)]);
  try {
    // in one transaction: a half that signs without one that verifies would lock everybody out
    await store.transact([
      { put: { pk: 'signing-secret', sk: kid, jwk: secret }, if: { pk: absent() } },
      { put: { pk: 'signing-key', sk: kid, jwk: open }, if: { pk: absent() } },
    ]);
  } catch (error) {
    if (!(error instanceof ConditionFailed) && (error as Error).name !== 'TransactionRefused') throw error;
  }
}
