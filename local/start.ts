/**
 * The whole cloud on this machine.
 * usage: npm start -- [--port N] [--data DIR] [--reset] [--hypervisors N] [--driver fake|libvirt]
 */
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startCloud } from './cloud.ts';
import type { Cloud } from './cloud.ts';
import { chooseDriver, DriverRefused } from './driver-choice.ts';
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

const args = readArguments();
const port = numberOf('port', args.port, 65535);
const hypervisors = numberOf('hypervisors', args.hypervisors, 200);
const dataDir = resolve(args.data);
const { driver, why } = await chooseDriver({ wanted: args.driver, hypervisors, dataDir, reset: args.reset, words: { count: '--hypervisors', anew: 'start with --reset or another --data' } }).catch((error: unknown) => {
  if (error instanceof DriverRefused) return refuse(error.message);
  throw error;
});

let cloud: Cloud | undefined;
let stopping = false;
/** The first request stops everything in order, which takes moments; a second one does not wait for it. */
async function stop(code: number) {
  if (stopping) process.exit(130);
  stopping = true;
  await cloud?.stop();
  if (cloud && driver === 'libvirt') console.log('Novaless has stopped. Its guests go on running; the next start finds them, and npm start -- --reset takes them away.');
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
  cloud = await startCloud({ dataDir, port, reset: args.reset, hypervisors, driver, progress: (text) => console.log(`  ${text} (${seconds()})`) });
} catch (error) {
  if (error instanceof AlreadyRunning) refuse(`Novaless is running on ${args.data} already: ${error.message}. It is left as it is; stop it first, or choose another folder with --data and another --port.`);
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') refuse(`Port ${port} is taken by another program: choose another with --port N or NOVALESS_PORT.`);
  refuse(`Novaless could not start: ${(error as Error).message}`);
}
if (stopping) await stop(1); // asked to while it started

const shown = (path: string) => relative(process.cwd(), path) || '.';
const [clouds, ...openrcs] = cloud.credentials.map(shown);
const guests = {
  fake: {
    hosts: 'it does every step of a launch and boots nothing',
    ends: 'Ctrl-C stops it',
    next: 'with the fake driver, any file is a disk',
    image: ['tiny', 'package.json --disk-format raw', 'm1.tiny'],
  },
  libvirt: {
    hosts: 'guests are real',
    ends: 'Ctrl-C stops it and leaves its guests running',
    next: 'the image is from https://cloud.debian.org/images/cloud/bookworm/latest/',
    image: ['debian12', `debian-12-genericcloud-${process.arch === 'arm64' ? 'arm64' : 'amd64'}.qcow2 --disk-format qcow2`, 'm1.small'],
  },
}[driver];
const [image, file, flavor] = guests.image;
console.log(`
Novaless is ready at ${cloud.endpoint} (${seconds()}); ${guests.ends}
  credentials  ${clouds} (novaless-admin, novaless-demo), ${openrcs.join(', ')}
  hosts        ${hypervisors} with the ${driver} driver: ${guests.hosts}
               (${why})
  events       ${cloud.aws.AWS_ENDPOINT_URL_EVENTBRIDGE} for the AWS CLI and SDKs: put-events on the bus novaless, and Secrets Manager
  logs         ${shown(cloud.dataDir)}/logs
${cloud.problems.map((problem) => `  problem      ${problem}\n`).join('')}
Next, in another terminal (${guests.next}):
  export OS_CLIENT_CONFIG_FILE=${cloud.credentials[0]} OS_CLOUD=novaless-demo
  openstack image create ${image} --file ${file} --container-format bare
  openstack server create --flavor ${flavor} --image ${image} --network private --wait first
`);
