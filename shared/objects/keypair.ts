import type { Key } from '../store/table.ts';

/** A user's public key in the nova table. */
export interface KeyPair extends Key {
  id: number; // random; only shown
  user_id: string;
  name: string;
  type: 'ssh' | 'x509';
  public_key: string;
  fingerprint: string;
  created_at: string;
  [attribute: string]: unknown;
}

export const KEYPAIRS = 'KEYPAIR#';
export const keyPairKey = (userId: string, name: string): Key => ({ pk: `USER#${userId}`, sk: `${KEYPAIRS}${name}` });
/** How many a user has: `{count}`, changed in one transaction with the key pair. */
export const keyPairCountKey = (userId: string): Key => ({ pk: `USER#${userId}`, sk: 'KEYPAIRS' });
