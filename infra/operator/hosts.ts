/**
 * The hypervisor hosts of an AWS account's deployment, as an operator handles them.
 * usage: npm run hosts -- enrol NAME [--ec2 INSTANCE] [--ssh [USER@]MACHINE] [--console-url URL] [--driver libvirt|fake]
 *        npm run hosts -- accept NAME [ANSWER]      without ANSWER it is read from standard input
 *        npm run hosts -- list
 *        npm run hosts -- drain NAME [--wait MINUTES]
 *        npm run hosts -- retire NAME
 *        everywhere: [--region NAME] [--profile NAME]
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostTag } from '../names.ts';
import { command } from './advice.ts';
import { accept, checkName, defaultConsoleUrl, enrol, type HostSettings } from './enrol.ts';
import { drain, listHosts, type Place, retire } from './host-life.ts';
import { adminSession, computeServices, type Remaining, remainingOn, type Session } from './openstack.ts';
import { awsTarget, controlPlane, place, targetOptions } from './target.ts';
import { table } from './words.ts';

const options = {
  ...targetOptions,
  ec2: { type: 'string' }, ssh: { type: 'string' }, driver: { type: 'string', default: 'libvirt' }, 'console-url': { type: 'string' }, wait: { type: 'string', default: '0' },
} as const;

type Values = ReturnType<typeof parsed>['values'];
const parsed = (args: string[]) => parseArgs({ args, options, allowPositionals: true });

const commands: Record<string, (at: Place, host: string | undefined, values: Values, more: string[]) => Promise<void>> = {
  enrol: enrolHost, accept: (at, host, _, more) => acceptHost(at, host, more.join(' ') || undefined), list, drain: drainHost, retire: retireHost,
};

/** Whether these arguments are for hosts of an AWS account; else they are for LocalStack on this machine. */
export const isOperators = (args: string[]): boolean => args.some((arg) => arg in commands);

export const operateHosts = (args: string[]): Promise<void> => command(async () => {
  const { values, positionals: [name, host, ...more] } = parsed(args);
  const run = commands[name!];
  if (!run) throw new Error(`there is no npm run hosts -- ${name}; there are ${Object.keys(commands).join(', ')}`);
  const target = await awsTarget(values);
  await run({ target, deployed: await controlPlane(target) }, host, values, more);
});

async function enrolHost(at: Place, host: string | undefined, values: Values): Promise<void> {
  checkName(host, at.target.region);
  const { driver } = values;
  if (driver !== 'libvirt' && driver !== 'fake') throw new Error(`--driver is libvirt or fake, not ${driver}`);
  const consoleUrl = values['console-url'] ?? defaultConsoleUrl(host);
  if (!URL.canParse(consoleUrl) || !/^https?:/.test(consoleUrl)) throw new Error(`--console-url is an address as a browser takes it, like https://${host}.example.org:6080, not ${consoleUrl}`);
  const settings: HostSettings = { ec2: values.ec2, driver, consoleUrl };
  const { script, role } = await enrol(at.target, at.deployed, host, settings);
  const file = relative(process.cwd(), script);
  console.log(`${host} has its role, ${role}. Consoles are to be reached at ${consoleUrl}${values['console-url'] ? '' : ' (--console-url says where)'}.`);
  if (settings.ec2) {
    const region = `--region ${at.target.region}`;
    console.log(`\nIn this order, give the instance its profile and the tag by which the agent is installed:
  aws ec2 associate-iam-instance-profile ${region} --instance-id ${settings.ec2} --iam-instance-profile Name=${role}
  aws ec2 create-tags ${region} --resources ${settings.ec2} --tags Key=${hostTag.key},Value=${hostTag.value}`);
  }
  if (values.ssh) {
    console.log(`\nMaking ${values.ssh} the host ${host}`);
    return acceptHost(at, host, await runThere(values.ssh, readFileSync(script, 'utf8')));
  }
  const secret = settings.ec2 ? '' : ' The file holds what the machine registers with, once, within a day: keep it to yourself.';
  console.log(`\nThen run there, as root, what is in ${file}; from here that is one line:
  ssh root@MACHINE sh -s < ${file} | npm run hosts -- accept ${host}
Without ssh: copy the file, run it as root with sh, and give its last line to: npm run hosts -- accept ${host} '…'
${secret.trim()}${driver === 'libvirt' ? `\nFor guests the machine needs libvirt and a few packages: docs/hypervisor-hosts.md, steps 1 to 3.` : ''}`);
}

/** Runs the script on a machine as root, or by sudo. Returns what it said to standard output. */
function runThere(machine: string, script: string): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn('ssh', ['--', machine, 'if [ "$(id -u)" = 0 ]; then exec sh -s; else exec sudo -n sh -s; fi'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
    child.stdin.on('error', () => {}).end(script);
    child.on('error', failed);
    child.on('close', (code) => (code === 0 ? done(out) : failed(new Error(`it did not work on ${machine} (${code}); what it says above tells why. It may be tried again.`))));
  });
}

async function acceptHost(at: Place, host: string | undefined, answer: string | undefined): Promise<void> {
  checkName(host, at.target.region);
  if (answer === undefined && process.stdin.isTTY) console.log("the last line of the script's output, then Ctrl-D:");
  await accept(at.target, at.deployed, host, answer ?? readFileSync(0, 'utf8'));
  console.log(`${host} is enrolled.`);
  const api = await adminSession(at.target, at.deployed.outputs['PublicEndpoint']!);
  console.log('Waiting for its first heartbeat: SSM installs the agent within minutes …');
  const up = await waitUntil(10, async () => (await computeServices(api)).some((service) => service.host === host && service.state === 'up'));
  if (up) console.log(`${host} is up and takes launches.\n\nnext         openstack --os-cloud ${at.target.clouds.user} server create …   (docs/aws.md, Your first VM)`);
  else console.log(`Not yet. On the machine: journalctl -u amazon-ssm-agent -u novaless-agent; from here: npm run hosts -- list`);
}

async function waitUntil(minutes: number, ready: () => Promise<boolean>): Promise<boolean> {
  for (const end = Date.now() + minutes * 60_000; ;) {
    if (await ready()) return true;
    if (Date.now() > end) return false;
    await sleep(Math.min(5_000, minutes * 60_000));
  }
}

async function list(at: Place): Promise<void> {
  const hosts = await listHosts(at);
  if (hosts.length === 0) return console.log(`No host is enrolled in ${place(at.target)}.\n\nnext         npm run hosts -- enrol compute-1`);
  console.log(table([
    ['HOST', 'INSTANCE', 'STATUS', 'STATE', 'SERVERS', 'SSM', 'CONSOLES'],
    ...hosts.map(({ host, instanceId, status, state, servers, ssm, consoleUrl }) => [host, instanceId, status, state, servers === undefined ? '-' : String(servers), ssm, consoleUrl]),
  ]));
  const down = hosts.filter(({ state }) => state === 'down');
  if (down.length > 0) console.log(`\ndown: no heartbeat for a minute. On the machine: journalctl -u novaless-agent -u amazon-ssm-agent`);
}

async function drainHost(at: Place, host: string | undefined, values: Values): Promise<void> {
  checkName(host, at.target.region);
  const minutes = Number(values.wait);
  if (!Number.isFinite(minutes) || minutes < 0) throw new Error(`--wait takes minutes, not ${values.wait}`);
  const api = await session(at);
  await drain(api, host);
  console.log(`${host} takes no new servers.`);
  let left = await remainingOn(api, host);
  const empty = () => left.servers.length + left.volumes.length === 0;
  if (minutes > 0 && !empty()) {
    console.log(`Waiting until its ${left.servers.length} servers and ${left.volumes.length} volumes are gone …`);
    await waitUntil(minutes, async () => {
      left = await remainingOn(api, host);
      return empty();
    });
  }
  if (empty()) console.log(`Nothing is on it.\n\nnext         npm run hosts -- retire ${host}, or after the work on it\n             openstack --os-cloud ${at.target.clouds.admin} compute service set --enable ${host} nova-compute`);
  else console.log(`${what(left)}\n\nThey run on, and there is no migration: their owners delete them, or they wait for the work on the host to be done.
next         npm run hosts -- drain ${host} --wait 60\n             openstack --os-cloud ${at.target.clouds.admin} compute service set --enable ${host} nova-compute    takes it back`);
}

async function retireHost(at: Place, host: string | undefined): Promise<void> {
  checkName(host, at.target.region);
  const api = await session(at);
  const left = await remainingOn(api, host);
  if (left.servers.length + left.volumes.length > 0) throw new Error(`${host} is not empty:\n${what(left)}\n\nnpm run hosts -- drain ${host} keeps new ones away; when these are gone, retire it.`);
  const instanceId = await retire(at, api, host, (done) => console.log(`  ${done}`));
  console.log(`\n${host} is retired. What is left on the machine goes, as root there, with:
  systemctl disable --now novaless-agent && /opt/novaless/bin/novaless-agent purge; rm -rf /opt/novaless /etc/novaless /var/lib/novaless${instanceId?.startsWith('i-') ? `
and from here:
  aws ec2 delete-tags --region ${at.target.region} --resources ${instanceId} --tags Key=${hostTag.key}` : '\n  amazon-ssm-agent -register -clear -y; systemctl disable --now amazon-ssm-agent'}`);
}

const session = ({ target, deployed }: Place): Promise<Session> => adminSession(target, deployed.outputs['PublicEndpoint']!);

const what = ({ servers, volumes }: Remaining) => [...servers.map(({ id, name }) => `  server ${id} ${name}`), ...volumes.map(({ id, name }) => `  volume ${id} ${name ?? ''}`)].join('\n');
