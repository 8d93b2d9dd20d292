/** Writes a cloud assembly and its bundles below a folder. usage: node local/synthesize.ts FOLDER */
import { join } from 'node:path';
import { synthesize } from '../infra/app.ts';
import { bundle } from '../infra/bundle.ts';
import { functions } from '../infra/functions.ts';

const folder = process.argv[2]!;
const bundles = join(folder, 'bundles');
await bundle(functions, bundles);
synthesize({ outdir: join(folder, 'assembly'), bundles });
