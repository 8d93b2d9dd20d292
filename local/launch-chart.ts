import { styleText } from 'node:util';
import type { Launch, LaunchStep } from './launch-record.ts';

const STEPS = 28;
const FULL = '█';

/** One line per step: number, actor, what it does, when it began and how long it took, and a bar on the launch's time axis. */
export function chart({ server, requestId, steps, names }: Launch, columns: number): string {
  const done = new Map(steps.map((step) => [step.step, step]));
  // the token may be much older than the launch: the axis begins with the request
  const during = steps.filter(({ step }) => step >= 3);
  const begin = Date.parse((during[0] ?? steps[0])?.start ?? '');
  const end = Math.max(...during.map((step) => Date.parse(step.end)));
  const actors = Math.max(0, ...steps.map(({ actor }) => actor.length));
  const texts = Math.max(0, ...[...names.values()].map((name) => name.length));
  const width = Math.max(10, columns - (actors + texts + 36));
  const missing = Array.from({ length: STEPS }, (_, i) => i + 1).filter((number) => !done.has(number));
  const lines = steps.map((step) => {
    const text = [
      String(step.step).padStart(2), step.actor.padEnd(actors), (names.get(step.step) ?? '').padEnd(texts),
      relative(Date.parse(step.start) - begin).padStart(10), duration(Date.parse(step.end) - Date.parse(step.start)).padStart(8), bar(step, begin, end, width), mark(step),
    ];
    return paint(step, text.join('  ').trimEnd());
  });
  if (steps.length === 0) return `${server.name} (${server.id}) is ${server.status}; no step of its launch is recorded`;
  return [
    `${server.name} (${server.id}) is ${server.status}`,
    `launched by ${requestId}: ${steps.length} of ${STEPS} steps${during.length > 0 ? ` in ${duration(end - begin)}` : ''}${missing.length > 0 ? `; not recorded: ${missing.join(', ')}` : ''}`,
    '',
    ...lines,
  ].join('\n');
}

function bar(step: LaunchStep, begin: number, end: number, width: number): string {
  const scale = (at: number) => Math.round(((at - begin) / Math.max(1, end - begin)) * (width - 1));
  const from = scale(Date.parse(step.start));
  if (from < 0) return '·'.padEnd(width);
  const length = Math.max(1, scale(Date.parse(step.end)) - from + 1);
  return (' '.repeat(Math.min(from, width - 1)) + FULL.repeat(length)).slice(0, width).padEnd(width);
}

const mark = ({ result, detail }: LaunchStep) => (result === 'Success' ? '' : result === 'cached' ? 'cached' : `✗ ${result}${detail ? `: ${detail}` : ''}`);
/** Colour where it goes to a terminal that has some: what failed stands out, what a cache answered stands back. */
const paint = ({ result }: LaunchStep, line: string) => (result === 'Success' ? line : styleText(result === 'cached' ? 'dim' : ['bold', 'red'], line, { stream: process.stdout }));
const duration = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`);
const relative = (ms: number) => (ms < 0 ? `-${duration(-ms)}` : `+${duration(ms)}`);
