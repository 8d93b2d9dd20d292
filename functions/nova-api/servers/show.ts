import type { Reply, Request } from '../../../shared/http/route.ts';
import { type ComputeNode, computeNodeKey } from '../../../shared/objects/compute_node.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { nova } from '../store.ts';
import { findServer } from './find.ts';
import { detailedServer } from './view.ts';

export async function showServer(request: Request): Promise<Reply> {
  const server = await findServer(request);
  return { body: { server: detailedServer(server, request, { single: true, node: (await hostsOf([server], request)).get(server.host) }) } };
}

/** The hosts of servers, for those who may see a host's status (2.16); otherwise nobody is asked. */
export async function hostsOf(servers: Instance[], request: Pick<Request, 'version' | 'allowed'>): Promise<Map<string | null, ComputeNode>> {
  if (request.version.minor < 16 || !request.allowed('os_compute_api:servers:show:host_status')) return new Map();
  const hosts = [...new Set(servers.flatMap(({ host }) => host ?? []))];
  return new Map((await nova.getMany<ComputeNode>(hosts.map(computeNodeKey))).map((node) => [node.host, node]));
}
