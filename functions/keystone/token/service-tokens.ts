import { ParameterType, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { lean } from '../../../shared/aws/lean.ts';
import { environment } from '../../../shared/deployment/declaration.ts';
import { requireEnv } from '../../../shared/environment.ts';
import type { ServiceUser } from '../../../shared/identity/service-token.ts';
import { log } from '../../../shared/telemetry/log.ts';
import { store, type Project, type User } from '../records/entities.ts';
import { findAllByName, findByName } from '../records/names.ts';
import { newClaims, sign } from './claims.ts';
import { SERVICE_TOKEN_S } from './lifetimes.ts';
import { NotStanding, standingOf } from './standing.ts';

export const serviceUsers: readonly ServiceUser[] = ['nova', 'glance', 'neutron', 'cinder'];

interface Minted extends Record<string, unknown> { sk: string; issued: number; expires: number }
const mintedKey = (user: ServiceUser) => ({ pk: 'service-token', sk: user });

let ssm: SSMClient | undefined;

/**
 * Puts a fresh token of each service user where the service finds it. Only those half of whose life is over, or that were
 * revoked, unless `all` are asked for. Two who mint at once leave two valid tokens, of which the later one is found.
 */
export async function mintServiceTokens({ all = false } = {}): Promise<void> {
  const [project, users, minted] = await Promise.all([
    findByName('project', 'default', 'service'), findAllByName('user', 'default', serviceUsers), store.getMany<Minted>(serviceUsers.map(mintedKey)),
  ]);
  const outcomes = await Promise.allSettled(serviceUsers.map((name) => mint(name, { project, user: users.find(({ data }) => data.name === name), last: minted.find(({ sk }) => sk === name) }, all)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason; // one's failure keeps no other from its token
}

interface Found { project: Project | undefined; user: User | undefined; last: Minted | undefined }

async function mint(name: ServiceUser, { project, user, last }: Found, anew: boolean): Promise<void> {
  if (!user || !project) throw new Error(`there is no user ${name} or no project service: keystone-manage bootstrap makes them`);
  const fresh = last && last.issued >= (user.valid_since ?? 0) && last.expires - Date.now() > (SERVICE_TOKEN_S / 2) * 1000;
  if (fresh && !anew) return;
  const scope = { project: project.data.id, project_domain: project.data.domain_id };
  try {
    await standingOf({ user_id: user.data.id, user_domain_id: user.data.domain_id, scope });
  } catch (error) {
    if (!(error instanceof NotStanding)) throw error;
    return log.warn('no service token for one who may not have it', { user: name, reason: error.message });
  }
  const claims = newClaims(user.data, scope, ['password'], { lifetime: SERVICE_TOKEN_S });
  await publish(name, await sign(claims));
  await store.put({ ...mintedKey(name), issued: claims.issued, expires: claims.expires });
  log.info('service token minted', { user: name, audit_id: claims.audit_ids[0] });
}

async function publish(user: ServiceUser, token: string): Promise<void> {
  ssm ??= lean(SSMClient, { maxAttempts: 5 });
  const Name = `${requireEnv(environment.parameterPath)}/service-token/${user}`;
  await ssm.send(new PutParameterCommand({ Name, Value: token, Type: ParameterType.SECURE_STRING, Overwrite: true }));
}
