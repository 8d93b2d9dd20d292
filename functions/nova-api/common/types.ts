import * as Type from '@sinclair/typebox';
import type { Static, TSchema } from '@sinclair/typebox';

/** Parameter types that the Compute API's schemas share. */

/** An object that takes no other properties than these. */
export const Strict = <P extends Record<string, TSchema>>(properties: P) => Type.Object(properties, { additionalProperties: false });
export const Optional = Type.Optional;

/** Printable, 1 to 255 characters, no white space at either end. */
export const Name = Type.String({ minLength: 1, maxLength: 255, pattern: '^(?!\\p{Z})[^\\p{C}\\p{Zl}\\p{Zp}]*(?<!\\p{Z})$' });
export const Description = Type.Union([Type.String({ maxLength: 255, pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]*$' }), Type.Null()]);
export const Uuid = Type.String({ format: 'uuid' });
export const Ipv4 = Type.String({ format: 'ipv4' });
export const Ipv6 = Type.String({ format: 'ipv6' });
export const IpAddress = Type.Union([Ipv4, Ipv6]);
export const Fqdn = Type.String({ minLength: 1, maxLength: 255, pattern: '^[a-zA-Z0-9\\-._]*$' });
export const Hostname = Type.String({ minLength: 2, maxLength: 63, pattern: '^[a-zA-Z0-9]+[a-zA-Z0-9\\-]*[a-zA-Z0-9]+$' });
export const Tag = Type.String({ minLength: 1, maxLength: 60, pattern: '^[^,/]*$' });
export const DiskConfig = Type.Unsafe<'AUTO' | 'MANUAL'>({ type: 'string', enum: ['AUTO', 'MANUAL'] });
export const DeviceName = Type.String({ minLength: 1, maxLength: 255, pattern: '^[a-zA-Z0-9._/\\-]*$' });

export const METADATA_KEY = '^[a-zA-Z0-9\\-_:. ]{1,255}$';
export const Metadata = Type.Unsafe<Record<string, string>>({
  type: 'object', patternProperties: { [METADATA_KEY]: { type: 'string', maxLength: 255 } }, additionalProperties: false,
});

const TRUE = ['True', 'TRUE', 'true', '1', 'ON', 'On', 'on', 'YES', 'Yes', 'yes'];
const FALSE = ['False', 'FALSE', 'false', '0', 'OFF', 'Off', 'off', 'NO', 'No', 'no'];
/** A boolean, or one of the words that stand for one. */
export const Bool = Type.Unsafe<boolean | string>({ type: ['boolean', 'string'], enum: [true, ...TRUE, false, ...FALSE] });
export const isTrue = (value: boolean | string | null | undefined): boolean => (typeof value === 'string' ? /^(true|t|1|on|yes|y)$/i.test(value.trim()) : value === true);

const MAX_INT = 0x7fffffff;
/** An integer, or its digits. */
export const IntegerFrom = (minimum: number, maximum = MAX_INT) =>
  Type.Unsafe<number | string>({ anyOf: [{ type: 'integer', minimum, maximum }, { type: 'string', pattern: minimum > 0 ? '^0*[1-9][0-9]*$' : '^[0-9]+$', maxLength: 10 }] });

/** A query parameter that may stand there several times. */
export const Many = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Array(schema)]);
/** A query: these parameters are checked, others let pass (before 2.75) or refused. */
export const Query = (properties: Record<string, TSchema>, { strict = false } = {}) => Type.Object(Object.fromEntries(Object.entries(properties).map(([k, s]) => [k, Type.Optional(s)])), { additionalProperties: !strict });

export type { Static };
