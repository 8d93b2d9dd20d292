/** Seeds a deployment as a first `npm start` is seeded, wherever it is, and writes what its users log in with. */
import { mkdirSync } from 'node:fs';
import { hasSecrets, secretsOf, writeOpenrc } from '../../local/secrets.ts';
import { seed } from '../../local/seed.ts';
import { cloud, updateClouds } from '../clouds.ts';

export interface Seeded {
  /** Passwords and openrc files, for their owner only. */
  folder: string;
  cloudsFile: string;
  clouds: { admin: string; user: string };
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
 * have stay, unless `passwords` says otherwise. Returns the openrc files.
 */
export async function seedCloud({ folder, cloudsFile, clouds, endpoint, region, invoke, show, passwords }: Seeded): Promise<string[]> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keep = passwords === undefined && (await hasAdmin(invoke, { endpoint, region }));
  if (keep && !hasSecrets(folder)) throw new UnknownPassword('this cloud has an admin already, whose password is not here');
  const { adminPassword, demoPassword } = secretsOf(folder, { anew: passwords === 'anew' });
  const set = passwords === 'anew' ? 'set' as const : undefined;
  await seed({ invoke, endpoint, region, adminPassword, demoPassword, passwords: keep ? 'keep' : set, show }).catch((error: Error) => {
    if (keep && /auth\/tokens answered 401/.test(error.message)) throw new UnknownPassword('the admin has another password than the one that is here');
    throw error;
  });
  const users = [
    { cloud: clouds.admin, name: 'admin', username: 'admin', password: adminPassword, project: 'admin' },
    { cloud: clouds.user, name: 'demo', username: 'demo', password: demoPassword, project: 'demo' },
  ];
  updateClouds(cloudsFile, Object.fromEntries(users.map((user) => [user.cloud, cloud(endpoint, { ...user, region })])));
  return users.map((user) => writeOpenrc(folder, endpoint, region, user));
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
