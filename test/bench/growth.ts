import { average, ofCall, ofLaunches, onCountingCloud, warmUp, type Asked, type CountingCloud } from './counting.ts';
import { addCopies } from './servers.ts';
import type { Target } from './target.ts';

/** The same request before and after, by its name; of a launch, after what had grown. */
export type Growth = Record<string, { before: Asked; after: Asked }>;

export interface GrowthOptions {
  /** How many of each there are at first; ten times as many then. */
  hosts: number;
  servers: number;
  images: number;
  projects: number;
  launches: number;
}

const TIMES = 10;

/** What calls and a launch ask of AWS, before and after there is ten times as much: first of all but hosts, then, on another cloud, of hosts. */
export async function growth({ hosts, servers, images, projects, launches }: GrowthOptions): Promise<Growth> {
  const few = await onCountingCloud(hosts, async (counting) => {
    const { cloud, target, workload } = counting;
    await warmUp(counting, 2 * hosts);
    const launch = average(await ofLaunches(counting, launches));
    await fill(counting, { images, projects }, 'few');
    const [kept] = await workload.launch();
    await workload.active([kept!]);
    const add = await addCopies(cloud, target, kept!);
    await add(servers - 1);
    const before = await calls(counting, kept!);
    await add((TIMES - 1) * servers);
    await fill(counting, { images: (TIMES - 1) * images, projects: (TIMES - 1) * projects }, 'many');
    const after = await calls(counting, kept!);
    await workload.delete([kept!]); // another server in its security group would be a launch's own cost
    return { launch, before, after, grownLaunch: average(await ofLaunches(counting, launches)), ofHosts: await hostCalls(counting) };
  });
  const many = await onCountingCloud(TIMES * hosts, async (counting) => {
    await warmUp(counting, 2 * TIMES * hosts);
    return { launch: average(await ofLaunches(counting, launches)), ofHosts: await hostCalls(counting) };
  });
  return {
    'a launch, of servers, images and projects': { before: few.launch, after: few.grownLaunch }, 'a launch, of hosts': { before: few.launch, after: many.launch },
    ...paired(few.before, few.after), ...paired(few.ofHosts, many.ofHosts),
  };
}

const paired = (before: Record<string, Asked>, after: Record<string, Asked>): Growth => Object.fromEntries(Object.keys(before).map((name) => [name, { before: before[name]!, after: after[name]! }]));

/** Images of the project, and projects that have a user each. */
async function fill({ target, admin }: CountingCloud, { images, projects }: { images: number; projects: number }, name: string): Promise<void> {
  for (let i = 0; i < images; i++) await target.request('image', 'POST', '/images', { name: `${name}-${i}`, disk_format: 'raw', container_format: 'bare' });
  for (let i = 0; i < projects; i++) {
    await admin.request('identity', 'POST', '/projects', { project: { name: `${name}-${i}`, domain_id: 'default' } });
    await admin.request('identity', 'POST', '/users', { user: { name: `${name}-${i}`, domain_id: 'default' } });
  }
}

async function calls(counting: CountingCloud, server: string): Promise<Record<string, Asked>> {
  const { target, admin } = counting;
  const asked: Record<string, Asked> = {};
  const call = async (as: Target, service: string, path: string) => { asked[`GET ${path}`] = await ofCall(counting, () => as.request(service, 'GET', path.replace('{server}', server))); };
  for (const path of ['/servers/{server}', '/servers', '/servers/detail', '/servers/detail?limit=21', '/flavors']) await call(target, 'compute', path);
  await call(admin, 'compute', '/servers/detail?all_tenants=1&limit=21');
  await call(target, 'image', '/images?limit=20');
  await call(target, 'network', '/ports?limit=20');
  for (const path of ['/projects?name=demo', '/users?name=few-0', '/projects?limit=5']) await call(admin, 'identity', path);
  return asked;
}

async function hostCalls(counting: CountingCloud): Promise<Record<string, Asked>> {
  const { admin } = counting;
  const [{ id }] = (await admin.request('compute', 'GET', '/os-hypervisors')).hypervisors;
  const asked: Record<string, Asked> = {};
  for (const path of ['/os-hypervisors/{id}', '/os-hypervisors/detail?limit=4']) asked[`GET ${path}`] = await ofCall(counting, () => admin.request('compute', 'GET', path.replace('{id}', id)));
  return asked;
}
