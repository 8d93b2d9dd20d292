import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { lean } from '../aws/lean.ts';
import { environment } from '../deployment/declaration.ts';
import { requireEnv } from '../environment.ts';

/** The services that act in their own name. */
export type ServiceUser = 'nova' | 'glance' | 'neutron' | 'cinder';

let client: SSMClient | undefined;
const tokens = new Map<ServiceUser, { until: number; token: string }>();
const KEEP_MS = 5 * 60_000; // keystone's sweeper mints a new one long before the old one ends

/** A service user's own token (project `service`, roles `service` and `admin`), minted by keystone's sweeper: nobody logs in at a cold start. */
export async function serviceToken(user: ServiceUser): Promise<string> {
  const known = tokens.get(user);
  if (known && known.until > Date.now()) return known.token;
  client ??= lean(SSMClient, {});
  const answer = await client.send(new GetParameterCommand({ Name: `${requireEnv(environment.parameterPath)}/service-token/${user}`, WithDecryption: true }));
  const token = answer.Parameter?.Value;
  if (!token) throw new Error(`the service token of ${user} is empty`);
  tokens.set(user, { until: Date.now() + KEEP_MS, token });
  return token;
}
