import { rotateKeys } from './token/keys.ts';
import { mintServiceTokens } from './token/service-tokens.ts';
import { store } from './records/entities.ts';

/** Once a minute: keys and service tokens are renewed well ahead of their end. */
export async function handler(): Promise<void> {
  const [bootstrapped] = await store.query({ pk: 'signing-secret', limit: 1 });
  if (!bootstrapped) return; // nothing to renew before the first bootstrap
  await rotateKeys();
  await mintServiceTokens();
}
