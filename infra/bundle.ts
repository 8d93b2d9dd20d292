/**
 * Bundles every function into one file each: `dist/functions/NAME/index.mjs`.
 * The same sources give the same bytes, so a deployment replaces only the functions that changed. Source maps would cost every cold
 * start a fifth, so none is deployed: infra/trace.ts says where in the sources a place in a bundle is.
 * usage: node bin/pinned-node.js infra/bundle.ts
 */
import { readFile, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import type { FunctionDeclaration } from '../shared/deployment/declaration.ts';
import { functions } from './functions.ts';
import { leanPackages } from './lean-packages.ts';

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
  keepNames: true, // in stack traces; error classes are told apart by name
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

/**
 * Modules that a function imports when it first needs them, each a file beside its bundle, with all that it imports: a cold start
 * doesn't read them. Such a module shares no state with the function.
 */
const apart: Record<string, string[]> = {
  'nova-api': ['functions/nova-api/common/regular-expression.ts', 'functions/nova-api/servers/console-log.ts', 'functions/nova-api/servers/console-token.ts'],
};
const fileApart = (path: string) => basename(path, '.ts');

/** For esbuild: a file for each function, and those that lie apart. */
export const optionsOf = (declarations: FunctionDeclaration[], outdir: string) => ({
  ...runsOnNode,
  absWorkingDir: root,
  entryPoints: declarations.flatMap(({ name, entry }) => [
    { in: entry, out: `${name}/index` },
    ...(apart[name] ?? []).map((path) => ({ in: path, out: `${name}/${fileApart(path)}` })),
  ]),
  outdir,
  outExtension: { '.js': '.mjs' },
  alias: { '@aws-sdk/credential-provider-node': join(root, 'shared/aws/environment-credentials.ts') },
  plugins: [...leanPackages, besides],
  keepNames: false, // errors keep theirs
  sourcemap: false,
}) satisfies BuildOptions;

/** Leaves the import of a module that lies apart for when the function runs. */
const besides: Plugin = {
  name: 'besides',
  setup({ onResolve }) {
    const paths = new Set(Object.values(apart).flat().map((path) => join(root, path)));
    onResolve({ filter: /^\.{1,2}\// }, ({ kind, path, resolveDir }) =>
      kind === 'dynamic-import' && paths.has(resolve(resolveDir, path)) ? { path: `./${fileApart(path)}.mjs`, external: true } : undefined);
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
