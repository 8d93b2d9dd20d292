/**
 * The CDK app. Run by the CDK command line (see cdk.json) or by itself, it bundles the functions and the agent and writes the
 * cloud assembly; nothing here asks AWS or the network for anything.
 * usage: node bin/pinned-node.js infra/app.ts [--keep-data false]
 */
import { resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { agentArchive, archiveAgent } from './agent-bundle.ts';
import { bundle, bundleFolder } from './bundle.ts';
import { HostsStack } from './hosts-stack.ts';
import { stacks } from './names.ts';
import { NovalessStack } from './stack.ts';

export interface SynthesisOptions {
  /** Folder for the cloud assembly; default: what the CDK command line asks for, else `cdk.out`. */
  outdir?: string;
  /** Folder with a bundle per function. */
  bundles?: string;
  /** The agent in one file. */
  agent?: string;
  /** Whether a destroyed stack leaves its tables and images behind. Default: the context value `keepData`, else true. */
  keepData?: boolean;
}

/** Writes the cloud assembly of both stacks from bundles that are there; returns the path of the control plane's template. */
export function synthesize({ outdir, bundles = bundleFolder, agent = agentArchive, keepData }: SynthesisOptions = {}): string {
  const app = new App({
    outdir: outdir ?? process.env['CDK_OUTDIR'] ?? resolve(import.meta.dirname, '../cdk.out'),
    analyticsReporting: false,
    // Tells which bundle a function's code is, for those who read the template and not the assembly.
    postCliContext: { 'aws:cdk:enable-asset-metadata': true },
  });
  const stack = new NovalessStack(app, stacks.controlPlane, {
    bundles,
    keepData: keepData ?? String(app.node.tryGetContext('keepData') ?? 'true') !== 'false',
  });
  new HostsStack(app, stacks.hosts, { agent }).addStackDependency(stack, 'reads what it says in SSM parameters');
  return resolve(app.synth().directory, stack.templateFile);
}

if (import.meta.main) {
  await Promise.all([bundle(), archiveAgent()]);
  synthesize();
}
