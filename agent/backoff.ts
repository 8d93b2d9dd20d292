/** Milliseconds to wait after the n-th failure in a row (1, 2, …): doubling from half a second to ten seconds, with jitter. */
export const backoff = (failures: number): number => Math.min(10_000, 250 * 2 ** failures) * (0.5 + Math.random());

/** Says once that something is away, and once that it is back, however often it was tried between. */
export function outage(tell: (away: boolean, reason?: string) => void) {
  let failures = 0;
  return {
    /** Milliseconds to wait before the next try. */
    failed(error: unknown): number {
      if (failures === 0) tell(true, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      return backoff(++failures);
    },
    worked(): void {
      if (failures > 0) tell(false);
      failures = 0;
    },
  };
}
