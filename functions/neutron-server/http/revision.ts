import type { Request } from '../../../shared/http/route.ts';
import { badResource, revisionMismatch } from '../errors.ts';

/** `If-Match: revision_number=N`: the change is wanted only while the resource stands at N (else 412). */
export function requireRevision(request: Request, record: { revision_number: number }): void {
  const header = request.header('if-match');
  if (header === undefined) return;
  const match = /^\s*revision_number=(\d+)\s*$/.exec(header);
  if (!match) throw badResource('If-Match', "use 'revision_number=NUMBER'");
  if (Number(match[1]) !== record.revision_number) throw revisionMismatch(Number(match[1]), record.revision_number);
}
