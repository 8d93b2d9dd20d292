import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { storageFolder } from '../../agent/drivers/libvirt/disks/storage.ts';
import { run } from '../../agent/run.ts';
import { purgeHosts } from '../../local/hosts.ts';
import { apiAs } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { activeImage, bootServer, waitForServer } from '../support/servers.ts';
import { ended, npmStart, startCommand } from '../support/start.ts';
import { footprint } from './leftovers.ts';
import { noGuests } from './needs.ts';

/** Runs a program as root with the rights that the agent's systemd unit gives, and no others. */
function withTheUnitsRights(): string[] {
  const unit = readFileSync(resolve(import.meta.dirname, '../../agent/novaless-agent.service'), 'utf8');
  const rights = /^CapabilityBoundingSet=(.*)$/m.exec(unit)![1]!.toLowerCase().split(' ').map((name) => name.replace('cap_', '+'));
  return ['setpriv', '--no-new-privs', '--bounding-set', ['-all', ...rights].join(), '--inh-caps=-all'];
}

test('npm start has real guests where it can; Ctrl-C leaves them running, the next start finds them, and --reset leaves nothing of them; with the rights of the unit only', { skip: await noGuests() }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-start-'));
  const dataDir = join(folder, 'data');
  const started: Awaited<ReturnType<typeof npmStart>>[] = [];
  t.after(async () => {
    for (const { child } of started) {
      child.kill('SIGKILL');
      await ended(child);
    }
    await eventually(() => purgeHosts(dataDir)); // the agent ends a moment after its starter
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const start = async (...args: string[]) => {
    const one = await npmStart(t, ['--data', dataDir, '--port', '0', ...args], withTheUnitsRights());
    started.push(one);
    return one;
  };
  const stop = async ({ child }: Awaited<ReturnType<typeof start>>) => {
    child.kill('SIGINT');
    assert.equal(await ended(child), 0);
  };

  const first = await start();
  assert.match(first.output(), /hosts +1 with the libvirt driver: guests are real\n +\(libvirt \d/);
  let demo = await apiAs('demo', first.endpoint, dataDir);
  const network = (await demo.get('/network/v2.0/networks?name=private')).body.networks[0].id;
  const server = await bootServer(demo, { name: 'stays', image: await activeImage(demo, 'no-system'), flavor: '1', networks: [{ uuid: network }] });
  const run_ = async () => (await run('virsh', ['-c', 'qemu:///system', 'domid', server])).trim();
  const before = await run_();
  assert.match(before, /^\d+$/);
  await stop(first);
  assert.match(first.output(), /Its guests go on running; the next start finds them, and npm start -- --reset takes them away/);
  assert.equal(await run_(), before);

  const second = await start();
  demo = await apiAs('demo', second.endpoint, dataDir);
  assert.equal((await waitForServer(demo, server, 'ACTIVE'))['OS-EXT-STS:power_state'], 1);
  assert.equal(await run_(), before, 'it is the same guest, never started again');
  await stop(second);

  // Without libvirt nothing can be taken away, and then nothing is forgotten either.
  const refused = spawnSync(process.execPath, startCommand(['--data', dataDir, '--port', '0', '--driver', 'fake', '--reset']), {
    cwd: resolve(import.meta.dirname, '../..'), encoding: 'utf8', env: { ...process.env, LIBVIRT_DEFAULT_URI: 'qemu+unix:///system?socket=/nowhere' },
  });
  assert.match(refused.stderr, /could not be taken away: libvirt does not answer/);
  assert.equal(await run_(), before);

  const third = await start('--driver', 'fake', '--reset');
  const { domains, namespaces, processes } = await footprint({ dataDir }, [server]);
  assert.deepEqual({ domains, namespaces, processes }, { domains: [], namespaces: [], processes: [] });
  assert.ok(!existsSync(storageFolder(join(dataDir, 'hosts/compute-1/state/libvirt'))));
  await stop(third);
});
