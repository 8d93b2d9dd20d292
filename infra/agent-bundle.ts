/**
 * What is copied to a host as /opt/novaless: `dist/agent/bin/novaless-agent`, the program, and `lib/`, the agent in one file and its systemd
 * unit. The host needs Node 24 or newer besides, as `bin/node` beside the program or in the PATH. `dist/agent.tar.gz` is the same in one
 * file, for hosts that install it by themselves.
 * usage: npm run bundle:agent
 */
import { chmod, copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { root, runsOnNode } from './bundle.ts';
import { tarball } from './tar.ts';

const program = `#!/bin/sh
# The Novaless agent of this host. usage: novaless-agent [--config FILE] | novaless-agent ring RING_ID
here=$(dirname "$(readlink -f "$0")")
node=$here/node
[ -x "$node" ] || node=node
case $("$node" --version 2>&1) in
  v2[4-9].* | v[3-9][0-9].*) ;;
  *) echo "novaless-agent needs Node 24 or newer, as $here/node or in the PATH" >&2; exit 1 ;;
esac
exec "$node" "$here/../lib/novaless-agent.mjs" "$@"
`;

/** Where the agent's files stand, unless told otherwise. */
export const agentFolder = join(root, 'dist/agent');

export async function bundleAgent(folder: string = agentFolder): Promise<{ folder: string; file: string; program: string; size: number }> {
  await rm(folder, { recursive: true, force: true });
  const file = join(folder, 'lib/novaless-agent.mjs');
  await bundleForHost(join(root, 'agent/main.ts'), file);
  await mkdir(join(folder, 'bin'));
  const started = join(folder, 'bin/novaless-agent');
  await writeFile(started, program);
  await chmod(started, 0o755);
  await copyFile(join(root, 'agent/novaless-agent.service'), join(folder, 'lib/novaless-agent.service'));
  return { folder, file, program: started, size: (await stat(file)).size };
}

/** Where the same stands in one file, unless told otherwise. */
export const agentArchive = join(root, 'dist/agent.tar.gz');

/** The agent in one file, for the hosts' stack: the same sources give the same bytes. */
export async function archiveAgent(archive: string = agentArchive, folder: string = agentFolder): Promise<string> {
  await bundleAgent(folder);
  const packed = async (path: string, mode: number) => ({ path, mode, content: await readFile(join(folder, path)) });
  await writeFile(archive, tarball([
    await packed('bin/novaless-agent', 0o755), await packed('lib/novaless-agent.mjs', 0o644), await packed('lib/novaless-agent.service', 0o644),
  ]));
  return archive;
}

/** One file of the agent's with all that it imports, and serves. */
export const bundleForHost = (entry: string, file: string) => build({ ...runsOnNode, entryPoints: [entry], outfile: file, plugins: [consoleFiles] });

/** The page of a guest's screen goes into the file: its script with all of noVNC in one. */
const consoleFiles: Plugin = {
  name: 'console-files',
  setup({ onLoad }) {
    const page = resolve(root, 'agent/console/novnc');
    onLoad({ filter: /\/agent\/console\/novnc\/files\.ts$/ }, async () => {
      const files = {
        'vnc_lite.html': await readFile(join(page, 'vnc_lite.html'), 'utf8'),
        'novnc/console.css': await readFile(join(page, 'console.css'), 'utf8'),
        'novnc/console.js': await browserScript(join(page, 'console.js')),
      };
      return {
        loader: 'js',
        contents: `const files = new Map(Object.entries(${JSON.stringify(files)}).map(([name, text]) => [name, Buffer.from(text)]));\nexport const novncFile = (name) => files.get(name);\n`,
        watchFiles: Object.keys(files).map((name) => join(page, name.replace('novnc/', ''))),
      };
    });
  },
};

/** One file for browsers; noVNC's modules, which the page finds beside it, are its package's. */
async function browserScript(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry], bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022', write: false, legalComments: 'inline', logLevel: 'warning',
    plugins: [{ name: 'novnc', setup: ({ onResolve, resolve: find }) => onResolve({ filter: /^\.\/core\/rfb\.js$/ }, ({ resolveDir }) => find('@novnc/novnc', { kind: 'import-statement', resolveDir })) }],
  });
  return outputFiles[0]!.text;
}

if (import.meta.main) {
  const archive = await archiveAgent();
  const { size } = await stat(archive);
  console.log(`${agentFolder}: copy it to /opt/novaless on a host; ${archive}: the same in one file (${(size / 1000).toFixed(0)} kB)`);
}
