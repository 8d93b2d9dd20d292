import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dnsmasqs, egressAll, type Guest, ingress, networkRig, pings, reasonToSkip, vifOf } from './network-rig.ts';

const skip = (await reasonToSkip()) ?? false;

/** In front of the real programs: the n-th call fails, without effect or, if `after`, with it. */
function failingPrograms(path: string) {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-failing-'));
  const calls = join(folder, 'calls'), plan = join(folder, 'plan');
  for (const program of ['ip', 'bridge', 'nsenter']) {
    writeFileSync(join(folder, program), `#!/bin/sh
read at after < ${plan}
calls=$(( $(cat ${calls}) + 1 )); echo $calls > ${calls}
PATH='${path}'
[ "$calls" = "$at" ] || exec ${program} "$@"
[ "$after" = after ] && ${program} "$@" > /dev/null
echo 'it was cut short' >&2
exit 1
`, { mode: 0o755 });
  }
  return {
    path: `${folder}:${path}`,
    failAt(call: number, after: boolean): void {
      writeFileSync(calls, '0');
      writeFileSync(plan, `${call} ${after ? 'after' : 'before'}\n`);
    },
    calls: () => Number(readFileSync(calls, 'utf8')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Does the work with a failure at its n-th call, for every n that it has, until it fails no more. */
async function atEveryCall(work: () => Promise<void>, afterwards: (reason: string | undefined, call: string) => Promise<void>): Promise<number> {
  const path = process.env['PATH']!;
  const programs = failingPrograms(path);
  try {
    for (let call = 1; ; call++) {
      for (const after of [false, true]) {
        programs.failAt(call, after);
        process.env['PATH'] = programs.path;
        const failed = await work().then(() => undefined, (error: Error) => `${error.name}: ${error.message}`);
        const reached = programs.calls() >= call;
        process.env['PATH'] = path;
        await afterwards(failed, `call ${call}, ${after ? 'after' : 'before'} its effect`);
        if (!reached) return call - 1;
      }
    }
  } finally {
    process.env['PATH'] = path;
    programs.remove();
  }
}

const nothing = async (rig: ReturnType<typeof networkRig>, when: string) => {
  assert.deepEqual([await rig.namespaces(), dnsmasqs(rig.folder), readdirSync(join(rig.folder, 'networks'))], [[], [], []], when);
};

test('a network that a crash left half made is whole after the next try, and gone after its port', { skip }, async (t) => {
  const rig = networkRig(t);
  const network_id = randomUUID();
  const calls = await atEveryCall(
    async () => rig.network.prepare(randomUUID(), vifOf(network_id, 5)),
    async (failed, call) => {
      if (failed !== undefined) assert.match(failed, /^ActionFailed: .*(cut short|ended with)/, call);
      await rig.restart();
      const pair: Guest[] = [];
      for (const last of [6, 7]) pair.push(await (await rig.guest(vifOf(network_id, last, { security_rules: [...egressAll, ingress('icmp')] }))).start());
      assert.equal(await pings(pair[0]!, '10.9.0.7'), true, call);
      for (const guest of pair) await guest.delete();
      for (const guest of pair) await rig.network.unplug(guest.vif.port_id);
      for (const port of rig.ports()) await rig.network.unplug(port);
      await nothing(rig, call);
    },
  );
  assert.ok(calls > 5, `${calls} calls`);
});

test('an interface that a crash left half way between host and network is in it after the next try', { skip }, async (t) => {
  const rig = networkRig(t);
  const network_id = randomUUID();
  const peer = await (await rig.guest(vifOf(network_id, 6, { security_rules: [...egressAll, ingress('icmp')] }))).start();
  let guest: Guest;
  await atEveryCall(
    async () => {
      const path = process.env['PATH'];
      process.env['PATH'] = path!.slice(path!.indexOf(':') + 1);
      guest = await rig.guest(vifOf(network_id, 5));
      await rig.network.prepare(guest.uuid, guest.vif);
      await guest.makeTap();
      process.env['PATH'] = path;
      await rig.network.plug(guest.uuid, guest.vif);
    },
    async (_failed, call) => {
      await rig.network.plug(guest.uuid, guest.vif);
      await guest.address();
      assert.equal(await pings(guest, '10.9.0.6'), true, call);
      await guest.delete();
      await rig.network.unplug(guest.vif.port_id);
    },
  );
  assert.deepEqual(rig.ports(), [peer.vif.port_id]);
});

test('a port whose end a crash cut short is gone after the next try, or after a restart', { skip }, async (t) => {
  const rig = networkRig(t);
  const network_id = randomUUID();
  let guest: Guest;
  let again = false;
  await atEveryCall(
    async () => {
      const path = process.env['PATH'];
      process.env['PATH'] = path!.slice(path!.indexOf(':') + 1);
      guest = await (await rig.guest(vifOf(network_id, 5))).start();
      await guest.delete();
      process.env['PATH'] = path;
      await rig.network.unplug(guest.vif.port_id);
    },
    async (_failed, call) => {
      again = !again;
      if (again) await rig.network.unplug(guest.vif.port_id);
      await rig.restart();
      await nothing(rig, call);
    },
  );
});
