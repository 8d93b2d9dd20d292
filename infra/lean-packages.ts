/**
 * What packages bring into a bundle that no function uses, kept out of it. Each plugin changes what is loaded, not what it does.
 */
import { readFile } from 'node:fs/promises';
import { transform, type Plugin } from 'esbuild';

/** An import of node:http, as the SDK has it, reads all its exports, WebSocket among them, and so loads undici: 30 ms of each cold start. A require does not. */
const httpByRequire: Plugin = {
  name: 'http-by-require',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) => (kind !== 'require-call' ? { path: 'node:http', namespace: 'by-require' } : undefined));
    onLoad({ filter: /./, namespace: 'by-require' }, ({ path }) => ({ contents: `module.exports = require('${path}');` }));
  },
};

/**
 * A client's schemas name their members through constants, as computed keys; of those a bundler must believe that they do
 * something, so it keeps the schemas of all operations. With the names written out, only those of used operations stay.
 */
const schemasByName: Plugin = {
  name: 'schemas-by-name',
  setup({ onLoad }) {
    onLoad({ filter: /@aws-sdk\/client-[\w-]+\/dist-es\/schemas\/\w+\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const names = new Map([...source.matchAll(/^const (_\w+) = ("[^"]*");$/gm)].map(([, constant, text]) => [constant!, text!]));
      const named = source.replace(/\[(_\w+)\]:/g, (key, constant) => (names.has(constant) ? `${names.get(constant)}:` : key));
      return { contents: knownByName.test(path) ? withoutErrors(named) : named };
    });
  },
};

/** Clients of whose errors nobody asks more than the name. (DynamoDB's carry items, S3's protocol takes some names from the class.) */
const knownByName = /client-(ssm|sqs|eventbridge|secrets-manager)\//;

/** An error that has no class of its own becomes the client's general exception, with its own name, message, fault and fields. */
const withoutErrors = (source: string) => source.replace(/^n0_registry\.registerError\(.*\);$/gm, '');

/** Parts of packages that are reached only by what we don't use: streams of events in answers, discovery of endpoints, references between schemas by URL. */
const unused: Record<string, string> = {
  '@smithy/core/event-streams': `
    export const eventStreamSerdeProvider = () => undefined;
    export const resolveEventStreamSerdeConfig = (input) => input;
    export class EventStreamSerde { constructor() { throw new Error('answers that are streams of events are not bundled'); } }`,
  '@aws-sdk/endpoint-cache': `
    export class EndpointCache { getEndpoint() { throw new Error('the discovery of endpoints is not bundled'); } }`,
  'fast-uri': `
    const none = (text) => { if (text) throw new Error('references between schemas are not bundled: ' + text); };
    exports.parse = (id) => (none(id), {});
    exports.serialize = () => '';
    exports.resolve = (base, id) => (none(base), none(id), '');`,
};
const withoutUnused: Plugin = {
  name: 'without-unused',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(${Object.keys(unused).join('|')})$`) }, ({ path }) => ({ path, namespace: 'unused' }));
    onLoad({ filter: /./, namespace: 'unused' }, ({ path }) => ({ contents: unused[path]! }));
  },
};

/** Requests for all regions at once are signed in a way of their own, by packages that would have to be there; a region's are signed as by this class. */
const oneRegion: Plugin = {
  name: 'one-region',
  setup({ onLoad }) {
    onLoad({ filter: /signature-v4-multi-region\/dist-es\/SignatureV4MultiRegion\.js$/ }, () => ({
      contents: `
        import { SignatureV4SignWithCredentials } from './SignatureV4SignWithCredentials';
        export class SignatureV4MultiRegion extends SignatureV4SignWithCredentials { static sigv4aDependency() { return 'none'; } }`,
    }));
  },
};

/** Of a client's package.json the SDK says name and version in a request's header. JSON Schema's own schema is not asked for (shared/http/validate.ts). */
const leanJson: Plugin = {
  name: 'lean-json',
  setup({ onLoad }) {
    onLoad({ filter: /@aws-sdk\/client-[\w-]+\/package\.json$/ }, async ({ path }) => {
      const { name, version } = JSON.parse(await readFile(path, 'utf8')) as { name: string; version: string };
      return { contents: JSON.stringify({ name, version }), loader: 'json' };
    });
    onLoad({ filter: /ajv\/dist\/refs\/[\w-]+\.json$/ }, () => ({ contents: '{}', loader: 'json' }));
  },
};

/**
 * Errors are told apart by their class's name in logs and faults, so files of ours that have classes keep the names in them, and
 * so do jose's errors and the one class that the SDK asks by name. To keep every function's name would be a fourteenth of a bundle; infra/trace.ts finds those.
 */
const classesByName: Plugin = {
  name: 'classes-by-name',
  setup({ onLoad }) {
    onLoad({ filter: /\/(functions|shared|test\/infra)\/.*\.ts$|\/jose\/.*errors\.js$|\/NoOpLogger\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      if (!/^(export )?class /m.test(source)) return undefined;
      const { code } = await transform(source, { loader: path.endsWith('.ts') ? 'ts' : 'js', sourcefile: path, keepNames: true, target: 'node24', sourcemap: 'inline', sourcesContent: false });
      return { contents: code, loader: 'js' };
    });
  },
};

export const leanPackages: Plugin[] = [httpByRequire, schemasByName, withoutUnused, oneRegion, leanJson, classesByName];
