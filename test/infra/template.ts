import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionDeclaration } from '../../shared/deployment/declaration.ts';

/** What stands in a resource's properties differs by its type; the tests look at it as it comes. */
export type Properties = Record<string, any>;

/** A template as the tests read it. */
export interface Template {
  Parameters: Record<string, { Type: string; Default?: string }>;
  Resources: Record<string, { Type: string; DeletionPolicy?: string; Properties: Properties }>;
}

/** Bundles with nothing in them: a template's shape does not depend on what the functions do. */
export function standInBundles(folder: string, functions: FunctionDeclaration[]): string {
  const bundles = join(folder, 'bundles');
  for (const { name } of functions) {
    mkdirSync(join(bundles, name), { recursive: true });
    writeFileSync(join(bundles, name, 'index.mjs'), `export const handler = ${JSON.stringify(name)};\n`);
  }
  return bundles;
}

/** Stands for the agent in one file. */
export function standInAgent(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'agent.tar.gz');
  writeFileSync(file, 'the agent');
  return file;
}

/** Logical ids end in eight hexadecimal digits (32 more for a deployment of the REST API) that tell a reader nothing. */
export const stripHashes = (id: string): string => id.replace(/[0-9A-F]{8}(?:[0-9a-f]{32})?(?=$|Api[A-Z]|Novaless)/g, '');

/** `dynamodb:GetItem, dynamodb:Query on KeystoneTable.Arn, KeystoneTable.Arn/index/*` */
export function describeStatement({ Effect = 'Allow', Action, Resource, Condition }: { Effect?: string; Action: string | string[]; Resource: unknown; Condition?: object }): string {
  const lines = [`${Effect === 'Deny' ? 'DENY ' : ''}${[Action].flat().join(', ')}`, `  on ${[Resource].flat().map(describeValue).join(', ')}`];
  return [...lines, ...(Condition ? [`  where ${JSON.stringify(Condition)}`] : [])].map((line) => `  ${line}`).join('\n');
}

function describeValue(value: unknown): string {
  if (typeof value === 'string') return value.replace(/[0-9a-f]{64}/, 'HASH');
  const [[kind, of]] = Object.entries(value as Record<string, unknown>) as [[string, unknown]];
  if (kind === 'Ref') return `<${stripHashes(of as string)}>`;
  if (kind === 'Fn::GetAtt') return stripHashes((of as string[])[0]!);
  if (kind === 'Fn::Sub') return of as string;
  const [separator, parts] = of as [string, unknown[]];
  return parts.map(describeValue).join(separator);
}

/** Writes what is now the reviewed state; called only where UPDATE_SNAPSHOTS is set. */
export function writeSnapshot(file: string, text: string): void {
  writeFileSync(file, `${text}\n`);
}
