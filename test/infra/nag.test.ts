import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { functions } from '../../infra/functions.ts';
import { HostsStack } from '../../infra/hosts-stack.ts';
import { NovalessStack } from '../../infra/stack.ts';
import { standInAgent, standInBundles } from './template.ts';

const folder = mkdtempSync(join(tmpdir(), 'novaless-nag-'));
after(() => rmSync(folder, { recursive: true }));

test("an auditor's first questions are answered: AWS Solutions finds nothing that the template doesn't give a reason for", () => {
  const app = new App({ outdir: join(folder, 'out'), analyticsReporting: false });
  new NovalessStack(app, 'Novaless', { bundles: standInBundles(folder, functions), keepData: true });
  new HostsStack(app, 'NovalessHosts', { agent: standInAgent(folder) });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  assert.doesNotThrow(() => app.synth(), 'its report is printed above');
});
