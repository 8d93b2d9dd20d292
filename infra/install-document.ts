import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import { CfnAssociation, type CfnDocument } from 'aws-cdk-lib/aws-ssm';
import { root } from './bundle.ts';
import { commandDocument } from './command-document.ts';
import { documents, hostTag } from './names.ts';

interface Settings {
  /** The archive's version, by which a host's folder is called, its SHA-256 in hexadecimal, and where it is in S3. */
  agent: { version: string; digest: string; url: string };
  /** Base URL of npm's registry, or of a mirror. */
  nodeMirror: string;
}

/** Where the first step leaves the archive on the host for the second. */
const archive = '/opt/novaless/incoming/agent.tar.gz';

/**
 * The document that installs the agent on a host, and upgrades it. The SSM agent fetches the archive with the host's own credentials,
 * so a host needs no AWS tools; the script believes it only by its digest, which stands in the document. Node comes from npm's registry,
 * pinned by version and digest in the project's own lock file for both kinds of processor: so the archive stays small,
 * and a deployment from one kind of machine serves hosts of the other.
 */
export function installDocument(stack: Stack, { agent, nodeMirror }: Settings): CfnDocument {
  const node = pinnedNodes();
  const script = readFileSync(join(import.meta.dirname, 'install-agent.sh'), 'utf8');
  if (script.includes('{{')) throw new Error('SSM would replace what stands in double braces in install-agent.sh');
  return commandDocument(stack, 'InstallDocument', documents.install, {
    description: 'Installs the Novaless agent on a hypervisor host, and upgrades it without touching guests',
    parameters: {
      agent: {
        type: 'String', description: "The archive's SHA-256. The document knows it; it stands here as well so that the association sees a change, and is applied at once",
        allowedPattern: '^[0-9a-f]{64}$', default: agent.digest,
      },
    },
    steps: [
      { action: 'aws:downloadContent', name: 'fetch', inputs: { sourceType: 'S3', sourceInfo: { path: agent.url }, destinationPath: archive } },
      {
        action: 'aws:runShellScript', name: 'install',
        inputs: {
          timeoutSeconds: '900',
          runCommand: [
            '#!/bin/sh',
            `version='${agent.version}' digest='${agent.digest}' archive='${archive}' config='/etc/novaless/agent.json'`,
            `node_version='${node.version}' node_mirror='${nodeMirror}'`,
            `node_x64='${node.x64}'`,
            `node_arm64='${node.arm64}'`,
            ...script.trimEnd().split('\n'),
          ],
        },
      },
    ],
  });
}

/** Applies it to every tagged machine that SSM knows: when it joins, when the agent changes, and from time to time, for those that were away. */
export function installation(stack: Stack, document: CfnDocument, digest: string): void {
  new CfnAssociation(stack, 'Installation', {
    name: document.ref,
    associationName: documents.install,
    targets: [{ key: `tag:${hostTag.key}`, values: [hostTag.value] }],
    parameters: { agent: [digest] },
    scheduleExpression: 'rate(30 minutes)',
    // A tenth of the hosts at a time, and an agent that fails on a quarter of them goes no further.
    maxConcurrency: '10%',
    maxErrors: '25%',
    complianceSeverity: 'HIGH',
  });
}

/** The Node that the project runs on, as its lock file pins it: version, and SHA-512 in hexadecimal of each package. */
function pinnedNodes(): { version: string; x64: string; arm64: string } {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, { version: string; integrity: string }> };
  const of = (arch: string) => packages[`node_modules/node-linux-${arch}`]!;
  const digest = (arch: string) => Buffer.from(of(arch).integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
  if (of('x64').version !== of('arm64').version) throw new Error('package-lock.json pins different Nodes for different processors');
  return { version: of('x64').version, x64: digest('x64'), arm64: digest('arm64') };
}
