import { serve, type Exhausted } from '../../shared/rpc/serve.ts';
import { glanceApi } from '../../shared/rpc/topics/glance-api.ts';
import { giveUp, importImage } from './import/import-image.ts';

const exhausted: Exhausted = ({ args }, error) => giveUp(args as { image_id: string; upload_id: string }, `The import failed again and again: ${error.message}`);

/** Imports, one at a time in each environment. */
export const handler = serve(glanceApi, { import_image: importImage }, { exhausted });
