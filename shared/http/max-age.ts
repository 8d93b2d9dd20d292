import type { Request } from './route.ts';

/** Older than that nothing is answered, whatever the caller would take. */
const MOST_MS = 10_000;

/** How old what is answered may be, in ms, by the caller's `Cache-Control: max-age` (RFC 9111, 5.2.1.1); 0 unless it says so. */
export function maxAge({ header }: Pick<Request, 'header'>): number {
  const seconds = /(?:^|[\s,])max-age=(\d+)/i.exec(header('cache-control') ?? '')?.[1];
  return Math.min(Number(seconds ?? 0) * 1000, MOST_MS);
}

/** The last values of up to `most` keys, with the time when reading each of them began. */
export function recentValues<T>(most: number) {
  const known = new Map<string, { value: T; at: number }>();
  return {
    get(key: string, age: number): T | undefined {
      const found = known.get(key);
      return found && Date.now() - found.at < age ? found.value : undefined;
    },
    set(key: string, value: T, at: number): void {
      known.delete(key);
      if (known.size >= most) known.delete(known.keys().next().value!);
      known.set(key, { value, at });
    },
  };
}
