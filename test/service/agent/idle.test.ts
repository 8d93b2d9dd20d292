import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAgentRig, type AgentRig } from './agent-rig.ts';

let rig: AgentRig;
before(async () => {
  rig = await startAgentRig(50);
  await rig.start();
});
after(() => rig.stop());

/** Processor seconds of the agent so far. */
function processorSeconds(): number {
  const [user, system] = readFileSync(`/proc/${rig.pid()}/stat`, 'utf8').split(') ')[1]!.split(' ').slice(11, 13) as [string, string];
  return (Number(user) + Number(system)) / 100;
}
const residentMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${rig.pid()}/status`, 'utf8'))![1]) / 1024;

test('fifty idle hosts cost next to nothing', { skip: process.platform !== 'linux' && 'needs /proc' }, async (t) => {
  await sleep(5000); // its start is over
  const [before, requests] = [processorSeconds(), Object.values(rig.gates).reduce((sum, { passed }) => sum + passed.length, 0)];
  await sleep(20_000);
  const share = (processorSeconds() - before) / 20;
  const made = Object.values(rig.gates).reduce((sum, { passed }) => sum + passed.length, 0) - requests;
  t.diagnostic(`${(share * 100).toFixed(1)} % of a processor, ${residentMb().toFixed(0)} MB, ${made} requests in 20 s`);
  assert.ok(share < 0.05, `${share * 100} % of a processor`);
  assert.ok(made < 60, `${made} requests in 20 s`);
});
