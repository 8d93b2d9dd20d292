import { readFileSync, readdirSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** Memory (what several share is counted once) and CPU time of a process and all its descendants; Linux only. */
export function footprint(root = process.pid): { memory_mb: number; cpu_s: number } {
  const parents = new Map<number, number>();
  const usage = new Map<number, { cpu: number }>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      parents.set(Number(name), Number(fields[1]));
      usage.set(Number(name), { cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND });
    } catch { /* it has ended */ }
  }
  let memory = 0;
  let cpu = 0;
  for (const [pid, used] of usage) {
    let above: number | undefined = pid;
    while (above !== undefined && above !== root && above !== 0) above = parents.get(above);
    if (above !== root) continue;
    memory += proportional(pid);
    cpu += used.cpu;
  }
  return { memory_mb: memory / 1024 / 1024, cpu_s: cpu };
}

/** Bytes: its own pages, and its share of those that others have as well, as two Nodes have their program. */
function proportional(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0; // it has ended
  }
}
