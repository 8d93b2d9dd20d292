import * as Type from '@sinclair/typebox';
import { topic } from '../topic.ts';

export const cinderVolume = topic('cinder-volume', {
  /** A host's pool as its agent last told; sent when it changes. */
  update_service_capabilities: { args: Type.Object({ host: Type.String(), total_gb: Type.Number(), free_gb: Type.Number(), reported_at: Type.String() }) },
  /** The agent did, or could not do, what create_volume or delete_volume asked for. */
  volume_created: { args: Type.Object({ volume_id: Type.String(), project_id: Type.String(), host: Type.String(), error: Type.Optional(Type.String()) }) },
  volume_deleted: { args: Type.Object({ volume_id: Type.String(), project_id: Type.String(), host: Type.String(), error: Type.Optional(Type.String()) }) },
});
