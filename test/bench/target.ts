import { passwordAuth, type Cloud } from '../../infra/clouds.ts';

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
    const answer = await fetch(`${identity}/auth/tokens`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(passwordAuth(cloud)),
    });
    const body: any = await answer.json();
    if (answer.status !== 201) throw new Error(`login: ${answer.status} ${JSON.stringify(body)}`);
    return { token: answer.headers.get('x-subject-token')!, body: body.token };
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
      const answer = await fetch(`${identity}/auth/tokens`, { headers: { 'X-Auth-Token': token, 'X-Subject-Token': token } });
      if (answer.status !== 200) throw new Error(`validation: ${answer.status}`);
      await answer.arrayBuffer();
    },
    async request(service, method, path, sent, also = []) {
      const bytes = typeof sent === 'string';
      const answer = await fetch(base(service) + path, {
        method,
        headers: {
          'X-Auth-Token': token, 'OpenStack-API-Version': 'compute 2.90',
          ...(sent !== undefined && { 'Content-Type': bytes ? 'application/octet-stream' : 'application/json' }),
        },
        ...(sent !== undefined && { body: bytes ? sent : JSON.stringify(sent) }),
      });
      const text = await answer.text();
      if (!answer.ok && !also.includes(answer.status)) throw new Error(`${method} ${service} ${path}: ${answer.status} ${text.slice(0, 300)}`);
      return text ? JSON.parse(text) : undefined;
    },
  };
}
