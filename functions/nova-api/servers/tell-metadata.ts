import type { Request } from '../../../shared/http/route.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { cast } from '../../../shared/rpc/send.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { factsOf, log } from '../../../shared/telemetry/log.ts';

/**
 * The guest's metadata service is to tell the new name and metadata. Nobody waits for it, and the change stands whether the host
 * hears of it or not: what gets lost is made good by the next change, or a hard reboot.
 */
export async function tellMetadata(server: Instance, { context, requestId }: Pick<Request, 'context' | 'requestId'>): Promise<void> {
  const { uuid: instance_uuid, project_id, host, display_name: name, metadata, user_revision: revision = 0 } = server;
  if (!host || revision === 0) return; // nothing has changed since the guest began
  await cast(novaCompute.methods.refresh_metadata, { instance_uuid, project_id, host, name, metadata, revision }, { context, steps: [] })
    .catch((error: unknown) => log.warn('a host does not hear of new metadata', { request_id: requestId, instance: instance_uuid, ...factsOf(error) }));
}
