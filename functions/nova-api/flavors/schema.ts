import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import type { Versioned } from '../../../shared/http/route.ts';
import { pageParameters } from '../common/paging.ts';
import { Bool, IntegerFrom, Many, METADATA_KEY, Name, Optional, Query, Strict } from '../common/types.ts';

const base = {
  name: Name,
  id: Optional(Type.Unsafe<string | number | null>({ type: ['string', 'number', 'null'], minLength: 1, maxLength: 255, pattern: '^(?! )[a-zA-Z0-9. _\\-]+(?<! )$' })),
  ram: IntegerFrom(1),
  vcpus: IntegerFrom(1),
  disk: IntegerFrom(0),
  'OS-FLV-EXT-DATA:ephemeral': Optional(IntegerFrom(0)),
  swap: Optional(IntegerFrom(0)),
  rxtx_factor: Optional(Type.Unsafe<number | string>({ anyOf: [{ type: 'number', exclusiveMinimum: 0, maximum: 3.40282e38 }, { type: 'string', pattern: '^(?!0+(\\.0+)?$)[0-9]+(\\.[0-9]+)?$' }] })),
  'os-flavor-access:is_public': Optional(Bool),
};
const description = Type.Union([Type.String({ maxLength: 65_535, pattern: '^[^\\p{Cc}\\p{Zl}\\p{Zp}]*$' }), Type.Null()]);

const full = Strict({ flavor: Strict({ ...base, description: Optional(description) }) });
export type CreateFlavor = Static<typeof full>['flavor'];
export const createSchema: Versioned = [{ from: 1, schema: Strict({ flavor: Strict(base) }) }, { from: 55, schema: full }];

export const updateSchema = Strict({ flavor: Strict({ description }) });
export type UpdateFlavor = Static<typeof updateSchema>['flavor'];

/** Sort keys on the wire, and whether they are attributes of the record by the same name. */
const sortKeys = ['created_at', 'description', 'disabled', 'ephemeral_gb', 'flavorid', 'id', 'is_public', 'memory_mb', 'name', 'root_gb', 'rxtx_factor', 'swap', 'updated_at', 'vcpu_weight', 'vcpus'];
const listParameters = {
  ...pageParameters,
  is_public: Many(Type.String()), minRam: Many(Type.String()), minDisk: Many(Type.String()),
  sort_key: Many(Type.Unsafe<string>({ type: 'string', enum: sortKeys })), sort_dir: Many(Type.Unsafe<string>({ type: 'string', enum: ['asc', 'desc'] })),
};
export const listSchema: Versioned = [{ from: 1, schema: Query(listParameters) }, { from: 75, schema: Query(listParameters, { strict: true }) }];

const extraSpecs = Type.Unsafe<Record<string, string | number>>({
  type: 'object',
  patternProperties: { [METADATA_KEY]: { type: ['string', 'number'], maxLength: 255 } },
  additionalProperties: false,
});
export const createExtraSpecsSchema = Strict({ extra_specs: extraSpecs });
export const updateExtraSpecSchema = Type.Unsafe<Record<string, string | number>>({ ...extraSpecs, minProperties: 1, maxProperties: 1 });

const tenant = Strict({ tenant: Type.String({ minLength: 1, maxLength: 255, pattern: '^[a-zA-Z0-9\\-]*$' }) });
export const accessActionSchema = Type.Union([Strict({ addTenantAccess: tenant }), Strict({ removeTenantAccess: tenant })]);
