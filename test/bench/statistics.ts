/** Of durations in milliseconds, or of anything else. */
export interface Spread { p50: number; p90: number; p99: number; min: number; max: number; n: number }

export function spread(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), min: at(0), max: sorted.at(-1) ?? Number.NaN, n: sorted.length };
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Does `work` `times` times, `sideBySide` at once; each one's milliseconds, and those of all. */
export async function repeat(times: number, sideBySide: number, work: (n: number) => Promise<unknown>): Promise<{ each: number[]; all: number }> {
  const each: number[] = [];
  let next = 0;
  const all = await timed(() => Promise.all(Array.from({ length: sideBySide }, async () => {
    while (next < times) {
      const n = next++;
      each.push(await timed(() => work(n)));
    }
  })));
  return { each, all };
}
