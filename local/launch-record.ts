import type { Cloud } from '../infra/clouds.ts';
import { login } from './login.ts';

/** A step as the cloud's record has it. */
export interface LaunchStep { step: number; actor: string; start: string; end: string; result: string; request_id: string; cached_from?: string; detail?: string }

export interface Launch {
  server: { id: string; name: string; status: string };
  requestId: string;
  /** In the order of their numbers. */
  steps: LaunchStep[];
  /** What a step is, by its number, where the record names it. */
  names: Map<number, string>;
}

/** What the user asked for is not there, said so that he can help himself. */
export class LaunchNotFound extends Error { override name = 'LaunchNotFound' }

interface Action { action: string; request_id: string; events?: { event: string }[]; 'novaless:steps'?: LaunchStep[] }

/** The launch of a server by id or name, with the credentials of a cloud: an admin's see every project's. */
export async function launchOf(cloud: Cloud, wanted: string): Promise<Launch> {
  const { token, compute } = await computeSession(cloud);
  const get = async (path: string) => {
    const answer = await fetch(compute + path, { headers: { 'X-Auth-Token': token, 'OpenStack-API-Version': 'compute 2.84', 'X-Novaless-Steps': '1' } });
    if (!answer.ok && answer.status !== 404) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return { found: answer.ok, body: (await answer.json()) as any };
  };
  const server = await findServer(wanted, get);
  const { instanceActions } = (await get(`/servers/${server.id}/os-instance-actions`)).body as { instanceActions: Action[] };
  const create = instanceActions.find(({ action }) => action === 'create');
  if (!create) throw new LaunchNotFound(`Server ${wanted} has no record of its launch.`);
  const action = (await get(`/servers/${server.id}/os-instance-actions/${create.request_id}`)).body.instanceAction as Action;
  const names = (action.events ?? []).flatMap(({ event }) => {
    const match = /^step-(\d+) \S+ (.+)$/.exec(event);
    return match ? [[Number(match[1]), match[2]!] as const] : [];
  });
  return { server, requestId: create.request_id, steps: (action['novaless:steps'] ?? []).map(inOrder).sort((a, b) => a.step - b.step), names: new Map(names) };
}

/** The record is a map without an order. */
const inOrder = ({ step, actor, start, end, result, request_id, ...more }: LaunchStep): LaunchStep => ({ step, actor, start, end, result, request_id, ...more });

async function findServer(wanted: string, get: (path: string) => Promise<{ found: boolean; body: any }>): Promise<Launch['server']> {
  const byId = await get(`/servers/${encodeURIComponent(wanted)}`);
  if (byId.found) return byId.body.server;
  const query = new URLSearchParams({ name: `^${wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$` });
  const everywhere = await get(`/servers/detail?all_tenants=1&${query}`).catch(() => get(`/servers/detail?${query}`)); // only an admin may look everywhere
  const [server, ...others] = everywhere.body.servers as Launch['server'][];
  if (!server) throw new LaunchNotFound(`There is no server ${wanted}.`);
  if (others.length > 0) throw new LaunchNotFound(`Several servers are named ${wanted}; which one?\n${[server, ...others].map(({ id, status }) => `  ${id}  ${status}`).join('\n')}`);
  return server;
}

/** A token, and the compute service's address out of the catalog. */
async function computeSession(cloud: Cloud): Promise<{ token: string; compute: string }> {
  const { id: token, catalog } = await login(cloud, { catalog: true });
  const endpoints = catalog?.find(({ type }) => type === 'compute')?.endpoints ?? [];
  const endpoint = endpoints.find((each) => each.interface === 'public' && each.region === cloud.region_name) ?? endpoints[0];
  if (!endpoint) throw new Error('the catalog has no compute service');
  return { token, compute: endpoint.url.replace(/\/$/, '') };
}
