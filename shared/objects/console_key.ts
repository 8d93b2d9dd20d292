import { generateKeyPairSync } from 'node:crypto';
import { ConditionFailed } from '../store/errors.ts';
import { table, type Key } from '../store/table.ts';

/** The key pair of the console tokens (PEM, Ed25519): nova-api signs with it, agents check with the public half that came with the spawn. */
export interface ConsoleKey extends Key { private_key: string; public_key: string; [attribute: string]: unknown }

const key: Key = { pk: 'CONSOLE', sk: 'KEY' };
let known: Promise<ConsoleKey> | undefined;

/** The deployment's console key, made when it is first asked for; for functions that have the nova table. */
export const consoleKey = (): Promise<ConsoleKey> => (known ??= find().catch((error: unknown) => {
  known = undefined;
  throw error;
}));

async function find(): Promise<ConsoleKey> {
  const nova = table('nova');
  const there = await nova.get<ConsoleKey>(key);
  if (there) return there;
  const pair = generateKeyPairSync('ed25519', { privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
  const made: ConsoleKey = { ...key, private_key: pair.privateKey, public_key: pair.publicKey };
  try {
    await nova.putNew(made);
    return made;
  } catch (error) {
    if (error instanceof ConditionFailed) return error.item as ConsoleKey; // another made it first
    throw error;
  }
}
