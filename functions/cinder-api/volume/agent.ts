import type { RequestContext } from '../../../shared/identity/context.ts';
import { cast } from '../../../shared/rpc/send.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import type { Volume } from './record.ts';
import type { Source } from './source.ts';

/** After this a host is asked again, `ATTEMPTS` times in all; it does the same thing once. */
export const ASK_AGAIN_MS = 5 * 60_000;
export const ATTEMPTS = 3;

/** Asks the host's agent, through nova-compute, for the volume's file; `volume_created` answers. */
export const askToCreate = (volume: Volume, source: Pick<Source, 'image'>, context: RequestContext) =>
  cast(
    novaCompute.methods.create_volume,
    {
      host: volume.host!, volume_id: volume.id, project_id: volume.project_id, size_gb: volume.size,
      ...(source.image && { image: source.image }),
      // to the host a snapshot is a volume too
      ...((volume.source_volid ?? volume.snapshot_id) && { source_volume_id: volume.source_volid ?? volume.snapshot_id }),
    },
    { context },
  );

/** `volume_deleted` answers; a file that is not there is deleted. */
export const askToDelete = (volume: Volume, context: RequestContext) =>
  cast(novaCompute.methods.delete_volume, { host: volume.host!, volume_id: volume.id, project_id: volume.project_id }, { context });

/** Tells the launch that waits for the volume how it came out. */
export async function tellLaunch(volume: Volume, context: RequestContext): Promise<void> {
  if (!volume.waiting_instance) return;
  await cast(
    novaCompute.methods.volume_ready,
    { instance_uuid: volume.waiting_instance, project_id: volume.project_id, volume_id: volume.id, status: volume.status, ...(volume.reason && { reason: volume.reason }) },
    { context },
  );
}
