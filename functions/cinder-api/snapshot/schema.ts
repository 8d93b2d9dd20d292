import * as Type from '@sinclair/typebox';
import type { Static, TSchema } from '@sinclair/typebox';
import { Uuid } from '../volume/schema.ts';

const Nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);
const Name = Type.Optional(Nullable(Type.String({ maxLength: 255 })));
const Metadata = Type.Record(Type.String({ minLength: 1, maxLength: 255 }), Type.String({ maxLength: 255 }));
const Flag = Type.Union([Type.Boolean(), Type.String({ pattern: '^([Tt]rue|[Ff]alse|TRUE|FALSE|1|0|[Yy]es|[Nn]o|[Oo]n|[Oo]ff)$' })]);
const closed = { additionalProperties: false };

const names = { name: Name, display_name: Name, description: Name };
export const CreateSnapshot = Type.Object({
  snapshot: Type.Object({ ...names, volume_id: Uuid, force: Type.Optional(Flag), metadata: Type.Optional(Nullable(Metadata)) }, closed),
}, closed);
export interface CreateSnapshotBody {
  snapshot: { name?: string | null; display_name?: string | null; description?: string | null; volume_id: string; force?: boolean | string; metadata?: Record<string, string> | null };
}
export const UpdateSnapshot = Type.Object({ snapshot: Type.Object({ ...names, display_description: Name }, { ...closed, minProperties: 1 }) }, closed);
export type UpdateSnapshotBody = Static<typeof UpdateSnapshot>;
