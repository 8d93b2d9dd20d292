import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The real command-line clients; each pair is of one release. */
export interface OpenstackClients {
  label: string;
  /** Paths of the programs. */
  openstack: string;
  nova: string;
}

const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
const places = [
  { label: "Debian's clients", folder: '/usr/bin' },
  { label: "today's clients", folder: join(cache, 'novaless/openstack-clients/bin') },
];

/** What the tests that need a client say where there is none. */
export const clientsNeeded = 'needs the OpenStack clients: apt install python3-openstackclient python3-novaclient (.ci/run installs them and those of the Python registry)';

/** Those that are installed here; `.ci/run` installs all. */
export function installedClients(): OpenstackClients[] {
  return places
    .map(({ label, folder }) => ({ label, openstack: join(folder, 'openstack'), nova: join(folder, 'nova') }))
    .filter(({ openstack, nova }) => runs(openstack) && runs(nova));
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
