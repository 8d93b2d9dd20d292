/**
 * Runs everything: the checks, then all tests from the quick to the slow, one line per file, details of failures only
 * and what tests have measured.
 * With CI=true a skipped test is a failed one. Its last line is `N passed, N failed`.
 * usage: npm test [-- PART-OF-A-PATH ...]
 */
import { globSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';
import { check } from './check.ts';

const root = resolve(import.meta.dirname, '..');
const ci = process.env['CI'] === 'true';
const wanted = process.argv.slice(2);

interface Group { name: string; files: RegExp; atOnce: number; minutes: number }
/** A file belongs to the first group that matches. */
const groups: Group[] = [
  { name: 'service', files: /^test\/(service|local)\//, atOnce: 3, minutes: 5 },
  { name: 'what mostly waits', files: /^test\/system\/(twice|record|agent-restart)/, atOnce: 1, minutes: 15 },
  { name: 'system, fault, deploy', files: /^test\/(system|fault|deploy)\//, atOnce: 2, minutes: 20 },
  { name: 'host', files: /^test\/host\//, atOnce: 1, minutes: 20 },
  { name: 'what the others used', files: /^test\/grants\//, atOnce: 1, minutes: 2 },
  { name: 'unit', files: /./, atOnce: 2, minutes: 2 },
];
/** One after the other; the lanes of a stage run side by side, each with one group after the other. For two cores, each with the whole cloud of a test that keeps it busy. */
const stages: string[][][] = [[['unit']], [['service']], [['what mostly waits', 'host'], ['system, fault, deploy']], [['what the others used']]];
/** Begun first, so that none of them is alone at the end. */
const longest = [/deploy\/localstack/, /system\/(boot|volumes|twice)/, /deploy\/ministack/, /system\/(resources|bench)/, /fault\//, /agent\/fencing/];

interface Tally { passed: number; failed: number; skips: string[]; failures: string[] }
const tally: Tally = { passed: 0, failed: 0, skips: [], failures: [] };

if (wanted.length === 0) await runChecks();
const files = globSync('{agent,bin,functions,infra,local,shared,test}/**/*.test.ts', { cwd: root })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort((a, b) => turn(a) - turn(b) || (a < b ? -1 : 1));
for (const stage of stages) {
  await Promise.all(stage.map(async (lane) => {
    for (const name of lane) await runGroup(groups.find((group) => group.name === name)!, files.filter((file) => groupOf(file).name === name));
  }));
}
finish();

function groupOf(file: string): Group {
  return groups.find((group) => group.files.test(file))!;
}

/** The place in the list of the longest; the others follow. */
function turn(file: string): number {
  const found = longest.findIndex((pattern) => pattern.test(file));
  return found < 0 ? longest.length : found;
}

async function runChecks(): Promise<void> {
  for (const { name, ok, output } of await check()) {
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}`);
    if (ok) tally.passed++;
    else {
      tally.failed++;
      tally.failures.push(`${name}\n${output}`);
      console.log(output);
    }
  }
}

async function runGroup(group: Group, members: string[]): Promise<void> {
  if (members.length === 0) return;
  console.log(`\n${group.name}`); // of groups side by side, a line's path tells which it is of
  const output = new Map<string, string>();
  const keep = ({ file, message }: { file?: string; message: string }) => file && output.set(file, (output.get(file) ?? '') + message);
  const broken = new Map<string, string[]>();
  const measured = new Map<string, string[]>();
  const stream = run({
    files: members.map((file) => resolve(root, file)),
    cwd: root,
    concurrency: group.atOnce,
    timeout: group.minutes * 60_000,
    forceExit: false,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  stream.on('test:stdout', keep);
  stream.on('test:stderr', keep);
  stream.on('test:diagnostic', ({ file, message }) => {
    if (file && message.startsWith('measured: ')) measured.set(file, [...(measured.get(file) ?? []), message]);
    else keep({ file, message: `${message}\n` }); // what a test says of itself is for whom it failed
  });
  stream.on('test:pass', ({ name, skip, todo, file = '', details }) => {
    if (details.type === 'suite') return;
    if (skip === undefined && todo === undefined) tally.passed++;
    else tally.skips.push(`${relative(root, file)}: ${name}: ${typeof skip === 'string' && skip ? skip : 'skipped without a reason'}`);
  });
  stream.on('test:fail', ({ name, file = '', details }) => {
    // A parent that failed only because a subtest did would count the same failure twice.
    const error = details.error as Error & { failureType?: string; cause?: unknown };
    if (error.failureType === 'subtestsFailed') return;
    tally.failed++;
    const text = `${relative(root, file)}: ${name}\n${indent(inspect(error.cause ?? error, { depth: 6 }))}`;
    tally.failures.push(text);
    broken.set(file, [...(broken.get(file) ?? []), text]);
  });
  stream.on('test:summary', ({ file, counts, duration_ms: duration }) => {
    if (!file) return;
    const failed = broken.get(file);
    const seconds = (duration / 1000).toFixed(1);
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    console.log(`${failed ? 'FAIL' : 'ok  '} ${relative(root, file)} (${counts.passed} passed${skipped}, ${seconds} s)`);
    for (const text of [...(measured.get(file) ?? []), ...(failed ?? [])]) console.log(indent(text));
    if (failed && output.get(file)) console.log(indent(`what it printed, at most its last 100 lines:\n${tail(output.get(file) ?? '', 100)}`));
    output.delete(file);
  });
  for await (const _ of stream); // until all are done
}

function finish(): void {
  const staged = new Set(stages.flat(2));
  for (const file of files.filter((each) => !staged.has(groupOf(each).name))) {
    tally.failed++;
    tally.failures.push(`${file}: no stage has its group`);
  }
  if (tally.failures.length > 0) {
    console.log('\nfailed');
    for (const failure of tally.failures) console.log(`  ${failure.split('\n')[0]}`);
  }
  if (tally.skips.length > 0) {
    console.log(ci ? '\nskipped (which counts as failed here)' : '\nskipped');
    for (const skip of tally.skips) console.log(`  ${skip}`);
  }
  const failed = tally.failed + (ci ? tally.skips.length : 0);
  const skipped = !ci && tally.skips.length > 0 ? `, ${tally.skips.length} skipped` : '';
  console.log(`\n${tally.passed} passed, ${failed} failed${skipped}`);
  process.exitCode = failed > 0 || tally.passed === 0 ? 1 : 0;
}

function indent(text: string): string {
  return text.split('\n').map((line) => `    ${line}`).join('\n');
}

function tail(text: string, lines: number): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
