/** Where LocalStack is, and how programs are told to use it. Nothing here can reach a real account. */
import { invokerOf } from './invoke.ts';
import { stacks } from './names.ts';

/** Base URL, without a trailing slash. */
export const localstackUrl = (process.env['AWS_ENDPOINT_URL'] ?? 'http://127.0.0.1:4566').replace(/\/$/, '');

/** LocalStack's only account, and the region that its tools assume. */
export const account = '000000000000';
export const region = 'us-east-1';

/** How LocalStack writes the URL of a REST API: these two stand around its id. */
export const apiUrl = { prefix: `${localstackUrl}/_aws/execute-api/`, suffix: '/v1' };

const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

/** An environment in which every AWS SDK and tool talks to LocalStack, whatever profile the user has. */
export function localstackEnvironment(): NodeJS.ProcessEnv {
  const { AWS_PROFILE: _1, AWS_SESSION_TOKEN: _2, AWS_CA_BUNDLE: _3, AWS_CONFIG_FILE: _4, ...rest } = process.env;
  return {
    ...rest,
    ...credentials,
    AWS_ENDPOINT_URL: localstackUrl,
    AWS_ENDPOINT_URL_S3: localstackUrl,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
}

/** What an AWS SDK client of this program is made with. */
export const clientSettings = {
  endpoint: localstackUrl,
  region,
  credentials: { accessKeyId: credentials.AWS_ACCESS_KEY_ID, secretAccessKey: credentials.AWS_SECRET_ACCESS_KEY },
};

/** Throws, saying what to do, where no LocalStack answers on this machine. */
export async function requireLocalstack(): Promise<void> {
  const { hostname } = new URL(localstackUrl);
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) throw new Error(`AWS_ENDPOINT_URL is ${localstackUrl}: this command uses a LocalStack on this machine only`);
  const answer = await fetch(`${localstackUrl}/_localstack/health`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
  if (!answer?.ok) throw new Error(`no LocalStack answers at ${localstackUrl}; start one, or set AWS_ENDPOINT_URL`);
}

/** Calls a deployed function as an operator does. `name` is the declared one; throws what the function threw. */
export const invoke = invokerOf(clientSettings, `${stacks.controlPlane}-`);
