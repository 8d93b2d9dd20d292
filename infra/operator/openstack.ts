/** The cloud's own API, asked as the admin whom clouds.yaml knows. */
import { type Cloud, passwordAuth, readClouds } from '../clouds.ts';
import type { Target } from './target.ts';

export interface Session {
  /** Throws ApiError where the answer is no success. `path` begins with the service's: `/compute/v2.1/…`. */
  (method: string, path: string, body?: object): Promise<any>;
  project: string;
}

export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The admin's session. Throws, saying what to do, where clouds.yaml does not know the admin of this deployment. */
export async function adminSession({ cloudsFile, clouds }: Pick<Target, 'cloudsFile' | 'clouds'>, endpoint: string): Promise<Session> {
  const known = readClouds(cloudsFile)[clouds.admin];
  if (known?.auth.auth_url !== `${endpoint}/identity/v3`) throw new Error(`${cloudsFile} has no cloud ${clouds.admin} for ${endpoint}: npm run seed writes it`);
  return login(known, endpoint);
}

async function login(cloud: Cloud, endpoint: string): Promise<Session> {
  const request = async (method: string, path: string, body: object | undefined, token?: string) => {
    const answer = await fetch(endpoint + path, {
      method,
      headers: { 'Content-Type': 'application/json', 'OpenStack-API-Version': 'compute 2.53', ...(token && { 'X-Auth-Token': token }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new ApiError(answer.status, `${method} ${path.split('?')[0]} answered ${answer.status}: ${text.slice(0, 300)}`);
    return { json: text ? JSON.parse(text) : undefined, token: answer.headers.get('x-subject-token') };
  };
  const { token, json } = await request('POST', '/identity/v3/auth/tokens?nocatalog=1', passwordAuth(cloud)).catch((error: Error) => {
    if (error instanceof ApiError && error.status === 401) throw new Error("the cloud does not take the admin's password of clouds.yaml: npm run seed says what to do", { cause: error });
    throw error;
  });
  const call = async (method: string, path: string, body?: object) => (await request(method, path, body, token!)).json;
  return Object.assign(call, { project: json.token.project.id as string });
}

export interface ComputeService { id: string; host: string; status: 'enabled' | 'disabled'; state: 'up' | 'down'; disabled_reason: string | null }

export const computeServices = async (api: Session): Promise<ComputeService[]> => (await api('GET', '/compute/v2.1/os-services?binary=nova-compute')).services;

export interface Remaining { servers: { id: string; name: string }[]; volumes: { id: string; name: string }[] }

/** What users still have on a host. */
export async function remainingOn(api: Session, host: string): Promise<Remaining> {
  const [{ hypervisors }, volumes] = await Promise.all([
    api('GET', `/compute/v2.1/os-hypervisors?with_servers=true`) as Promise<{ hypervisors: { hypervisor_hostname: string; servers?: { uuid: string; name: string }[] }[] }>,
    allVolumes(api),
  ]);
  return {
    servers: (hypervisors.find(({ hypervisor_hostname }) => hypervisor_hostname === host)?.servers ?? []).map(({ uuid, name }) => ({ id: uuid, name })),
    volumes: volumes.filter((volume) => volume['os-vol-host-attr:host']?.split(/[@#]/)[0] === host).map(({ id, name }) => ({ id, name })),
  };
}

interface Volume { id: string; name: string; 'os-vol-host-attr:host'?: string }

async function allVolumes(api: Session): Promise<Volume[]> {
  const found: Volume[] = [];
  for (let marker = ''; ;) {
    const { volumes } = (await api('GET', `/volume/v3/${api.project}/volumes/detail?all_tenants=1&limit=500${marker && `&marker=${marker}`}`)) as { volumes: Volume[] };
    found.push(...volumes);
    if (volumes.length < 500) return found;
    marker = volumes.at(-1)!.id;
  }
}
