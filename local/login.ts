import { passwordAuth, type Cloud } from '../infra/clouds.ts';

export class LoginFailed extends Error { override name = 'LoginFailed' }

export interface Token {
  /** For `X-Auth-Token`. */
  id: string;
  user: { id: string };
  /** Only where it was asked for. */
  catalog?: { type: string; endpoints: { interface: string; region: string; url: string }[] }[];
}

/** A token of a cloud's user in his project. Throws LoginFailed where keystone refuses. */
export async function login(cloud: Cloud, { catalog }: { catalog: boolean }): Promise<Token> {
  const answer = await fetch(`${cloud.auth.auth_url}/auth/tokens${catalog ? '' : '?nocatalog=1'}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(passwordAuth(cloud)),
  });
  if (!answer.ok) throw new LoginFailed(`login failed: ${answer.status} ${await answer.text()}`);
  const { token } = (await answer.json()) as { token: Omit<Token, 'id'> };
  return { ...token, id: answer.headers.get('x-subject-token')! };
}
