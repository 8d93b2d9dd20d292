import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { Ajv } from 'ajv';

/** Stands for a function in the bundling's tests: one import from the AWS SDK, one from a CommonJS package. */
export const handler = async () => ({ sdk: GetItemCommand.name, commonjs: new Ajv().validate({ type: 'string' }, 'x') });

export function fail(): never {
  throw new Error('as it should');
}
