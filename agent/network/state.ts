import { join } from 'node:path';
import type { Vif } from '../../shared/agent/command.ts';
import { makeFolder, readRecords, removeFile, writeWhole } from '../files.ts';

/** What should be of one network on this host. Written before anything is made by it, and only then made so. */
export interface NetworkRecord {
  network_id: string;
  ports: PortRecord[];
  /** Of the rules: connections that were allowed by an older generation are looked at again. */
  generation: number;
  rules_hash: string;
}
export interface PortRecord {
  guest: string;
  vif: Vif;
  /** Its mark in the filters, unique in the network as long as it lives. */
  number: number;
  /** The guest has its interface: the filters let pass what the rules allow. */
  plugged: boolean;
}

/** Until hosts knew groups, rules brought the addresses of a group's members: those count in old records until the host is told. */
export const formerMembers = (records: NetworkRecord[], group: string): string[] =>
  records.flatMap(({ ports }) => ports.flatMap(({ vif }) => vif.security_rules as (Vif['security_rules'][number] & { remote_ips?: string[] })[]))
    .flatMap(({ remote_group_id, remote_ips = [] }) => (remote_group_id === group ? remote_ips : []));

export const MOST_PORTS = 0x7fff;

export function openState(folder: string) {
  const own = makeFolder(folder, 'networks');
  const records = new Map(readRecords<NetworkRecord>(own).map((record) => [record.network_id, record]));
  const fileOf = (network_id: string) => join(own, `${network_id}.json`);
  return {
    folder: own,
    all: (): NetworkRecord[] => [...records.values()],
    get: (network_id: string): NetworkRecord | undefined => records.get(network_id),
    networkOf: (port_id: string): string | undefined => [...records.values()].find(({ ports }) => ports.some(({ vif }) => vif.port_id === port_id))?.network_id,
    async put(record: NetworkRecord): Promise<void> {
      await writeWhole(fileOf(record.network_id), JSON.stringify(record));
      records.set(record.network_id, record);
    },
    async remove(network_id: string): Promise<void> {
      await removeFile(fileOf(network_id));
      records.delete(network_id);
    },
  };
}
export type State = ReturnType<typeof openState>;

/** The least number that no port has. */
export function freeNumber(ports: PortRecord[]): number | undefined {
  const taken = new Set(ports.map(({ number }) => number));
  for (let number = 1; number <= MOST_PORTS; number++) if (!taken.has(number)) return number;
  return undefined;
}
