/**
 * Deploys the cloud to an AWS account, or brings a deployment up to date: the control plane, and the hosts' side.
 * usage: npm run deploy -- [--region NAME] [--profile NAME] [any option of cdk deploy]     (docs/aws.md lists parameters and context)
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readClouds } from '../clouds.ts';
import { showCdk } from '../command.ts';
import { stacks } from '../names.ts';
import { command } from './advice.ts';
import { explainLimits, readLimits } from './limits.ts';
import { awsTarget, controlPlane, deployedStack, place, requireBootstrap, type Target } from './target.ts';

/** What the CDK's command line finds the app's context in, so that `npx cdk diff` means the same as the last deployment. */
const contextFile = resolve(import.meta.dirname, '../../cdk.context.json');

async function main(): Promise<void> {
  const { own, rest } = separate(process.argv.slice(2));
  const target = await awsTarget(own);
  await requireBootstrap(target);
  const [limits, before] = await Promise.all([readLimits(target), deployedStack(target, stacks.controlPlane)]);
  console.log(`${before ? 'Bringing the deployment up to date' : 'Deploying'} in ${place(target)}\n`);
  for (const line of explainLimits(limits, target.region)) console.log(`  ${line}`);
  console.log('');
  if (limits.executions !== undefined) keepContext({ accountConcurrency: limits.executions });
  await showCdk(['deploy', ...(namesStack(rest) ? [] : ['--all']), ...rest], target.environment);
  await sayWhatIsNext(target, before !== undefined);
}

/** The options that say where are ours; the CDK is told by the environment. */
export function separate(args: string[]): { own: { profile?: string; region?: string }; rest: string[] } {
  const own: Record<string, string> = {};
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [, name, value] = /^--(profile|region)(?:=(.*))?$/.exec(args[i]!) ?? [];
    if (!name) rest.push(args[i]!);
    else if (value === undefined && args[i + 1] === undefined) throw new Error(`--${name} needs a name`);
    else own[name] = value ?? args[++i]!;
  }
  return { own, rest };
}

const namesStack = (args: string[]) => args.some((arg) => arg === '--all' || Object.values<string>(stacks).includes(arg));

/** Adds to the context; what others keep there stays. */
function keepContext(values: Record<string, unknown>): void {
  const known = existsSync(contextFile) ? (JSON.parse(readFileSync(contextFile, 'utf8')) as Record<string, unknown>) : {};
  writeFileSync(contextFile, `${JSON.stringify({ ...known, ...values }, null, 2)}\n`);
}

async function sayWhatIsNext(target: Target, again: boolean): Promise<void> {
  const endpoint = (await controlPlane(target)).outputs['PublicEndpoint'];
  const known = readClouds(target.cloudsFile)[target.clouds.admin]?.auth.auth_url === `${endpoint}/identity/v3`;
  console.log(`\nendpoint     ${endpoint}`);
  if (known) console.log(`next         openstack --os-cloud ${target.clouds.admin} compute service list   (with OS_CLIENT_CONFIG_FILE=.novaless/clouds.yaml)`);
  else console.log(`next         npm run seed     makes the admin${again ? '' : ', roles, catalog, flavors, a network'}, and writes clouds.yaml; it may be repeated`);
}

if (import.meta.main) await command(main);
