import * as Type from '@sinclair/typebox';
import { timestamp } from '../store/db.ts';

/** Attributes that requests may give for every resource (standard attributes). */
export const Name = Type.Optional(Type.String({ maxLength: 255 }));
export const Description = Type.Optional(Type.String({ maxLength: 255 }));
export const Tags = Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { maxItems: 50, uniqueItems: true }));
export const Owner = { project_id: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })), tenant_id: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })) };
export const Flag = Type.Optional(Type.Boolean());
export const Uuid = Type.String({ format: 'uuid' });

/** A new resource's standard attributes. */
export function newStandard(id: string, project: string, given: { name?: string; description?: string; tags?: string[] }) {
  const now = timestamp();
  return { id, project_id: project, name: given.name ?? '', description: given.description ?? '', tags: given.tags ?? [], created_at: now, updated_at: now, revision_number: 1 };
}

/** The same record one revision on. */
export const revised = <T extends { revision_number: number; updated_at: string }>(record: T): T =>
  ({ ...record, revision_number: record.revision_number + 1, updated_at: timestamp() });

export const standardAttributes = ['id', 'name', 'description', 'tags', 'project_id', 'tenant_id', 'created_at', 'updated_at', 'revision_number'] as const;
