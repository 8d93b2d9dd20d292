import * as Type from '@sinclair/typebox';
import type { TSchema } from '@sinclair/typebox';

export const Nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);
export const Name = Nullable(Type.String({ maxLength: 255 }));
export const Uuid = Type.String({ format: 'uuid' });
/** What clients send for yes and no: Python's words too. */
export const Flag = Type.Union([Type.Boolean(), Type.String({ pattern: '^([Tt]rue|[Ff]alse|TRUE|FALSE|1|0|[Yy]es|[Nn]o|[Oo]n|[Oo]ff)$' })]);
export const Metadata = Type.Record(Type.String({ minLength: 1, maxLength: 255 }), Type.String({ maxLength: 255 }));

const fields = {
  name: Type.Optional(Name),
  display_name: Type.Optional(Name),
  description: Type.Optional(Name),
  display_description: Type.Optional(Name),
  size: Type.Optional(Nullable(Type.Union([Type.Integer({ minimum: 1, maximum: 2_147_483_647 }), Type.String({ pattern: '^[0-9]{1,9}$' })]))),
  volume_type: Type.Optional(Nullable(Type.String({ maxLength: 255 }))),
  availability_zone: Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 255 }))),
  metadata: Type.Optional(Nullable(Metadata)),
  snapshot_id: Type.Optional(Nullable(Uuid)),
  source_volid: Type.Optional(Nullable(Uuid)),
  consistencygroup_id: Type.Optional(Nullable(Uuid)),
  imageRef: Type.Optional(Nullable(Type.String({ maxLength: 255 }))),
  image_id: Type.Optional(Nullable(Type.String({ maxLength: 255 }))),
  multiattach: Type.Optional(Nullable(Type.Union([Type.Boolean(), Type.String(), Type.Integer()]))),
};
const since13 = { group_id: Type.Optional(Nullable(Type.String({ maxLength: 255 }))) };
const since47 = { backup_id: Type.Optional(Nullable(Uuid)) };

const create = (volume: Record<string, TSchema>, additionalProperties: boolean) =>
  Type.Object(
    {
      volume: Type.Object(volume, { additionalProperties }),
      'OS-SCH-HNT:scheduler_hints': Type.Optional(Nullable(Type.Object({ host: Type.Optional(Type.String()), local_to_instance: Type.Optional(Type.String()) }))),
    },
    { additionalProperties: false },
  );

/** Create: what is unknown is refused from 3.53 on; older clients send fields of old, which are passed over as Cinder does. */
export const createSchema = [
  { from: 0, schema: create(fields, true) },
  { from: 13, schema: create({ ...fields, ...since13 }, true) },
  { from: 47, schema: create({ ...fields, ...since13, ...since47 }, true) },
  { from: 53, schema: create({ ...fields, ...since13, ...since47 }, false) },
];

export interface CreateBody {
  volume: {
    name?: string | null; display_name?: string | null; description?: string | null; display_description?: string | null;
    size?: number | string | null; volume_type?: string | null; availability_zone?: string | null; metadata?: Record<string, string> | null;
    snapshot_id?: string | null; source_volid?: string | null; consistencygroup_id?: string | null; group_id?: string | null; backup_id?: string | null;
    imageRef?: string | null; image_id?: string | null; multiattach?: boolean | string | number | null;
  };
  'OS-SCH-HNT:scheduler_hints'?: { host?: string; local_to_instance?: string } | null;
}

const changes = { name: fields.name, display_name: fields.display_name, description: fields.description, display_description: fields.display_description, metadata: Type.Optional(Metadata) };
export const updateSchema = [
  { from: 0, schema: Type.Object({ volume: Type.Object(changes, { additionalProperties: false }) }, { additionalProperties: false }) },
  { from: 53, schema: Type.Object({ volume: Type.Object(changes, { additionalProperties: false, minProperties: 1 }) }, { additionalProperties: false }) },
];
export const MetadataBody = Type.Object({ metadata: Metadata }, { additionalProperties: false });
export const MetaBody = Type.Object({ meta: Type.Record(Type.String({ minLength: 1, maxLength: 255 }), Type.String({ maxLength: 255 }), { minProperties: 1, maxProperties: 1 }) }, { additionalProperties: false });
