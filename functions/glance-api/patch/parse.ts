import { badRequest, forbidden } from '../../../shared/http/errors.ts';
import { readOnlyFields, refuseReserved } from '../image/fields.ts';
import { validateImage } from '../image/schema.ts';

export interface Change { op: 'add' | 'replace' | 'remove'; field: string; value?: unknown; draft: Draft }

/** Drafts of JSON patch by media type: the older one names the operation by a member, the newer by `op` and `path`. */
type Draft = 4 | 10;
export const patchTypes: Record<string, Draft> = {
  'application/openstack-images-v2.0-json-patch': 4,
  'application/openstack-images-v2.1-json-patch': 10,
};
const operations = ['add', 'remove', 'replace'] as const;

/** The changes that a patch document asks for. Throws 400 where it is malformed, 403 for fields that nobody may set. */
export function parseChanges(document: unknown, draft: Draft): Change[] {
  if (!Array.isArray(document)) throw badRequest('Request body must be a JSON array of operation objects.');
  return document.map((raw: unknown) => {
    if (raw === null || typeof raw !== 'object' || Array.isArray(raw)) throw badRequest('Operations must be JSON objects.');
    const operation = raw as Record<string, unknown>;
    const op = draft === 10 ? operationOf(operation) : memberOf(operation);
    const pointer = draft === 10 ? operation['path'] : operation[op];
    if (pointer === undefined) throw badRequest("Unable to find 'path' in JSON Schema change");
    const field = fieldOf(pointer);
    refuseReadOnly(field);
    if (op === 'remove') return { op, field, draft };
    if (!('value' in operation)) throw badRequest(`Operation "${op}" requires a member named "value".`);
    validateImage({ [field]: operation['value'] });
    return { op, field, value: operation['value'], draft };
  });
}

function operationOf({ op }: Record<string, unknown>): Change['op'] {
  const among = `It must be one of the following: ${operations.join(', ')}.`;
  if (op === undefined) throw badRequest(`Unable to find \`op\` in JSON Schema change. ${among}`);
  if (!operations.includes(op as Change['op'])) throw badRequest(`Invalid operation: \`${String(op)}\`. ${among}`);
  return op as Change['op'];
}

function memberOf(raw: Record<string, unknown>): Change['op'] {
  const found = operations.filter((op) => op in raw);
  if (found.length !== 1) throw badRequest('Operation objects must contain exactly one member named "add", "remove", or "replace".');
  return found[0]!;
}

/** The one segment of a JSON pointer, decoded. */
function fieldOf(pointer: unknown): string {
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) throw badRequest(`Pointer \`${String(pointer)}\` does not start with "/".`);
  if (/~(?![01])/.test(pointer)) throw badRequest(`Pointer \`${pointer}\` contains "~" not part of a recognized escape sequence.`);
  const parts = pointer.slice(1).split('/');
  if (parts.length !== 1 || parts[0]!.trim() === '') throw badRequest(`Invalid JSON pointer for this resource: '${pointer}'`);
  return parts[0]!.replaceAll('~1', '/').replaceAll('~0', '~').trim();
}

function refuseReadOnly(field: string) {
  if (field === 'locations') throw forbidden("It's not allowed to update locations if locations are invisible.");
  if (readOnlyFields.has(field)) throw forbidden(`Attribute '${field}' is read-only.`);
  refuseReserved(field);
}
