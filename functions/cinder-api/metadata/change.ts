import { conflict, payloadTooLarge } from '../../../shared/http/errors.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { volumeKey, type Volume } from '../volume/record.ts';
import { cinder, getVolume, noVolume, now } from '../volume/store.ts';

type Pairs = Record<string, string>;
const ATTEMPTS = 8;
const MAX_BYTES = 100_000; // of the 400 KB that the volume's record may have

/**
 * Changes a volume's metadata, or what its image said, as `change` makes of what is there; two that change it at the same
 * time are both heard. Returns what is there now.
 */
export async function changeMetadata(id: string, change: (old: Pairs) => Pairs, field: 'metadata' | 'image_metadata' = 'metadata'): Promise<Pairs> {
  for (let attempt = 1; ; attempt++) {
    const volume = await getVolume(id);
    if (!volume) throw noVolume(id);
    const next = change(volume[field] ?? {});
    if (JSON.stringify(next).length > MAX_BYTES) throw payloadTooLarge(`The ${field} of a volume may have at most ${MAX_BYTES} bytes in all.`);
    try {
      const changed = await cinder.update<Volume>(volumeKey(id), { set: { [field]: next, updated_at: now() } }, { updated_at: volume.updated_at });
      return changed[field] ?? {};
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (!error.item) throw noVolume(id);
      if (attempt === ATTEMPTS) throw conflict(`Volume ${id} is being changed by others, try again.`);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt));
    }
  }
}
