import { passwordAuth, type Cloud } from '../../infra/clouds.ts';
import { exchange } from './exchange.ts';

/** Any OpenStack, through its public API alone: what is measured here can be measured there with the same requests. */
export interface Target {
  /** Logs in anew; the time that it takes is keystone's. */
  login(): Promise<string>;
  /** Asks keystone whether the own token is valid, as every service does. */
  validate(): Promise<void>;
  /** `service` is the catalog's type. Throws on any status but a 2xx or one of `also`. */
  request(service: string, method: string, path: string, body?: unknown, also?: number[]): Promise<any>;
  project: string;
}

export async function openTarget(cloud: Cloud): Promise<Target> {
  const identity = cloud.auth.auth_url.replace(/\/$/, '').replace(/(\/v3)?$/, '/v3');
  async function authenticate() {
    const { status, header, text } = await exchange(`${identity}/auth/tokens`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(passwordAuth(cloud)),
    });
    if (status !== 201) throw new Error(`login: ${status} ${text}`);
    return { token: header('x-subject-token')!, body: JSON.parse(text).token };
  }
  const { token, body } = await authenticate();
  const urls = new Map<string, string>(body.catalog.flatMap(({ type, endpoints }: any) => endpoints
    .filter((each: any) => each.interface === 'public' && (!cloud.region_name || each.region_id === cloud.region_name))
    .map(({ url }: any) => [type, url.replace(/\/$/, '')])));
  const versions: Record<string, string> = { image: '/v2', network: '/v2.0' };
  const base = (service: string) => {
    if (service === 'identity') return identity;
    const url = urls.get(service);
    if (!url) throw new Error(`the catalog has no ${service}`);
    return /\/v\d[\d.]*(\/[0-9a-f]{32})?$/.test(url) ? url : url + (versions[service] ?? '');
  };
  return {
    project: body.project.id,
    login: async () => (await authenticate()).token,
    async validate() {
      const { status } = await exchange(`${identity}/auth/tokens`, { headers: { 'X-Auth-Token': token, 'X-Subject-Token': token } });
      if (status !== 200) throw new Error(`validation: ${status}`);
    },
    async request(service, method, path, sent, also = []) {
      const bytes = typeof sent === 'string';
      const { status, text } = await exchange(base(service) + path, {
        method,
        headers: {
          'X-Auth-Token': token, 'OpenStack-API-Version': 'compute 2.90',
          ...(sent !== undefined && { 'Content-Type': bytes ? 'application/octet-stream' : 'application/json' }),
        },
        ...(sent !== undefined && { body: bytes ? sent : JSON.stringify(sent) }),
      });
      if ((status < 200 || status > 299) && !also.includes(status)) throw new Error(`${method} ${service} ${path}: ${status} ${text.slice(0, 300)}`);
      return text ? JSON.parse(text) : undefined;
    },
  };
}
