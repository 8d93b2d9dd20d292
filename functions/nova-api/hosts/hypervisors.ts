import { badRequest, HttpError, notFound } from '../../../shared/http/errors.ts';
import type { Reply, Request } from '../../../shared/http/route.ts';
import { claimantKey } from '../../../shared/objects/claim.ts';
import { claimsOn, type Claim, type ComputeNode } from '../../../shared/objects/compute_node.ts';
import type { Instance } from '../../../shared/objects/instance.ts';
import { MAX_LIMIT, paged } from '../common/paging.ts';
import { isTrue } from '../common/types.ts';
import { instanceNameOf } from '../servers/view.ts';
import { nova } from '../store.ts';
import { basicHypervisor, detailedHypervisor, figures, hypervisorId } from './hypervisor-view.ts';
import { allNodes, nodeById, nodesAfter } from './store.ts';

export const listHypervisors = (request: Request) => list(request, basicHypervisor);
export const listHypervisorsDetailed = (request: Request) => list(request, detailedHypervisor);

async function list(request: Request, view: (node: ComputeNode, minor: number) => object): Promise<Reply> {
  const { query, version: { minor } } = request;
  const pattern = minor >= 53 ? query.get('hypervisor_hostname_pattern') : null;
  if (pattern && (query.has('limit') || query.has('marker')))
    throw badRequest('Paging over hypervisors with the hypervisor_hostname_pattern query parameter is not supported.');
  const limit = minor >= 33 ? Number(query.get('limit') ?? 0) : 0;
  const nodes = limit > 0 ? await page(request, limit) : (await allNodes()).filter((node) => !pattern || node.host.includes(pattern));
  if (pattern && nodes.length === 0) throw notFound(`No hypervisor matching '${pattern}' could be found.`);
  const { items, links } = minor >= 33 ? paged(request, nodes, (node) => String(hypervisorId(node, minor))) : { items: nodes, links: undefined };
  const withServers = minor >= 53 && isTrue(query.get('with_servers'));
  const hypervisors = await Promise.all(items.map(async (node) => ({ ...view(node, minor), ...(withServers && (await serversOf(node, minor))) })));
  return { body: { hypervisors, ...(links && { hypervisors_links: links }) } };
}

/** What the page is cut out of: the marker's host and those that follow it. */
async function page({ query, version: { minor } }: Request, limit: number): Promise<ComputeNode[]> {
  const marker = query.get('marker');
  const known = marker ? await nodeById(marker, (node) => hypervisorId(node, minor)) : undefined;
  return marker && !known ? [] : [...(known ? [known] : []), ...(await nodesAfter(known, Math.min(limit, MAX_LIMIT)))];
}

export async function showHypervisor(request: Request): Promise<Reply> {
  const { version: { minor }, query } = request;
  const node = await find(request);
  const withServers = minor >= 53 && isTrue(query.get('with_servers'));
  return { body: { hypervisor: { ...detailedHypervisor(node, minor), ...(withServers && (await serversOf(node, minor))) } } };
}

/** Until 2.88. A host here tells no uptime: answered as Nova does where the driver has none. */
export async function showUptime(request: Request): Promise<Reply> {
  await find(request);
  throw new HttpError(501, 'Virt driver does not implement uptime function.');
}

/** Until 2.53: those whose name contains the word. */
export async function searchHypervisors(request: Request): Promise<Reply> {
  return { body: { hypervisors: (await matching(request)).map((node) => basicHypervisor(node, request.version.minor)) } };
}

/** Until 2.53: the same with their servers. */
export async function hypervisorServers(request: Request): Promise<Reply> {
  const nodes = await matching(request);
  return { body: { hypervisors: await Promise.all(nodes.map(async (node) => ({ ...basicHypervisor(node, request.version.minor), ...(await serversOf(node, request.version.minor)) }))) } };
}

/** Until 2.88: the sums of all hosts. */
export async function statistics(): Promise<Reply> {
  const nodes = (await allNodes()).filter((node) => !node.disabled);
  const sum = (key: keyof ReturnType<typeof figures>) => nodes.reduce((total, node) => total + figures(node)[key], 0);
  const keys = ['vcpus', 'vcpus_used', 'memory_mb', 'memory_mb_used', 'free_ram_mb', 'local_gb', 'local_gb_used', 'free_disk_gb', 'disk_available_least', 'current_workload', 'running_vms'] as const;
  return { body: { hypervisor_statistics: { count: nodes.length, ...Object.fromEntries(keys.map((key) => [key, sum(key)])) } } };
}

async function find({ params, version: { minor } }: Request): Promise<ComputeNode> {
  const id = params['id']!;
  if (minor >= 53 && !/^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i.test(id)) throw badRequest(`Invalid uuid ${id}`);
  const node = await nodeById(id, (each) => hypervisorId(each, minor));
  if (!node) throw notFound(`Hypervisor with ID '${id}' could not be found.`);
  return node;
}

async function matching({ params }: Request): Promise<ComputeNode[]> {
  const word = params['id']!;
  const nodes = (await allNodes()).filter((node) => node.host.includes(word));
  if (nodes.length === 0) throw notFound(`No hypervisor matching '${word}' could be found.`);
  return nodes;
}

/** Where there are none, `servers` is left out before 2.75. */
async function serversOf(node: ComputeNode, minor: number): Promise<{ servers?: { uuid: string; name: string }[] }> {
  const claims = await nova.query<Claim>(claimsOn(node.host));
  const instances = await nova.getMany<Instance>(claims.map(claimantKey));
  const servers = instances.filter(({ host }) => host === node.host); // the index may be behind
  return servers.length || minor >= 75 ? { servers: servers.map((server) => ({ uuid: server.uuid, name: instanceNameOf(server) })) } : {};
}
