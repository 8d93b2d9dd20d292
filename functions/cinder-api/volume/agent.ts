import { secondsToCreate } from '../../../shared/agent/volume.ts';
import type { RequestContext } from '../../../shared/identity/context.ts';
import { cast } from '../../../shared/rpc/send.ts';
import type { Args } from '../../../shared/rpc/topic.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import type { Volume } from './record.ts';

/** After this a host is asked again, `ATTEMPTS` times in all; it does the same thing once. */
export const ASK_AGAIN_MS = 5 * 60_000;
export const ATTEMPTS = 3;

type Creation = Args<typeof novaCompute.methods.create_volume>;

/** What the host makes; to it a snapshot is a volume too. */
export const creationOf = ({ host, id, project_id, size, image, source_volid, snapshot_id }: Volume): Creation => ({
  host: host!, volume_id: id, project_id, size_gb: size,
  ...(image && { image }),
  ...((source_volid ?? snapshot_id) && { source_volume_id: source_volid ?? snapshot_id }),
});

/** Asks the host's agent, through nova-compute, for the file; `volume_created` answers. */
export const askToCreate = (creation: Creation, context: RequestContext) => cast(novaCompute.methods.create_volume, creation, { context });

/** How long an answer is waited for: after the last question as long as the host may work. One that is at it goes on when it is asked again. */
export const waitFor = (creation: Creation, asked: number): number => ASK_AGAIN_MS + (asked < ATTEMPTS ? 0 : secondsToCreate(creation) * 1000);

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
