/** Writes a cloud assembly, its bundles and the agent below a folder. usage: node local/synthesize.ts FOLDER */
import { join } from 'node:path';
import { archiveAgent } from '../infra/agent-bundle.ts';
import { bundle } from '../infra/bundle.ts';
import { functions } from '../infra/functions.ts';

const folder = process.argv[2]!;
const bundles = join(folder, 'bundles');
const bundling = Promise.all([archiveAgent(join(folder, 'agent.tar.gz'), join(folder, 'agent')), bundle(functions, bundles)]);
bundling.catch(() => {}); // seen below
const { synthesize } = await import('../infra/app.ts'); // loads the CDK while esbuild, a process of its own, works
const [agent] = await bundling;
synthesize({ outdir: join(folder, 'assembly'), bundles, agent });
