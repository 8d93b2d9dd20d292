import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ApiAnswer { status: number; body: any; headers: Headers }

/** Plain REST against a cloud, for what the clients would not send. */
export class Api {
  readonly endpoint: string;
  token = '';
  constructor(endpoint: string) { this.endpoint = endpoint; }

  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const raw = typeof body === 'string';
    const answer = await fetch(this.endpoint + path, {
      method,
      headers: { ...(this.token && { 'X-Auth-Token': this.token }), ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: raw ? body : JSON.stringify(body) }),
      redirect: 'manual',
    });
    const text = await answer.text();
    let parsed: unknown = text;
    try { parsed = text ? JSON.parse(text) : undefined; } catch { /* the text itself */ }
    return { status: answer.status, body: parsed, headers: answer.headers };
  }

  get = (path: string, headers?: Record<string, string>) => this.request('GET', path, undefined, headers);
  post = (path: string, body?: unknown, headers?: Record<string, string>) => this.request('POST', path, body, headers);
  put = (path: string, body?: unknown, headers?: Record<string, string>) => this.request('PUT', path, body, headers);
  delete = (path: string, headers?: Record<string, string>) => this.request('DELETE', path, undefined, headers);

  async login(user: string, password: string, project: string): Promise<ApiAnswer> {
    const answer = await this.request('POST', '/identity/v3/auth/tokens', {
      auth: {
        identity: { methods: ['password'], password: { user: { name: user, domain: { id: 'default' }, password } } },
        scope: { project: { name: project, domain: { id: 'default' } } },
      },
    });
    this.token = answer.headers.get('x-subject-token') ?? '';
    return answer;
  }
}

/** Logged in as a cloud of `folder`/clouds.yaml: `demo` or `admin`. */
export async function apiAs(who: 'demo' | 'admin', endpoint: string, folder: string): Promise<Api> {
  const api = new Api(endpoint);
  const rc = readFileSync(join(folder, `openrc-${who}`), 'utf8');
  const value = (key: string) => new RegExp(`^export ${key}=(.*)$`, 'm').exec(rc)?.[1]?.replace(/^(['"])(.*)\1$/, '$2') ?? '';
  const answer = await api.login(value('OS_USERNAME'), value('OS_PASSWORD'), value('OS_PROJECT_NAME'));
  if (answer.status !== 201) throw new Error(`login as ${who}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return api;
}
