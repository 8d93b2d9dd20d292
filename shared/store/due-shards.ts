/** A kind's partitions of `by-due`: where its records lie until their time has come, and where the code before this one put them. */
export interface DueShards {
  /** For the record of this id, by its last character: the first ones of an id may be a time. */
  of(id: string): string;
  current: string[];
  former: string[];
}

/**
 * Each partition is one more read a minute, for as long as the cloud stands, and takes a thousand write units a second: a launch in flight
 * needs fewer than ten. `once` is how many there ever were; what still lies in those that are no longer written to is found as well.
 */
export function dueShards(kind: string, { count, once }: { count: number; once: number }): DueShards {
  const names = Array.from({ length: once }, (_, shard) => `${kind}#${shard}`);
  return { of: (id) => `${kind}#${id.charCodeAt(id.length - 1) % count || 0}`, current: names.slice(0, count), former: names.slice(count) };
}

const ROUND_MS = 60_000;

/** One of them all, the next one a minute later. Nobody has to remember whose turn it was. */
export const inTurn = <T>(all: T[], at = Date.now()): T | undefined => all[Math.floor(at / ROUND_MS) % all.length];

/** What a sweeper of these kinds looks at in this minute: all that is written to, and one of the former partitions. */
export function partitionsToSweep(kinds: DueShards[], at = Date.now()): string[] {
  const former = inTurn(kinds.flatMap((kind) => kind.former), at);
  return [...kinds.flatMap(({ current }) => current), ...(former === undefined ? [] : [former])];
}

/** The kind of a due record, by its partition's name. */
export const dueKindOf = (partition: string): string => partition.slice(0, partition.lastIndexOf('#'));
