import { factsOf, log } from '../../shared/telemetry/log.ts';
import { abandonUpload, clean, dueUploads, type Upload } from './data/upload.ts';

const AT_ONCE = 100;

/** Once a minute: uploads past their deadline go back to `queued`, bytes that nobody will have are deleted. */
export async function handler(): Promise<void> {
  for (const upload of await dueUploads(AT_ONCE)) {
    // one that fails is tried again a minute later
    await end(upload).catch((error: unknown) => log.error('upload not ended', { upload_id: upload.id, image_id: upload.image_id, ...factsOf(error) }));
  }
}

const end = (upload: Upload) => (upload.state === 'open' ? abandonUpload(upload, upload.imports ? 'The import was not done in time.' : undefined) : clean(upload, 'nobody writes'));
