import * as Type from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { Flag, Metadata, Name, Nullable, Uuid } from '../volume/schema.ts';

const closed = { additionalProperties: false };

const names = { name: Type.Optional(Name), display_name: Type.Optional(Name), description: Type.Optional(Name) };
export const CreateSnapshot = Type.Object({
  snapshot: Type.Object({ ...names, volume_id: Uuid, force: Type.Optional(Flag), metadata: Type.Optional(Nullable(Metadata)) }, closed),
}, closed);
export type CreateSnapshotBody = Static<typeof CreateSnapshot>;
export const UpdateSnapshot = Type.Object({ snapshot: Type.Object({ ...names, display_description: Type.Optional(Name) }, { ...closed, minProperties: 1 }) }, closed);
export type UpdateSnapshotBody = Static<typeof UpdateSnapshot>;
