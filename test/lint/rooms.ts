/** A lint rule: who may import whom. A room's list is all that its files may import from the project. */
import { dirname, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** First match wins; `$1` in an allowed prefix is what the pattern's group matched. Tests may import anything. */
const rooms: { files: RegExp; may: string[] }[] = [
  { files: /\.test\.ts$|^test\//, may: [''] },
  { files: /^functions\/[^/]+\/deployment\.ts$/, may: ['shared/deployment/'] },
  { files: /^functions\/([^/]+)\//, may: ['functions/$1/', 'shared/'] },
  { files: /^shared\//, may: ['shared/'] },
  { files: /^agent\//, may: ['agent/', 'shared/agent/', 'shared/objects/', 'shared/telemetry/', 'shared/environment.ts', 'shared/compression.ts', 'shared/aws/lean.ts'] },
  { files: /^infra\//, may: ['infra/', 'shared/deployment/', 'shared/agent/', 'functions/*/deployment.ts', 'local/', 'bin/'] },
  { files: /^local\//, may: ['local/', 'infra/', 'shared/deployment/', 'shared/agent/', 'bin/'] },
  { files: /^bin\//, may: ['bin/'] },
];

/** Packages that only these rooms may know: what builds the cloud, and what stands in for AWS on one machine. */
const packages: { name: RegExp; rooms: RegExp }[] = [
  { name: /^(aws-cdk-lib|constructs|esbuild)(\/|$)/, rooms: /^infra\// },
  { name: /^(fauxqs|@dynoxide\/.*)$/, rooms: /^local\// },
];

/** Why `file` may not import `specifier` (paths from the project's root), or undefined. */
export function forbidden(file: string, specifier: string): string | undefined {
  const room = rooms.find(({ files }) => files.test(file));
  if (!room || room.may.includes('')) return undefined;
  if (!specifier.startsWith('.')) {
    const owner = packages.find(({ name, rooms: owners }) => name.test(specifier) && !owners.test(file));
    return owner && `${specifier} is not for this room`;
  }
  const target = relative(root, resolve(root, dirname(file), specifier));
  const group = room.files.exec(file)?.[1] ?? '';
  const allowed = room.may.some((prefix) => {
    const [before, after] = prefix.replace('$1', group).split('*') as [string, string?];
    return target.startsWith(before) && (after === undefined || target.endsWith(after));
  });
  return allowed ? undefined : `${dirname(file)} may import ${room.may.join(', ').replace('$1', group)}; not ${target}`;
}

interface ImportNode { source?: { value?: unknown } | null }
interface RuleContext { filename: string; report(problem: { node: unknown; message: string }): void }

export default {
  meta: { name: 'novaless' },
  rules: {
    rooms: {
      create(context: RuleContext) {
        const file = relative(root, context.filename);
        const check = (node: ImportNode) => {
          if (typeof node.source?.value !== 'string') return;
          const message = forbidden(file, node.source.value);
          if (message) context.report({ node, message });
        };
        return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check, ImportExpression: check };
      },
    },
  },
};
