/** Items of one selection as they are asked for (`walk` of a table), the newest first as `rank` tells. */
export type Walk<T> = AsyncIterator<T[], undefined>;

export interface Newest<T> {
  /** The first so many, of those that count, are to be among what is found. */
  wanted: number;
  /**
   * Texts that sort as the items lie in each walk, the greatest first; several may have the same. Items without one lie anywhere, after all others in the order
   * that is wanted: they are not among what is found before everything was read.
   */
  rank: (item: T) => string | undefined;
  /** All, unless told. */
  counts?: (item: T) => boolean;
}

/**
 * The newest items of several walks together: what a page of a list shows is read, and not what lies behind it. In no order, but nothing that ranks
 * before the last of them is missing; fewer than wanted only where there are no more.
 */
export async function newest<T>(walks: Walk<T>[], { wanted, rank, counts = () => true }: Newest<T>): Promise<T[]> {
  /** How far each walk has come that may go on: what it still has does not rank above this. Undefined: it may have anything. */
  const reached = new Map<Walk<T>, string | undefined>(walks.map((walk) => [walk, undefined]));
  const found: T[] = [];
  for (;;) {
    if (reached.size === 0) return found;
    const behind = [...reached.values()];
    const bound = behind.includes(undefined) ? undefined : (behind as string[]).reduce((most, each) => (each > most ? each : most));
    const sure = bound === undefined ? [] : found.filter((item) => (rank(item) ?? '') > bound);
    if (sure.filter(counts).length >= wanted) return sure;
    const last = lastWanted(found.filter(counts), wanted, rank);
    const holding = [...reached].filter(([, at]) => at === undefined || last === undefined || at > last);
    const next = holding.length > 0 ? holding : [...reached].filter(([, at]) => at === bound); // they may have others of the last's rank
    await Promise.all(next.map(async ([walk, at]) => {
      const { value, done } = await walk.next();
      if (done) return reached.delete(walk);
      found.push(...value);
      const ranks = value.flatMap((item) => rank(item) ?? []);
      return reached.set(walk, ranks.reduce((least, each) => (least !== undefined && least < each ? least : each), at));
    }));
  }
}

/** The rank of the last that would be among the wanted, were there no more than these. */
function lastWanted<T>(items: T[], wanted: number, rank: (item: T) => string | undefined): string | undefined {
  const ranks = items.flatMap((item) => rank(item) ?? []).sort((a, b) => (a < b ? 1 : -1));
  return ranks[wanted - 1];
}
