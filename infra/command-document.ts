import type { Stack } from 'aws-cdk-lib';
import { CfnDocument } from 'aws-cdk-lib/aws-ssm';

interface Content {
  description: string;
  parameters: Record<string, object>;
  steps: { action: string; name: string; inputs: object }[];
}

/** An SSM document for Run Command on Linux hosts. It has a fixed name, so each change of it is a new version. */
export function commandDocument(stack: Stack, id: string, name: string, { description, parameters, steps }: Content): CfnDocument {
  return new CfnDocument(stack, id, {
    name,
    documentType: 'Command',
    documentFormat: 'JSON',
    targetType: '/',
    updateMethod: 'NewVersion',
    content: {
      schemaVersion: '2.2', description, parameters,
      mainSteps: steps.map(({ action, name: step, inputs }) => ({ action, name: step, precondition: { StringEquals: ['platformType', 'Linux'] }, inputs })),
    },
  });
}
