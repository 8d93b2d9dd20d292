import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type App, CfnOutput, CfnParameter, DefaultStackSynthesizer, Fn, Stack } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { root } from './bundle.ts';
import { toldByControlPlane } from './host-parameters.ts';
import { hostPolicy } from './host-policy.ts';
import { installation, installDocument } from './install-document.ts';
import { ringDocument } from './ring-document.ts';

export interface HostsStackProps {
  /** The agent in one file, as infra/agent-bundle.ts writes it. */
  agent: string;
}

/**
 * The hosts' side: how hosts are rung, what they may do, and how they get their agent. The control plane works without it, but nothing
 * launches until it is there.
 */
export class HostsStack extends Stack {
  constructor(app: App, id: string, { agent }: HostsStackProps) {
    super(app, id, {
      description: "Novaless: the hypervisor hosts' documents, rights and agent",
      synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
    });
    if (!existsSync(agent)) throw new Error(`${agent} is not there: npm run bundle:agent makes it`);
    const text = (name: string, value: string, description: string, allowedPattern: string) => new CfnParameter(this, name, { type: 'String', default: value, description, allowedPattern }).valueAsString;
    const parameterPath = text('ParameterPath', '/novaless', "Path under which the control plane's SSM parameters stand, which no host may read", '(/[A-Za-z0-9_.-]+)+');
    const nodeMirror = text('NodeMirror', 'https://registry.npmjs.org', "Where hosts fetch Node: npm's registry, or a mirror of it; its digest is checked", 'https?://[A-Za-z0-9_.:/-]*[^/]');

    const digest = createHash('sha256').update(readFileSync(agent)).digest('hex');
    const { version: release } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const version = `${release}-${digest.slice(0, 12)}`;
    const archive = new Asset(this, 'Agent', { path: agent });

    const ring = ringDocument(this);
    const install = installDocument(this, { agent: { version, digest, url: archive.httpUrl }, nodeMirror });
    installation(this, install, digest);
    const policy = hostPolicy(this, {
      made: toldByControlPlane(this), parameterPath,
      archive: Fn.join('', ['arn:', this.partition, ':s3:::', archive.s3BucketName, '/', archive.s3ObjectKey]),
    });
    for (const [name, value, description] of [
      ['HostPolicyArn', policy.managedPolicyArn, "What a host's role is given besides AmazonSSMManagedInstanceCore"],
      ['RingDocumentName', ring.ref, 'How nova-compute rings a host'],
      ['InstallDocumentName', install.ref, 'How a host gets its agent, also by hand: aws ssm send-command'],
      ['AgentVersion', version, "The agent that hosts have, as `readlink /opt/novaless/current` shows it there"],
    ] as const) new CfnOutput(this, name, { value, description });
  }
}
