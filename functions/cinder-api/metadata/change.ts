import { conflict, payloadTooLarge } from '../../../shared/http/errors.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import type { Key } from '../../../shared/store/table.ts';
import { volumeKey } from '../volume/record.ts';
import { cinder, noVolume, now } from '../volume/store.ts';

type Pairs = Record<string, string>;
const ATTEMPTS = 8;
const MAX_BYTES = 100_000; // of the 400 KB that the volume's record may have

interface Owner { id: string; metadata: Pairs; image_metadata?: Pairs; updated_at: string; [attribute: string]: unknown }
/** Whose metadata: what that is called, where it lies, and what to say where there is none of that id. */
export interface Kind { name: string; key: (id: string) => Key; none: (id: string) => Error }
export const aVolume: Kind = { name: 'Volume', key: volumeKey, none: noVolume };

/**
 * Changes a volume's metadata (or a snapshot's), or what its image said, as `change` makes of what is there; two that change it at the same
 * time are both heard. Returns what is there now.
 */
export async function changeMetadata(id: string, change: (old: Pairs) => Pairs, field: 'metadata' | 'image_metadata' = 'metadata', { key, none }: Kind = aVolume): Promise<Pairs> {
  for (let attempt = 1; ; attempt++) {
    const owner = await cinder.get<Owner>(key(id));
    if (!owner) throw none(id);
    const next = change(owner[field] ?? {});
    if (JSON.stringify(next).length > MAX_BYTES) throw payloadTooLarge(`The ${field} may have at most ${MAX_BYTES} bytes in all.`);
    try {
      const changed = await cinder.update<Owner>(key(id), { set: { [field]: next, updated_at: now() } }, { updated_at: owner.updated_at });
      return changed[field] ?? {};
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (!error.item) throw none(id);
      if (attempt === ATTEMPTS) throw conflict(`${id} is being changed by others, try again.`);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt));
    }
  }
}
