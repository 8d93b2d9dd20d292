import type { Key, Write } from '../../../shared/store/table.ts';
import { store, type Kind } from './entities.ts';

/**
 * Roles, services and endpoints are part of every token's answer, and hardly ever change. One item counts the changes of each of these kinds, in the
 * same transaction as the change; whoever reads it along with what a token stands on goes by what it remembers while the count is the same.
 */
export const versionsKey: Key = { pk: 'versions', sk: 'versions' };
const counted = ['role', 'service', 'endpoint'] as const;
type Counted = (typeof counted)[number];
/** How often each kind has changed; a kind that is missing never has. */
export type Versions = Partial<Record<Counted, number>>;

/** What a change of the kind writes beside it. */
export const versionOf = (kind: Kind): Write[] =>
  (counted as readonly Kind[]).includes(kind) ? [{ update: versionsKey, change: { add: { [kind]: 1 } } }] : [];

/** For who has written many of them without a word. */
export const allChanged = (): Promise<void> => store.change(versionsKey, { add: Object.fromEntries(counted.map((kind) => [kind, 1])) });

/** As long as Keystone keeps its catalog. What changed without being counted (a restored table, a function that is not updated yet) is seen by then. */
const KEEP_MS = 600_000;

/** What `read` gave at this version of these kinds, read again for another one. */
export function remembered<T>(kinds: Counted[], read: () => Promise<T>): (versions: Versions) => Promise<T> {
  let known: { version: string; until: number; what: Promise<T> } | undefined;
  return (versions) => {
    const version = kinds.map((kind) => versions[kind] ?? 0).join();
    if (known?.version === version && known.until > Date.now()) return known.what;
    const reading = { version, until: Date.now() + KEEP_MS, what: read() };
    known = reading;
    reading.what.catch(() => { if (known === reading) known = undefined; });
    return reading.what;
  };
}
