/**
 * The whole cloud on this machine.
 * usage: npm start -- [--port N] [--data DIR] [--reset] [--hypervisors N] [--driver fake|libvirt]
 */
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { startCloud } from './cloud.ts';
import type { Cloud } from './cloud.ts';
import { AlreadyRunning } from './lock.ts';

const began = Date.now();
const seconds = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;

function refuse(message: string): never {
  console.error(message);
  process.exit(1);
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: process.env['NOVALESS_PORT'] ?? '8774' },
        data: { type: 'string', default: '.novaless' },
        reset: { type: 'boolean', default: false },
        hypervisors: { type: 'string', default: '1' },
        driver: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      console.log('usage: npm start -- [--port N] [--data DIR] [--reset] [--hypervisors N] [--driver fake|libvirt]');
      process.exit(0);
    }
    return values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function numberOf(option: string, text: string, most: number) {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > most) refuse(`--${option} is a number from 0 to ${most}, not ${text}`);
  return number;
}

/** The driver, and why it is that one. */
function driverOf(wanted: string | undefined) {
  if (wanted === 'libvirt') refuse('The libvirt driver is not there yet: start with --driver fake, whose instances go through every step and boot nothing.');
  if (wanted !== undefined && wanted !== 'fake') refuse(`--driver is fake or libvirt, not ${wanted}`);
  return { driver: 'fake' as const, why: wanted ? 'as asked' : 'the only one so far' };
}

const args = readArguments();
const port = numberOf('port', args.port, 65535);
const hypervisors = numberOf('hypervisors', args.hypervisors, 200);
const { driver, why } = driverOf(args.driver);

let cloud: Cloud | undefined;
let stopping = false;
/** The first request stops everything in order, which takes moments; a second one does not wait for it. */
async function stop(code: number) {
  if (stopping) process.exit(130);
  stopping = true;
  await cloud?.stop();
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
// Where the launcher stays between us and the terminal, its end is ours, even if it was killed.
if (process.env['PINNED_NODE_PARENT'] === String(process.ppid)) {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && void stop(1), 1000).unref();
}

try {
  console.log('Starting Novaless');
  cloud = await startCloud({ dataDir: args.data, port, reset: args.reset, hypervisors, driver, progress: (text) => console.log(`  ${text} (${seconds()})`) });
} catch (error) {
  if (error instanceof AlreadyRunning) refuse(`Novaless is running on ${args.data} already: ${error.message}. It is left as it is; stop it first, or choose another folder with --data and another --port.`);
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') refuse(`Port ${port} is taken by another program: choose another with --port N or NOVALESS_PORT.`);
  refuse(`Novaless could not start: ${(error as Error).message}`);
}
if (stopping) await stop(1); // asked to while it started

const shown = (path: string) => relative(process.cwd(), path) || '.';
const [clouds, ...openrcs] = cloud.credentials.map(shown);
console.log(`
Novaless is ready at ${cloud.endpoint} (${seconds()}); Ctrl-C stops it
  credentials  ${clouds} (novaless-admin, novaless-demo), ${openrcs.join(', ')}
  hosts        ${hypervisors} with the ${driver} driver (${why}): it does every step of a launch and boots nothing
  logs         ${shown(cloud.dataDir)}/logs
${cloud.problems.map((problem) => `  problem      ${problem}\n`).join('')}
Next, in another terminal (with the fake driver, any file is a disk):
  export OS_CLIENT_CONFIG_FILE=${cloud.credentials[0]} OS_CLOUD=novaless-demo
  openstack image create tiny --file package.json --disk-format raw --container-format bare
  openstack server create --flavor m1.tiny --image tiny --network private --wait first
`);
