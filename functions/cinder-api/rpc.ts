import { serve, type Exhausted } from '../../shared/rpc/serve.ts';
import { cinderVolume } from '../../shared/rpc/topics/cinder-volume.ts';
import { reportPool } from './pool/store.ts';
import { volumeCreated, volumeDeleted } from './volume/reported.ts';

/** A report that cannot be taken in leaves its volume in flight: the sweeper asks the host again when it is due. */
const exhausted: Exhausted = async () => {};

/** What hosts and their agents tell of volumes. */
export const handler = serve(
  cinderVolume,
  {
    update_service_capabilities: reportPool,
    volume_created: volumeCreated,
    volume_deleted: volumeDeleted,
  },
  { exhausted },
);
