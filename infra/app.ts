/**
 * The CDK app. Run by the CDK command line (see cdk.json) or by itself, it bundles the functions and writes the
 * cloud assembly; nothing here asks AWS or the network for anything.
 * usage: node bin/pinned-node.js infra/app.ts [--keep-data false]
 */
import { resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { bundle, bundleFolder } from './bundle.ts';
import { NovalessStack } from './stack.ts';

export interface SynthesisOptions {
  /** Folder for the cloud assembly; default: what the CDK command line asks for, else `cdk.out`. */
  outdir?: string;
  /** Folder with a bundle per function. */
  bundles?: string;
  /** Whether a destroyed stack leaves its tables and images behind. Default: the context value `keepData`, else true. */
  keepData?: boolean;
}

/** Writes the cloud assembly from bundles that are there; returns the template's path. */
export function synthesize({ outdir, bundles = bundleFolder, keepData }: SynthesisOptions = {}): string {
  const app = new App({
    outdir: outdir ?? process.env['CDK_OUTDIR'] ?? resolve(import.meta.dirname, '../cdk.out'),
    analyticsReporting: false,
    // Tells which bundle a function's code is, for those who read the template and not the assembly.
    postCliContext: { 'aws:cdk:enable-asset-metadata': true },
  });
  const stack = new NovalessStack(app, 'Novaless', {
    bundles,
    keepData: keepData ?? String(app.node.tryGetContext('keepData') ?? 'true') !== 'false',
  });
  return resolve(app.synth().directory, stack.templateFile);
}

if (import.meta.main) {
  await bundle();
  synthesize();
}
