import * as Type from '@sinclair/typebox';
import type { Static, TObject, TProperties, TSchema } from '@sinclair/typebox';
import type { ErrorObject } from 'ajv';
import { badRequest } from '../../../shared/http/errors.ts';
import type { Request } from '../../../shared/http/route.ts';
import { python, validator } from '../../../shared/http/validate.ts';
import { invalidAttribute, unrecognized } from '../errors.ts';

/** What a request's body holds: one resource, or where `collection` is given a list of them. */
interface BodySchema extends TSchema {
  resource: string;
  collection?: string;
  attributes: TObject;
  /** Attributes that the resource has but that this request may not give. */
  fixed: readonly string[];
}

/** A body schema in Neutron's manner: `{network: {…}}`, in a POST also `{networks: [{…}, …]}`. */
export const bodyOf = (resource: string, attributes: TObject, options: { collection?: string; readOnly?: readonly string[] } = {}): BodySchema =>
  ({ ...Type.Object({}), resource, attributes, fixed: options.readOnly ?? [], ...(options.collection && { collection: options.collection }) }) as unknown as BodySchema;

/** An object that refuses other attributes. */
export const attributes = <T extends TProperties>(properties: T) => Type.Object(properties, { additionalProperties: false });
export type Attributes<T extends TSchema> = Static<T>;

const common = ['id', 'created_at', 'updated_at', 'revision_number', 'status'];
export const readOnly = (...more: string[]) => [...common, ...more];

/**
 * Checks a request's body as neutron-lib's attribute maps do, and names the attribute in its words. Booleans and numbers may come
 * as strings, as Neutron takes them. Afterwards `request.body` holds what was checked.
 */
export function validateBody(schema: TSchema, body: unknown, request: Pick<Request, 'method'>): void {
  const { resource, collection, attributes: shape, fixed } = schema as BodySchema;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('Body contains invalid data', { type: 'HTTPBadRequest' });
  const given = body as Record<string, unknown>;
  if (collection && collection in given) {
    const many = given[collection];
    if (!Array.isArray(many) || many.length === 0) throw badRequest('Resources required', { type: 'HTTPBadRequest' });
    for (const one of many) validateResource(resource, shape, fixed, one, request.method);
    return;
  }
  if (!(resource in given)) throw badRequest(`Unable to find '${resource}' in request body`, { type: 'HTTPBadRequest' });
  validateResource(resource, shape, fixed, given[resource], request.method);
}

function validateResource(resource: string, shape: TObject, fixed: readonly string[], value: unknown, method: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest(`Object '${resource}' contains invalid data`, { type: 'HTTPBadRequest' });
  const given = value as Record<string, unknown>;
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(shape.properties, name) && !fixed.includes(name));
  if (unknown.length) throw unrecognized(unknown);
  const refused = Object.keys(given).find((name) => !Object.hasOwn(shape.properties, name));
  if (refused) throw badRequest(method === 'PUT' ? `Cannot update read-only attribute ${refused}` : `Attribute '${refused}' not allowed in POST`, { type: 'HTTPBadRequest' });
  for (const [name, property] of Object.entries(shape.properties)) if (name in given) given[name] = coerced(property, given[name]);
  const check = validator(shape);
  if (!check(given)) throw explain(check.errors!);
}

const words = new Map([['true', true], ['false', false], ['1', true], ['0', false]]);

function coerced(schema: TSchema, value: unknown): unknown {
  const types = [schema, ...((schema['anyOf'] as TSchema[] | undefined) ?? [])].map(({ type }) => type as string | undefined);
  if (types.includes('boolean')) return (typeof value === 'string' ? words.get(value.toLowerCase()) : value === 1 || value === 0 ? value === 1 : undefined) ?? value;
  return types.includes('integer') && typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
}

function explain(errors: ErrorObject[]) {
  const { keyword, instancePath, params, data, parentSchema } = errors.reduce((best, e) => (e.instancePath.split('/').length > best.instancePath.split('/').length ? e : best));
  const [, attribute, ...below] = instancePath.split('/');
  if (attribute === undefined && keyword === 'required')
    return badRequest(`Failed to parse request. Required attribute '${params['missingProperty']}' not specified`, { type: 'HTTPBadRequest' });
  const text = python(data);
  const reason = ((): string => {
    switch (keyword) {
      case 'type': case 'anyOf': {
        const wanted = [params['type'] ?? parentSchema?.['anyOf']?.map((s: { type?: string }) => s.type)].flat();
        if (wanted.includes('boolean')) return `${text} cannot be converted to boolean`;
        if (wanted.includes('integer')) return `${text} is not an integer`;
        if (wanted.includes('array')) return `${text} is not a list`;
        if (wanted.includes('object')) return `${text} is not a dictionary`;
        return `${text} is not a valid string`;
      }
      case 'maxLength': return `${text} exceeds maximum length of ${params['limit']}`;
      case 'maxItems': return `the list has more than ${params['limit']} items`;
      case 'uniqueItems': return `Duplicate items in the list: ${text}`;
      case 'minimum': return `${text} is too small - must be at least '${params['limit']}'`;
      case 'maximum': return `${text} is too large - must be no larger than '${params['limit']}'`;
      case 'enum': return `${text} is not in ${python(params['allowedValues'])}`;
      case 'format': return params['format'] === 'uuid' ? `${text} is not a valid UUID` : `${text} is not a valid ${params['format']}`;
      case 'pattern': return `${text} is not a valid input`;
      case 'required': return `Validation of dictionary's keys failed. ${params['missingProperty']} is missing`;
      case 'additionalProperties': return `Unexpected keys supplied: ${params['additionalProperty']}`;
      default: return `${text} is not valid${below.length ? ` at ${below.join('.')}` : ''}`;
    }
  })();
  return invalidAttribute(attribute ?? 'the request', reason);
}
