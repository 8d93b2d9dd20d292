import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { optionsOf, root } from '../../infra/bundle.ts';
import type { FunctionDeclaration } from '../../shared/deployment/declaration.ts';
import { services } from '../../shared/openstack/rest.ts';

const call = (name: string) => `\\.${name}(?:<[^(]*>)?\\(`;
/** How the code says what needs a right: a call of the store or of a queue's topic, a command of an SDK. */
const signs: Record<string, RegExp> = {
  'dynamodb:GetItem': new RegExp(call('get')),
  'dynamodb:BatchGetItem': new RegExp(`${call('getMany')}|${call('due')}`),
  'dynamodb:Query': new RegExp(`${call('query')}|${call('page')}|${call('queryPage')}|${call('due')}`),
  'dynamodb:PutItem': new RegExp(`${call('put')}|${call('putNew')}|\\bput: `),
  'dynamodb:UpdateItem': new RegExp(`${call('update')}|${call('change')}|\\bupdate: `),
  'dynamodb:DeleteItem': new RegExp(`${call('remove')}|\\bdelete: `),
  'dynamodb:ConditionCheckItem': /\bcheck: \{?/,
  's3:GetObject': /\b(Get|Head|Copy)Object|UploadPartCopy/,
  's3:PutObject': /\bPutObject|UploadPart|MultipartUpload/,
  's3:DeleteObject': /\bDeleteObject/,
  's3:AbortMultipartUpload': /\bAbortMultipartUpload/,
  's3:ListBucket': /\bListObjects/,
  'ssm:SendCommand': /\bSendCommand/,
  'ssm:GetParameter': /\bGetParameter/,
  'ssm:PutParameter': /\bPutParameter/,
  'secretsmanager:GetSecretValue': /\bGetSecretValue/,
  'events:PutEvents': /\bPutEvents/,
};

/** Whether something that is bundled for a function could use a right, in the words of test/support/grants.ts. */
export async function reach(declarations: FunctionDeclaration[]): Promise<(declaration: FunctionDeclaration, right: string) => boolean> {
  const folder = join(root, 'dist/never-written');
  const { metafile } = await build({ ...optionsOf(declarations, folder), metafile: true, write: false });
  const texts = new Map(declarations.map(({ name }) => {
    const bundled = Object.entries(metafile.outputs).filter(([path]) => resolve(root, path).startsWith(`${join(folder, name)}/`)).flatMap(([, { inputs }]) => Object.entries(inputs));
    const files = bundled.filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && /^(functions|shared)\//.test(path) && !path.startsWith('shared/store/')).map(([path]) => path);
    return [name, [...new Set(files)].map((path) => readFileSync(join(root, path), 'utf8'))];
  }));
  return ({ name, queue }, right) => {
    const [, action = '', to = ''] = /: (\S+) on (?:queue )?(.*)$/.exec(right)!;
    const found = (sign: RegExp) => texts.get(name)!.some((text) => sign.test(text));
    if (action === 'sqs:SendMessage') return found(new RegExp(`\\b${topic(to)}\\.methods\\b`)) || (queue !== undefined && answers(queue, to));
    if (action === 'lambda:InvokeFunction') return found(asks(to.replace('function ', '')));
    if (!signs[action]) throw new Error(`nothing is known of how code uses ${action}`);
    return found(signs[action]);
  };
}

/** A service is asked by its OpenStack type, keystone for tokens by the function's name. */
const asks = (name: string) => new RegExp(`\\brest(?:<.*>)?\\('${Object.entries(services).find(([, each]) => each.function === name)?.[0]}'|\\bask\\('${name}'`);
const topic = (queue: string) => queue.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Whether the other queue takes answers of this one's methods. */
function answers(queue: string, other: string): boolean {
  const file = join(root, 'shared/rpc/topics', `${other}.ts`);
  return existsSync(file) && readFileSync(file, 'utf8').includes(`to: ${topic(queue)}.methods`);
}
