import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { chooseDriver, DriverRefused, type DriverWish } from './driver-choice.ts';

/** A data folder, hosts of `before` in it, on a machine that has the `programs` and nothing else. */
function machine(t: TestContext, { before, programs = [] }: { before?: 'fake' | 'libvirt'; programs?: string[] } = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'novaless-choice-'));
  const path = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = path;
    rmSync(dataDir, { recursive: true });
  });
  if (before) mkdirSync(join(dataDir, 'hosts/compute-1/state', before), { recursive: true });
  for (const name of programs) writeFileSync(join(dataDir, name), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  process.env['PATH'] = dataDir;
  const words = { count: '--hypervisors', anew: 'start with --reset or another --data' };
  return (wish: Partial<DriverWish> = {}) => chooseDriver({ wanted: undefined, hypervisors: 1, dataDir, words, ...wish });
}
const refused = (message: RegExp) => (error: unknown) => error instanceof DriverRefused && message.test(error.message) && !error.message.includes('\n');

test('where real guests cannot be, the hosts are fake ones, and the user reads what to install', async (t) => {
  const choose = machine(t);
  const { driver, why } = await choose();
  assert.equal(driver, 'fake');
  if (process.platform === 'linux') assert.match(why, /lacks: virsh, qemu-.*\((apt-get|dnf) install libvirt-daemon.* /);
  assert.deepEqual(await choose({ wanted: 'fake' }), { driver: 'fake', why: 'as asked' });
});

test('who asks for real guests where they cannot be gets a line that says what is missing, before anything starts', async (t) => {
  await assert.rejects(machine(t)({ wanted: 'libvirt' }), refused(/needs what is not here: /));
  await assert.rejects(machine(t)({ wanted: 'xen' }), refused(/^--driver is fake or libvirt, not xen$/));
});

test('guests are never left behind by a start with another driver', async (t) => {
  const fake = machine(t, { before: 'fake' });
  assert.match((await fake()).why, /as before.*--reset or another --data/);
  await assert.rejects(fake({ wanted: 'libvirt' }), refused(/are of the fake driver\. For libvirt, start with --reset/));
  const real = machine(t, { before: 'libvirt' });
  await assert.rejects(real({ wanted: 'fake' }), refused(/are of the libvirt driver/));
  await assert.rejects(real(), refused(/The libvirt driver needs what is not here.*\(start with --reset/));
  assert.equal((await real({ reset: true })).driver, 'fake', 'a start that begins anew is free to choose');
});

test('many hypervisors on one machine are fake ones', async (t) => {
  const choose = machine(t);
  assert.deepEqual(await choose({ hypervisors: 50 }), { driver: 'fake', why: 'to libvirt, a machine is one hypervisor only' });
  await assert.rejects(choose({ hypervisors: 2, wanted: 'libvirt' }), refused(/leave --hypervisors 2 out/));
  assert.equal((await choose({ hypervisors: 0 })).driver, 'fake');
});
