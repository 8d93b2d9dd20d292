import { ConditionFailed } from '../../../shared/store/errors.ts';
import { getSnapshots } from '../snapshot/store.ts';
import { cinder, getVolumes } from '../volume/store.ts';
import { settle, undoHold } from './count.ts';
import { BROKEN_OFF_MS, dueAgain, quotaKey, type Quota } from './store.ts';

/** Ends what is pending for requests that broke off: undoes holds of what never came to be, forgets what the records say by now. */
export async function recountQuota({ project_id: project, pending, due_at: seen }: Quota): Promise<void> {
  const old = Object.entries(pending).filter(([, { at }]) => Date.parse(at) < Date.now() - BROKEN_OFF_MS);
  const idsOf = (kind: string) => old.filter(([, entry]) => (entry.kind ?? 'volumes') === kind).map(([, { volume_id }]) => volume_id);
  const [volumes, snapshots] = await Promise.all([getVolumes(idsOf('volumes')), getSnapshots(idsOf('snapshots'))]);
  const records = new Map<string, { hold: string }>([...volumes, ...snapshots].map((record) => [record.id, record]));
  let open = Object.keys(pending).length - old.length;
  for (const [key, entry] of old) {
    const record = records.get(entry.volume_id);
    if (!key.startsWith('release-')) await (record?.hold === key ? settle(project, key) : undoHold(project, key, entry));
    else if (!record) await settle(project, key);
    else open++; // its deletion goes on
  }
  try {
    const change = open ? { set: dueAgain(project) } : { remove: ['due_pk', 'due_at'] };
    await cinder.update(quotaKey(project), change, { due_at: seen });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error; // something was counted since
  }
}
