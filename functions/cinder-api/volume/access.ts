import type { Request } from '../../../shared/http/route.ts';
import { isAdmin } from '../../../shared/identity/context.ts';
import type { Volume } from './record.ts';
import { getVolume, noVolume } from './store.ts';

/** The volume, where the asker's project owns it or the asker is admin (404 otherwise), and policy allows (403). */
export async function ownVolume(request: Request, policy: string, id = request.params['volume_id']!): Promise<Volume> {
  const volume = await getVolume(id);
  if (!volume || (!isAdmin(request.context) && volume.project_id !== request.context.project_id)) throw noVolume(id);
  request.enforce(policy, { project_id: volume.project_id });
  return volume;
}
