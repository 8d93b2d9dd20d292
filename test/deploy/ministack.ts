/**
 * MiniStack (an AWS emulator from the Python registry) with its authentication on: it checks the signature of every call and
 * evaluates the roles' policies, as AWS does. What runs here knows nothing of it: the functions are led to it by their environment.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { keepRunning, spawnBound } from '../../local/engines/child.ts';
import { freePort } from '../../local/engines/ports.ts';
import { eventually } from '../support/eventually.ts';
import { trustedHttps } from './trust.ts';

const program = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'novaless/ministack/bin/ministack');

/** What to say where there is no MiniStack; undefined where there is one. */
export const ministackNeeded = existsSync(program) ? undefined : 'needs MiniStack of the Python registry, which .ci/run installs';

export const account = '000000000000';
export const region = 'us-east-1';

export interface Ministack {
  /** Base URL without a trailing slash. */
  url: string;
  /** Its certificate, which everyone who calls it must trust. */
  certificate: string;
  /** What leads the AWS tools and SDKs of a process to it, with the rights of the account's owner. */
  environment: NodeJS.ProcessEnv;
  log: string;
  stop(): Promise<void>;
}

/**
 * Starts one in `folder` on a free port.
 * @param systemsManager where functions find SSM; default: MiniStack's own
 */
export async function startMinistack(folder: string, { systemsManager }: { systemsManager?: (target: { url: string }) => Promise<string> } = {}): Promise<Ministack> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const url = `https://127.0.0.1:${port}`;
  const { certificate, key } = await selfSigned(folder);
  trustedHttps(certificate);
  const ssm = await systemsManager?.({ url });
  const log = join(folder, 'ministack.log');
  const server = keepRunning(() => {
    const child = spawnBound(program, [], { log, env: {
      ...bare(),
      PATH: [nodeOnly(folder), process.env['PATH']].join(delimiter), // it runs the first `node` that it finds, whatever the runtime
      TMPDIR: folder,
      BIND_HOST: '127.0.0.1', GATEWAY_PORT: String(port), MINISTACK_HOST: '127.0.0.1', IOT_MTLS_ENABLED: '0',
      USE_SSL: '1', AUTH: 'true', MINISTACK_SSL_CERT: certificate, MINISTACK_SSL_KEY: key,
      LAMBDA_ACCOUNT_CONCURRENCY: '16', LAMBDA_WARM_TTL_SECONDS: '60',
      // What follows reaches the functions.
      NODE_EXTRA_CA_CERTS: certificate,
      ...(ssm && { AWS_ENDPOINT_URL_SSM: ssm }),
    } });
    return { ended: new Promise((done) => child.once('exit', done)), kill: () => child.stdin?.end() };
  });
  try {
    await healthy(url);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    url, certificate, log,
    environment: {
      ...bare(),
      AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: region, AWS_DEFAULT_REGION: region, AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ENDPOINT_URL: url, AWS_ENDPOINT_URL_S3: url, NODE_EXTRA_CA_CERTS: certificate, AWS_CA_BUNDLE: certificate, CDK_DISABLE_CLI_TELEMETRY: 'true',
    },
    stop: () => server.stop(),
  };
}

/** Our own environment without what would lead AWS's tools elsewhere. */
const bare = (): NodeJS.ProcessEnv => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));

/** A folder in which `node` is the one that runs this. */
function nodeOnly(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  if (!existsSync(join(bin, 'node'))) symlinkSync(process.execPath, join(bin, 'node'));
  return bin;
}

async function selfSigned(folder: string): Promise<{ certificate: string; key: string }> {
  const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
  ]);
  return { certificate, key };
}

const healthy = (url: string) => eventually(async () => {
  const answer = await fetch(`${url}/_ministack/health`, { signal: AbortSignal.timeout(3_000) });
  if (!answer.ok) throw new Error(`MiniStack answers ${answer.status} at ${url}`);
}, 60, 100);
