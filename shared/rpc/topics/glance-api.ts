import * as Type from '@sinclair/typebox';
import { topic } from '../topic.ts';

/** Long work of the image service with itself. */
export const glanceApi = topic('glance-api', {
  /** Stream an image's data from where it is on the web into the image store. */
  import_image: { args: Type.Object({ image_id: Type.String(), upload_id: Type.String(), uri: Type.String(), disk_format: Type.String() }) },
});
