/**
 * Bundles every function into one file each: `dist/functions/NAME/index.mjs`.
 * The same sources give the same bytes, so a deployment replaces only the functions that changed. Source maps would cost every cold
 * start a fifth, so none is deployed: infra/trace.ts says where in the sources a place in a bundle is.
 * usage: node bin/pinned-node.js infra/bundle.ts
 */
import { readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import type { FunctionDeclaration } from '../shared/deployment/declaration.ts';
import { functions } from './functions.ts';

export const root = resolve(import.meta.dirname, '..');

process.env['GOGC'] ??= '400'; // esbuild lives for seconds: collecting garbage is a fifth of its work

/** How all that runs on Node is bundled. */
export const runsOnNode = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  minify: true,
  keepNames: true, // error classes are told apart by name in the logs and in faults
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
  // Packages that are still CommonJS call require() for Node's own modules.
  banner: { js: "import { createRequire as novalessRequire } from 'node:module'; const require = novalessRequire(import.meta.url);" },
} satisfies BuildOptions;

/** Where all bundles stand, unless told otherwise. */
export const bundleFolder = join(root, 'dist/functions');

export interface Bundle {
  name: string;
  /** The folder that is deployed. */
  folder: string;
  /** Bytes of the minified file. */
  size: number;
}

/** Bundles all the functions with one esbuild call. Throws where an entry is missing or doesn't compile. */
export async function bundle(declarations: FunctionDeclaration[] = functions, outdir: string = bundleFolder): Promise<Bundle[]> {
  await rm(outdir, { recursive: true, force: true }); // what is no longer declared would only mislead
  await build(optionsOf(declarations, outdir));
  return Promise.all(
    declarations.map(async ({ name }) => ({ name, folder: join(outdir, name), size: (await stat(join(outdir, name, 'index.mjs'))).size })),
  );
}

/** For esbuild: a file for each function. */
export const optionsOf = (declarations: FunctionDeclaration[], outdir: string) => ({
  ...runsOnNode,
  absWorkingDir: root,
  entryPoints: declarations.map(({ name, entry }) => ({ in: entry, out: `${name}/index` })),
  outdir,
  outExtension: { '.js': '.mjs' },
  alias: { '@aws-sdk/credential-provider-node': join(root, 'shared/aws/environment-credentials.ts') },
  plugins: [httpByRequire],
  sourcemap: false,
}) satisfies BuildOptions;

/** An import of node:http, as the SDK has it, reads all its exports, WebSocket among them, and so loads undici: 30 ms of each cold start. A require does not. */
const httpByRequire: Plugin = {
  name: 'http-by-require',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) => (kind !== 'require-call' ? { path: 'node:http', namespace: 'by-require' } : undefined));
    onLoad({ filter: /./, namespace: 'by-require' }, ({ path }) => ({ contents: `module.exports = require('${path}');` }));
  },
};

/** Sizes as a table, largest first; what counts at a cold start is the first number, at a deployment the second. */
export async function report(bundles: Bundle[]): Promise<string> {
  const lines = await Promise.all(
    [...bundles]
      .sort((a, b) => b.size - a.size || a.name.localeCompare(b.name))
      .map(async ({ name, folder, size }) => {
        const zipped = gzipSync(await readFile(join(folder, 'index.mjs'))).length;
        return `${name.padEnd(28)} ${kilobytes(size)}  ${kilobytes(zipped)} zipped`;
      }),
  );
  return lines.join('\n');
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(0).padStart(6)} kB`;

if (import.meta.main) console.log(await report(await bundle()));
