import { Ajv } from 'ajv';
import type { Static, TSchema } from '@sinclair/typebox';

const ajv = new Ajv({ strict: false, allErrors: false });

/** A check of one schema: undefined where the value fits, else what doesn't, naming the field but never its value. */
export function checker<S extends TSchema>(schema: S): (value: unknown) => string | undefined {
  const validate = ajv.compile<Static<S>>(schema);
  return (value) => (validate(value) ? undefined : ajv.errorsText(validate.errors, { dataVar: 'it' }));
}
