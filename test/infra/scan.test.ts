import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { functions } from '../../infra/functions.ts';

const root = resolve(import.meta.dirname, '../..');

test('nothing grows slower with all that the cloud holds: no function may scan a table, and none has code for it', () => {
  const may = functions.flatMap(({ name, uses }) => uses.flatMap((grant) => ('table' in grant && grant.actions.some((action) => /^dynamodb:(Scan|PartiQL\w*|\*)$/.test(action)) ? [name] : [])));
  assert.deepEqual(may, []);
  const code = /\b(Scan(Command|Table|Input)?|paginateScan|ExecuteStatement(Command)?|BatchExecuteStatement(Command)?)\b/;
  const scanning = globSync('{functions,shared,agent}/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts') && code.test(withoutComments(readFileSync(join(root, file), 'utf8'))));
  assert.deepEqual(scanning, []);
});

const withoutComments = (source: string) => source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
