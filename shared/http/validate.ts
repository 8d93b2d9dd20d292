import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { TSchema } from '@sinclair/typebox';
import { badRequest } from './errors.ts';

// The schemas are the program's own: to check them against JSON Schema's own schema would cost each cold start 50 ms.
const ajv = new Ajv({ allErrors: false, strict: false, verbose: true, allowUnionTypes: true, meta: false, validateSchema: false });
(formats as unknown as (ajv: Ajv, options: object) => void)(ajv, { mode: 'full' });
ajv.addFormat('base64', /^(?:[A-Za-z0-9+/\s]{4})*(?:[A-Za-z0-9+/\s]{2}==|[A-Za-z0-9+/\s]{3}=)?\s*$/);

const compiled = new WeakMap<object, ValidateFunction>();

/** The compiled validator of a schema, compiled once per environment. */
export function validator(schema: TSchema): ValidateFunction {
  let validate = compiled.get(schema);
  if (!validate) compiled.set(schema, (validate = ajv.compile(schema)));
  return validate;
}

/** Throws 400 in the words of the services' jsonschema validators, naming the field. */
export function validate(schema: TSchema, value: unknown): void {
  const check = validator(schema);
  if (!check(value)) throw badRequest(explain(check.errors!));
}

/** The most telling of the errors: inside a union the deepest one. */
export function explain(errors: ErrorObject[]): string {
  const error = errors.reduce((best, e) => (depth(e) > depth(best) ? e : best));
  const field = error.instancePath.slice(1).replaceAll('/', '.');
  const reason = reasonOf(error);
  return field ? `Invalid input for field/attribute ${field.split('.').at(-1)}. Value: ${python(error.data)}. ${reason}` : reason;
}

const depth = (e: ErrorObject) => e.instancePath.split('/').length - (e.keyword === 'anyOf' || e.keyword === 'oneOf' ? 0.5 : 0);

function reasonOf({ keyword, params, data, message, schema }: ErrorObject): string {
  switch (keyword) {
    case 'type': return `${python(data)} is not of type ${[params['type']].flat().map((t: string) => `'${t}'`).join(', ')}`;
    case 'required': return `'${params['missingProperty']}' is a required property`;
    case 'additionalProperties': return `Additional properties are not allowed ('${params['additionalProperty']}' was unexpected)`;
    case 'maxLength': return `${python(data)} is too long`;
    case 'minLength': return `${python(data)} is too short`;
    case 'maxItems': return `${python(data)} is too long`;
    case 'minItems': return `${python(data)} is too short`;
    case 'maxProperties': return `${python(data)} has too many properties`;
    case 'minProperties': return `${python(data)} does not have enough properties`;
    case 'maximum': return `${python(data)} is greater than the maximum of ${params['limit']}`;
    case 'minimum': return `${python(data)} is less than the minimum of ${params['limit']}`;
    case 'enum': return `${python(data)} is not one of ${python(params['allowedValues'])}`;
    case 'const': return `${python(data)} was expected to be ${python(params['allowedValue'])}`;
    case 'pattern': return `${python(data)} does not match ${python(params['pattern'])}`;
    case 'format': return `${python(data)} is not a '${params['format']}'`;
    case 'uniqueItems': return `${python(data)} has non-unique elements`;
    case 'anyOf': case 'oneOf': return `${python(data)} is not valid under any of the given schemas`;
    case 'propertyNames': return `${python(params['propertyName'])} is not an allowed name`;
    default: return message ?? `does not meet ${keyword} ${JSON.stringify(schema)}`;
  }
}

/** A value as the clients' users know it from Python, cut where it is long. */
export function python(value: unknown): string {
  const text = repr(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
function repr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value === 'object') return `{${Object.entries(value).map(([k, v]) => `'${k}': ${repr(v)}`).join(', ')}}`;
  return String(value);
}
