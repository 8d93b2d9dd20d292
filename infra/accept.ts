import { Stack, Validations } from 'aws-cdk-lib';
import type { PolicyDocument } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** A finding of cdk-nag's AWS Solutions pack that is right as it is here, with the reason; stands where the resource is made. */
export function accept(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
}

/** Accepts those of a policy's resources that end in a wildcard for which there is a reason; any other stays a finding. */
export function acceptWildcards(role: IConstruct, policy: PolicyDocument, reasons: [ending: RegExp, reason: string][]): void {
  const { Statement: statements = [] } = (Stack.of(role).resolve(policy) ?? {}) as { Statement?: { Resource: unknown }[] };
  for (const resource of statements.flatMap(({ Resource }) => [Resource].flat()).map(flat)) {
    const [, reason] = reasons.find(([ending]) => ending.test(resource)) ?? [];
    if (reason) accept(role, `IAM5[Resource::${resource}]`, reason);
  }
}

/** A value of a template as cdk-nag names it: `<Table.Arn>/…`, `<AWS::Region>`. */
function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[kind, of]] = Object.entries(value as Record<string, unknown>) as [[string, any]];
  if (kind === 'Ref') return `<${of}>`;
  if (kind === 'Fn::GetAtt') return `<${of.join('.')}>`;
  const [separator, parts] = of as [string, unknown[]];
  return parts.map(flat).join(separator);
}
