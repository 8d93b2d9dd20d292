import { existsSync } from 'node:fs';
import { checkHost, lacksInWords } from '../../agent/check.ts';
import { clientsNeeded, installedClients } from '../openstack-clients.ts';

/** Why no real guest can be tried here, in a line; false where one can. */
export async function noGuests(): Promise<string | false> {
  const { lacks } = await checkHost();
  if (lacks.length > 0) return `real guests need what is not here: ${lacksInWords(lacks)}`;
  for (const [program, packages] of [['apt-get', "Debian's package tools, to make a guest's image of its packages"], ['curl', 'apt install curl'], ['ping', 'apt install iputils-ping']]) {
    if (!['/usr/bin', '/bin', '/usr/sbin'].some((folder) => existsSync(`${folder}/${program}`))) return `needs ${program}: ${packages}`;
  }
  return installedClients().length > 0 ? false : clientsNeeded;
}
