import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { bundleAgent } from '../../infra/agent-bundle.ts';
import { consolePageUrl } from '../../shared/agent/console.ts';
import { command, spawnArgs, startAgentRig } from '../service/agent/agent-rig.ts';

test("a host needs nothing of the project but the agent's folder: it takes rings, does commands and serves the pages of consoles", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-agent-bundle-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { file, program } = await bundleAgent(join(folder, 'novaless'));
  const rig = await startAgentRig(1, { program: file });
  t.after(() => rig.stop());
  await rig.start();
  const spawned = command('spawn', spawnArgs(randomUUID()));
  await rig.ask(spawned);

  // As the SSM document rings: by the program, with the Node beside it.
  symlinkSync(process.execPath, join(dirname(program), 'node'));
  const began = performance.now();
  const rung = spawnSync(program, ['ring', randomUUID(), '--config', join(rig.folder, 'agent.json')], { encoding: 'utf8' });
  t.diagnostic(`a ring took ${Math.round(performance.now() - began)} ms`);
  assert.equal(rung.status, 0, rung.stdout + rung.stderr);
  assert.equal((await rig.reported(spawned)).outcome, 'done');

  const base = `http://127.0.0.1:${rig.consolePort}`;
  assert.match(await (await fetch(consolePageUrl(base, 'none'))).text(), /fake driver/);
  const script = await fetch(`${base}/novnc/console.js`);
  assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8');
  assert.doesNotMatch(await script.text(), /^import /m, 'all of noVNC is in it');
  assert.equal((await fetch(`${base}/novnc/console.css`)).status, 200);
  assert.equal((await fetch(`${base}/novnc/core/rfb.js`)).status, 404);
});

test('on a host with an old Node the agent says what it needs', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'novaless-agent-node-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return bundleAgent(join(folder, 'novaless')).then(({ program }) => {
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/node'), '#!/bin/sh\necho v20.19.0\n', { mode: 0o755 });
    const { status, stderr } = spawnSync(program, ['ring'], { encoding: 'utf8', env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` } });
    assert.equal(status, 1);
    assert.match(stderr, /needs Node 24 or newer/);
  });
});
