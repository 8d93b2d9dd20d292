/**
 * The record of a launch, out of the cloud's API, as a chart in the terminal; and the credential in whose name events launch on this machine.
 * usage: npm run launch -- show SERVER [--json] [--os-cloud NAME] [--data DIR | --clouds FILE]
 *        npm run launch -- credential NAME [--role ROLE] [--os-cloud NAME] [--data DIR]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readClouds } from '../infra/clouds.ts';
import { launchCredential, NoCredential } from './launch-credential.ts';
import { launchOf, LaunchNotFound } from './launch-record.ts';
import { chart } from './launch-chart.ts';

const usage = `usage: npm run launch -- show SERVER [--json] [--os-cloud NAME] [--data DIR | --clouds FILE]
       npm run launch -- credential NAME [--role ROLE] [--os-cloud NAME] [--data DIR]`;

function refuse(message: string): never {
  console.error(message);
  process.exit(1);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        'os-cloud': { type: 'string' },
        role: { type: 'string', default: 'member' },
        data: { type: 'string', default: '.novaless' },
        clouds: { type: 'string' },
      },
    });
  } catch (error) {
    return refuse(`${(error as Error).message}\n${usage}`);
  }
}

const { values, positionals: [command, server, ...more] } = readArguments();
if ((command !== 'show' && command !== 'credential') || !server || more.length > 0) refuse(usage);
const file = values.clouds ?? join(values.data, 'clouds.yaml');
const name = values['os-cloud'] ?? (command === 'show' ? 'novaless-admin' : 'novaless-demo');
const cloud = readClouds(file)[name];
if (!cloud) refuse(`${file} has no cloud ${name}: is the cloud running here (npm start), or elsewhere (--data, --clouds)?`);

try {
  if (command === 'credential') {
    console.log(`events may name the credential ${server} now: it is in the secret ${await launchCredential(cloud, server, { role: values.role, dataDir: values.data })}`);
    process.exit(0);
  }
  const launch = await launchOf(cloud, server);
  console.log(values.json ? JSON.stringify(launch.steps, null, 2) : chart(launch, process.stdout.columns ?? 120));
} catch (error) {
  if (error instanceof LaunchNotFound || error instanceof NoCredential) refuse(error.message);
  refuse(`${cloud.auth.auth_url} does not tell: ${(error as Error).message}`);
}
