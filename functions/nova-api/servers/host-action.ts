import type { Request } from '../../../shared/http/route.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { cast } from '../../../shared/rpc/send.ts';
import { novaCompute } from '../../../shared/rpc/topics/nova-compute.ts';

/** The message that has a server's host do something (nova-compute's instance_action). */
export const askHost = ({ uuid: instance_uuid, project_id, host, sequence }: Instance, action: string, args: Record<string, unknown>, { context, requestId: request_id }: Pick<Request, 'context' | 'requestId'>) =>
  cast(novaCompute.methods.instance_action, { instance_uuid, project_id, host: host!, action, args, sequence, request_id }, { context });
