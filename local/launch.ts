/**
 * The record of a launch, out of the cloud's API, as a chart in the terminal.
 * usage: npm run launch -- show SERVER [--json] [--os-cloud NAME] [--data DIR | --clouds FILE]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readClouds } from '../infra/clouds.ts';
import { launchOf, LaunchNotFound } from './launch-record.ts';
import { chart } from './launch-chart.ts';

const usage = 'usage: npm run launch -- show SERVER [--json] [--os-cloud NAME] [--data DIR | --clouds FILE]';

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
        'os-cloud': { type: 'string', default: 'novaless-admin' },
        data: { type: 'string', default: '.novaless' },
        clouds: { type: 'string' },
      },
    });
  } catch (error) {
    return refuse(`${(error as Error).message}\n${usage}`);
  }
}

const { values, positionals: [command, server, ...more] } = readArguments();
if (command !== 'show' || !server || more.length > 0) refuse(usage);
const file = values.clouds ?? join(values.data, 'clouds.yaml');
const cloud = readClouds(file)[values['os-cloud']];
if (!cloud) refuse(`${file} has no cloud ${values['os-cloud']}: is the cloud running here (npm start), or elsewhere (--data, --clouds)?`);

try {
  const launch = await launchOf(cloud, server);
  console.log(values.json ? JSON.stringify(launch.steps, null, 2) : chart(launch, process.stdout.columns ?? 120));
} catch (error) {
  if (error instanceof LaunchNotFound) refuse(error.message);
  refuse(`${cloud.auth.auth_url} does not tell: ${(error as Error).message}`);
}
