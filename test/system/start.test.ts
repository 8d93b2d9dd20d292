import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { freePort } from '../../local/engines/ports.ts';
import { eventually, temporaryFolder } from '../local/tiny-cloud.ts';
import { ended, npmStart, startCommand } from '../support/start.ts';

const root = resolve(import.meta.dirname, '../..');
const command = startCommand;
/** Hosts of the fake driver, whatever this machine could do. */
const start = (t: TestContext, args: string[]) => npmStart(t, ['--driver', 'fake', ...args]);

/** Processes that have the folder in their command line. */
const processesOf = (folder: string) => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
  } catch {
    return false;
  }
});

test('a start is ready when it says so, a second one leaves it alone, Ctrl-C ends everything, and the next start has the same passwords', async (t) => {
  const data = join(temporaryFolder(t), 'data');
  const port = String(await freePort());
  const first = await start(t, ['--data', data, '--port', port]);
  assert.equal(first.endpoint, `http://127.0.0.1:${port}`);
  assert.ok((await fetch(`${first.endpoint}/identity/v3`)).ok);
  const clouds = readFileSync(join(data, 'clouds.yaml'), 'utf8');
  assert.match(clouds, /novaless-admin:/);
  assert.match(clouds, /novaless-demo:/);
  for (const name of ['clouds.yaml', 'openrc-admin', 'openrc-demo', 'secrets.json']) assert.equal(statSync(join(data, name)).mode & 0o777, 0o600, name);

  for (const args of [['--data', data, '--port', '0'], ['--data', data, '--port', port], ['--data', data, '--port', '0', '--reset']]) {
    const second = spawnSync(process.execPath, command(args), { cwd: root, encoding: 'utf8' });
    assert.equal(second.status, 1);
    assert.match(second.stderr, new RegExp(`running on ${data} already: ${first.endpoint}`));
  }
  const elsewhere = spawnSync(process.execPath, command(['--data', join(data, '../other'), '--port', port]), { cwd: root, encoding: 'utf8' });
  assert.match(elsewhere.stderr, /Port \d+ is taken by another program/);
  assert.ok((await fetch(`${first.endpoint}/identity/v3`)).ok);

  const asked = Date.now();
  first.child.kill('SIGINT');
  assert.equal(await ended(first.child), 0);
  assert.ok(Date.now() - asked < 5000);
  if (process.platform === 'linux') assert.deepEqual(processesOf(data), []);

  const next = await start(t, ['--data', data, '--port', port]);
  assert.equal(readFileSync(join(data, 'clouds.yaml'), 'utf8'), clouds);
  next.child.kill('SIGTERM');
  assert.equal(await ended(next.child), 0);
});

test('nothing survives a start that is killed with -9, and the start after it works', { skip: process.platform !== 'linux' && 'reads /proc' }, async (t) => {
  const data = join(temporaryFolder(t), 'data');
  const first = await start(t, ['--data', data, '--port', '0', '--hypervisors', '2']);
  assert.ok(processesOf(data).length > 1);
  first.child.kill('SIGKILL');
  await eventually(() => processesOf(data).length === 0);
  const next = await start(t, ['--data', data, '--port', '0', '--reset']);
  assert.ok((await fetch(`${next.endpoint}/identity/v3`)).ok);
  next.child.kill('SIGINT');
  await ended(next.child);
});

test('what cannot be is refused in a line', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'letter.txt'), 'dear');
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const taken = String((server.address() as { port: number }).port);
  const cases: [string[], RegExp][] = [
    [['--port', 'x'], /--port is a number/], [['--hypervisors', '1000'], /hypervisors is a number from 0 to 200/], [['--driver', 'xen'], /--driver is fake or libvirt, not xen/],
    [['--driver', 'libvirt', '--hypervisors', '2'], /A machine is one hypervisor of libvirt's/], [['--nonsense'], /nonsense/], [['--port', taken, '--data', join(temporaryFolder(t), 'd')], /Port \d+ is taken/],
    [['--data', folder, '--port', '0', '--reset'], /holds letter\.txt, which is not Novaless's/],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = spawnSync(process.execPath, command(args), { cwd: root, encoding: 'utf8' });
    assert.equal(status, 1, args.join(' '));
    assert.match(stderr, message);
    assert.ok(stderr.trim().split('\n').length === 1, stderr);
  }
  assert.equal(readFileSync(join(folder, 'letter.txt'), 'utf8'), 'dear');
});
