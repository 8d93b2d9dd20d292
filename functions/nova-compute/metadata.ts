import type { Args } from '../../shared/rpc/topic.ts';
import { novaCompute } from '../../shared/rpc/topics/nova-compute.ts';
import { absent, absentOrLessThan } from '../../shared/store/condition.ts';
import { TransactionRefused } from '../../shared/store/errors.ts';
import type { Key, Write } from '../../shared/store/table.ts';
import { order } from './host/command.ts';
import { ring } from './host/ring.ts';
import { journal, pendingKey, remembered, subjectPartition, terminationKey } from './journal.ts';

/** The newest metadata that a host was told of an instance: an older message, or the same again, tells it nothing. */
interface Told extends Key { kind: 'metadata'; revision: number; command: { sk: string; id: string }; expires_at: number; [attribute: string]: unknown }
const toldKey = (instance: string): Key => ({ pk: subjectPartition(instance), sk: 'METADATA' });

const SECONDS = 7 * 86_400; // a host that was away takes it up when it is back

/** The guest's metadata service tells the new. Nobody waits for it; where it gets lost, the next change or a hard reboot makes it good. */
export async function refreshMetadata({ instance_uuid, project_id, host, name, metadata, revision }: Args<typeof novaCompute.methods.refresh_metadata>): Promise<void> {
  const before = await journal.get<Told>(toldKey(instance_uuid));
  if (before && before.revision >= revision) return;
  const id = `metadata-${instance_uuid}-${revision}`;
  const command = order({
    id, kind: 'refresh_metadata', host, subject: instance_uuid, project_id, seconds: SECONDS, args: { instance_uuid, name, metadata },
    purpose: { for: 'metadata' },
  });
  const { sk } = (command[0] as { put: Key }).put;
  const told: Told = { ...toldKey(instance_uuid), kind: 'metadata', revision, command: { sk, id }, expires_at: remembered() };
  const overtaken: Write[] = before ? [{ delete: { pk: `HOST#${host}`, sk: before.command.sk } }, { delete: pendingKey(instance_uuid, before.command.id) }] : [];
  try {
    await journal.transact([{ put: told, if: { revision: absentOrLessThan(revision) } }, { check: terminationKey(instance_uuid), if: { pk: absent() } }, ...command, ...overtaken]);
  } catch (error) {
    if (error instanceof TransactionRefused) return; // newer is on its way, or the instance is going
    throw error;
  }
  await ring(host);
}
