export type Order = { key: string; descending: boolean }[];

/** Sorts by several keys, each with its direction; nulls first when ascending, as SQL databases do. */
export function sorted<T>(items: T[], keys: Order, valueOf: (item: T, key: string) => unknown): T[] {
  return [...items].sort((a, b) => {
    for (const { key, descending } of keys) {
      const order = compare(valueOf(a, key), valueOf(b, key));
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
}

function compare(a: unknown, b: unknown): number {
  if (a === b || (a == null && b == null)) return 0;
  if (a == null) return -1;
  if (b == null) return 1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [String(a), String(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}
