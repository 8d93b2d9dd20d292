import { join } from 'node:path';
import type { GroupMembers, Vif } from '../../shared/agent/command.ts';
import { makeFolder, readRecords, removeFile, writeWhole } from '../files.ts';

/**
 * What a host knows of a security group, a file each. Without `addresses`: no rule here names it any more, but nothing older than `as_of` is
 * to be believed of it, such as what comes with the launch of a guest that was long under way.
 */
interface GroupRecord { security_group_id: string; as_of: string; addresses?: string[] }

/** No command is under way for so long. */
const FORGOTTEN_MS = 24 * 60 * 60_000;

/** The groups that a port's rules name. */
export const groupsNamedBy = ({ security_rules }: Pick<Vif, 'security_rules'>): string[] => security_rules.flatMap(({ remote_group_id }) => remote_group_id ?? []);

export type SecurityGroups = ReturnType<typeof openSecurityGroups>;

/** `named`: the groups that rules of this host's ports name now. */
export function openSecurityGroups(folder: string, named: () => Set<string>) {
  const files = makeFolder(folder, 'security-groups');
  const records = new Map(readRecords<GroupRecord>(files).map((record) => [record.security_group_id, record]));
  const fileOf = (id: string) => join(files, `${id}.json`);
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  }
  async function put(record: GroupRecord): Promise<void> {
    await writeWhole(fileOf(record.security_group_id), JSON.stringify(record));
    records.set(record.security_group_id, record);
  }

  return {
    /** The group's addresses and CIDRs; undefined where the host has not been told. */
    addresses: (id: string): string[] | undefined => records.get(id)?.addresses,
    unknown: (): string[] => [...named()].filter((id) => !records.get(id)?.addresses),
    /** Takes what is told of a group, unless newer was told before. Whether there is something to keep it for. */
    tell: ({ security_group_id: id, as_of, addresses }: GroupMembers): Promise<boolean> => inTurn(async () => {
      const before = records.get(id);
      if (!before || before.as_of < as_of) await put({ security_group_id: id, as_of, ...(named().has(id) && { addresses }) });
      return records.get(id)!.addresses !== undefined;
    }),
    /** Forgets the members of groups that no rule names any more. A port that comes with such a rule from here on finds the group unknown. */
    async forgetUnnamed(): Promise<void> {
      const names = named();
      const over = [...records.values()].filter(({ security_group_id: id, addresses, as_of }) => !names.has(id) && (addresses || Date.now() > Date.parse(as_of) + FORGOTTEN_MS));
      if (over.length === 0) return;
      for (const { security_group_id: id, as_of } of over) records.set(id, { security_group_id: id, as_of });
      await inTurn(async () => {
        for (const { security_group_id: id } of over) {
          const record = records.get(id);
          if (!record || record.addresses) continue; // told anew meanwhile
          if (Date.now() < Date.parse(record.as_of) + FORGOTTEN_MS) await put(record);
          else {
            records.delete(id);
            await removeFile(fileOf(id));
          }
        }
      });
    },
  };
}
