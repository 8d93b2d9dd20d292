/**
 * Writes a cloud assembly and its bundles below a folder; the hosts' stack has something that stands for the agent, as the agent
 * of this machine's hosts runs from its sources. usage: node local/synthesize.ts FOLDER
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../infra/bundle.ts';
import { functions } from '../infra/functions.ts';

const folder = process.argv[2]!;
const bundles = join(folder, 'bundles');
const bundling = bundle(functions, bundles);
bundling.catch(() => {}); // seen below
const { synthesize } = await import('../infra/app.ts'); // loads the CDK while esbuild, a process of its own, works
await bundling;
const agent = join(folder, 'agent.tar.gz');
writeFileSync(agent, 'the agent');
synthesize({ outdir: join(folder, 'assembly'), bundles, agent });
