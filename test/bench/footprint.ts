import { readFileSync, readdirSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** Resident memory and CPU time of a process and all its descendants; Linux only. */
export function footprint(root = process.pid): { memory_mb: number; cpu_s: number } {
  const parents = new Map<number, number>();
  const usage = new Map<number, { memory: number; cpu: number }>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      parents.set(Number(name), Number(fields[1]));
      usage.set(Number(name), { memory: Number(fields[21]) * 4096, cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND });
    } catch { /* it has ended */ }
  }
  let memory = 0;
  let cpu = 0;
  for (const [pid, used] of usage) {
    let above: number | undefined = pid;
    while (above !== undefined && above !== root && above !== 0) above = parents.get(above);
    if (above !== root) continue;
    memory += used.memory;
    cpu += used.cpu;
  }
  return { memory_mb: memory / 1024 / 1024, cpu_s: cpu };
}
