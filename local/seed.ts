/**
 * What a new cloud starts with, as DevStack seeds one: made through the front door, by an invocation of keystone-manage and
 * then the REST APIs with the admin's token. It knows nothing of where the cloud runs. Everything may be done again: what is there stays.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { cloud, passwordAuth } from '../infra/clouds.ts';

export interface SeedOptions {
  /** Invokes a function by its declared name. */
  invoke: (name: string, payload: unknown) => Promise<unknown>;
  endpoint: string;
  region: string;
  adminPassword: string;
  demoPassword: string;
  /** What becomes of passwords that users have already: the given ones take their place, or they are left as they are. Default: `set` for the admin. */
  passwords?: 'set' | 'keep';
  /** A file that says that the rest is there, so that it's looked after only once. */
  marker?: string;
  /** Called as the parts begin. */
  show?: (what: string) => void;
}

/** Which services' functions the seeding calls, by where their paths begin. */
export const seededServices = ['/identity/', '/compute/', '/network/', '/volume/'];

const flavors = [
  { id: '1', name: 'm1.tiny', ram: 512, vcpus: 1, disk: 1 },
  { id: '2', name: 'm1.small', ram: 2048, vcpus: 1, disk: 20 },
  { id: '3', name: 'm1.medium', ram: 4096, vcpus: 2, disk: 40 },
  { id: '4', name: 'm1.large', ram: 8192, vcpus: 4, disk: 80 },
  { id: '5', name: 'm1.xlarge', ram: 16384, vcpus: 8, disk: 160 },
];

export async function seed({ invoke, endpoint, region, adminPassword, demoPassword, passwords, marker, show = () => {} }: SeedOptions) {
  const seeded = marker !== undefined && existsSync(marker);
  show('admin, roles, service users, catalog');
  // Later bootstraps put URLs and service tokens right, and leave the admin's password to the admin.
  await invoke('keystone-manage', { command: 'bootstrap', ...(!seeded && passwords !== 'keep' && { adminPassword }), endpoint, region });
  if (seeded) return;
  const api = await login(endpoint, adminPassword);
  // Of each service one request at a time: a second one would only start a second environment of a function that is just starting.
  show('project and user demo, flavors, volume type, networks');
  const parts = await Promise.allSettled([seedFlavors(api), seedVolumeType(api), seedProject(api, demoPassword, passwords === 'set').then((demo) => seedNetworks(api, demo))]);
  const failures = parts.flatMap((part) => (part.status === 'rejected' ? [(part.reason as Error).message] : []));
  if (failures.length > 0) throw new Error(failures.join('; '));
  if (marker) writeFileSync(marker, `${new Date().toISOString()}\n`);
}

type Api = (method: string, path: string, body?: object) => Promise<any>;

async function login(endpoint: string, password: string): Promise<Api> {
  const request = async (method: string, path: string, body?: object, token?: string) => {
    const response = await fetch(endpoint + path, {
      method,
      headers: { 'content-type': 'application/json', ...(token && { 'x-auth-token': token }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`seeding: ${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`);
    return { token: response.headers.get('x-subject-token') ?? undefined, json: text ? JSON.parse(text) : undefined };
  };
  const { token } = await request('POST', '/identity/v3/auth/tokens', passwordAuth(cloud(endpoint, { username: 'admin', password, project: 'admin' })));
  return async (method, path, body) => (await request(method, path, body, token)).json;
}

/** Finds by name in a collection, or creates. */
async function ensure(api: Api, path: string, collection: string, key: string, body: { name: string } & Record<string, unknown>, query = `?name=${encodeURIComponent(body.name)}`) {
  const found = (await api('GET', `${path}${query}`))[collection].find(({ name }: { name: string }) => name === body.name);
  return found ?? (await api('POST', path, { [key]: body }))[key];
}

async function seedProject(api: Api, password: string, setPassword: boolean): Promise<string> {
  const identity = '/identity/v3';
  const byName = async (collection: string, name: string) => (await api('GET', `${identity}/${collection}?name=${name}`))[collection][0];
  const project = await ensure(api, `${identity}/projects`, 'projects', 'project', { name: 'demo', domain_id: 'default' });
  const admin = await byName('users', 'admin');
  const roles = [await byName('roles', 'admin'), await byName('roles', 'member')];
  const demo = await ensure(api, `${identity}/users`, 'users', 'user', { name: 'demo', password, domain_id: 'default', default_project_id: project.id });
  if (setPassword) await api('PATCH', `${identity}/users/${demo.id}`, { user: { password } });
  const grants = [[admin.id, roles[0].id], [demo.id, roles[1].id]];
  for (const [user, role] of grants) await api('PUT', `${identity}/projects/${project.id}/users/${user}/roles/${role}`);
  return project.id;
}

async function seedFlavors(api: Api) {
  const { flavors: found } = await api('GET', '/compute/v2.1/flavors');
  const missing = flavors.filter(({ id }) => !found.some((flavor: { id: string }) => flavor.id === id));
  for (const flavor of missing) await api('POST', '/compute/v2.1/flavors', { flavor });
}

async function seedNetworks(api: Api, demo: string) {
  const network = async (name: string, more: object, subnet: object) => {
    const { id } = await ensure(api, '/network/v2.0/networks', 'networks', 'network', { name, ...more });
    await ensure(api, '/network/v2.0/subnets', 'subnets', 'subnet', { name: `${name}-subnet`, network_id: id, ip_version: 4, ...subnet });
  };
  await network('private', { project_id: demo }, { project_id: demo, cidr: '10.0.0.0/22', gateway_ip: '10.0.0.1' });
  await network('public', { 'router:external': true }, { cidr: '172.24.4.0/24', gateway_ip: '172.24.4.1', enable_dhcp: false });
}

const seedVolumeType = (api: Api) => ensure(api, '/volume/v3/types', 'volume_types', 'volume_type', { name: '__DEFAULT__', description: 'Default Volume Type' }, '');
