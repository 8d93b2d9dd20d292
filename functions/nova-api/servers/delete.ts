import type { Request } from '../../../shared/http/route.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { cast } from '../../../shared/rpc/send.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';
import { findServer } from './find.ts';
import { beginTask } from './task.ts';

/** `DELETE /servers/ID`: in any state, while it is being built as well; a repeat asks for it once more, as in Nova. */
export async function deleteServer(request: Request): Promise<void> {
  const server = await findServer(request);
  await beginTask(server, {
    action: 'delete',
    method: 'delete',
    needs: { task: 'any', launched: false },
    taskState: 'deleting',
    send: (deleting) => terminate(deleting, request),
  }, request);
}

const terminate = ({ uuid: instance_uuid, project_id, host, sequence, interfaces, block_devices }: Instance, { context, requestId: request_id }: Request) =>
  cast(novaCompute.methods.terminate_instance, { instance_uuid, project_id, host, sequence, request_id, interfaces, block_devices }, { context });
