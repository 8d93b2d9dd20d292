/** Seeds a deployment as a first `npm start` is seeded, wherever it is, and writes what its users log in with. */
import { mkdirSync } from 'node:fs';
import { type CloudsEntries, hasSecrets, secretsOf, writeCredentials } from '../../local/secrets.ts';
import { seed } from '../../local/seed.ts';

export interface Seeded extends CloudsEntries {
  /** Passwords and openrc files, for their owner only. */
  folder: string;
  endpoint: string;
  /** OpenStack's name of the region. */
  region: string;
  invoke: (name: string, payload: unknown) => Promise<unknown>;
  show?: (what: string) => void;
  /** The passwords of this folder take the place of those that users have; `anew`: after other ones were generated. */
  passwords?: 'ours' | 'anew';
}

/** What must be done to seed with a password that nobody here knows. */
export class UnknownPassword extends Error { override name = 'UnknownPassword' }

/**
 * Makes what is not there yet, puts the catalog's URLs right, and leaves the rest as it is. Passwords are generated once; those that users
 * have stay, unless `passwords` says otherwise. Returns the files of the credentials, clouds.yaml first.
 */
export async function seedCloud({ folder, cloudsFile, clouds, endpoint, region, invoke, show, passwords }: Seeded): Promise<string[]> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keep = passwords === undefined && (await hasAdmin(invoke, { endpoint, region }));
  if (keep && !hasSecrets(folder)) throw new UnknownPassword('this cloud has an admin already, whose password is not here');
  const secrets = secretsOf(folder, { anew: passwords === 'anew' });
  const set = passwords === 'anew' ? 'set' as const : undefined;
  await seed({ invoke, endpoint, region, ...secrets, passwords: keep ? 'keep' : set, show }).catch((error: Error) => {
    if (keep && /auth\/tokens answered 401/.test(error.message)) throw new UnknownPassword('the admin has another password than the one that is here');
    throw error;
  });
  return writeCredentials(folder, endpoint, region, secrets, { cloudsFile, clouds });
}

/** A bootstrap without a password changes nobody's, and is refused where there is no admin yet. */
async function hasAdmin(invoke: Seeded['invoke'], { endpoint, region }: { endpoint: string; region: string }): Promise<boolean> {
  try {
    await invoke('keystone-manage', { command: 'bootstrap', endpoint, region });
    return true;
  } catch (error) {
    if (/adminPassword is missing/.test((error as Error).message)) return false;
    throw error;
  }
}
