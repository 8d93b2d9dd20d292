import * as Type from '@sinclair/typebox';
import type { TSchema } from '@sinclair/typebox';

/** What the identity resources' schemas are made of (Identity API v3; Keystone takes unknown attributes and keeps them). */
export const Name = (maxLength = 255) => Type.String({ minLength: 1, maxLength, pattern: '\\S' });
export const Id = Type.String({ minLength: 1, maxLength: 64, pattern: '^[a-zA-Z0-9_-]+$' });
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const Description = nullable(Type.String({ maxLength: 65_535 }));
export const Flag = Type.Boolean();

const plain = [Type.String({ maxLength: 65_535 }), Type.Boolean(), Type.Number({ minimum: -1e15, maximum: 1e15 }), Type.Null()];
/** Attributes of the user's own: plain values, so that what comes back is what was given. */
const Extra = Type.Union([...plain, Type.Array(Type.Union(plain), { maxItems: 100 })]);
export const Options = Type.Record(Type.String({ minLength: 1, maxLength: 255 }), Extra);
export const Tag = Type.String({ minLength: 1, maxLength: 255, pattern: '^[^,/]*$' });
export const Tags = Type.Array(Tag, { maxItems: 80, uniqueItems: true });

/** An object with these fields, and attributes of the user's own beside them. */
export const withExtras = (fields: Record<string, TSchema>, options: { required?: string[]; minProperties?: number } = {}) =>
  Type.Object(
    Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, options.required?.includes(name) ? schema : Type.Optional(schema)])),
    { additionalProperties: Extra, propertyNames: { minLength: 1, maxLength: 255 }, ...(options.minProperties && { minProperties: options.minProperties }) },
  );
