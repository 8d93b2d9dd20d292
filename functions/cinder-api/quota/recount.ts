import { getVolumes } from '../volume/store.ts';
import { releaseQuota, settled, UNBORN_MS, type Quota } from './store.ts';

/** Takes off what was counted for volumes that never came to be: their request broke off before it wrote the record. */
export async function recountQuota({ project_id: project, holds, due_at: dueAt }: Quota): Promise<void> {
  const old = Object.entries(holds).filter(([, { at }]) => Date.parse(at) < Date.now() - UNBORN_MS).map(([id]) => id);
  const there = new Set((await getVolumes(old)).map(({ id }) => id));
  for (const id of old) if (!there.has(id)) await releaseQuota(project, id);
  await settled(project, dueAt);
}
