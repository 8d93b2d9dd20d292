import { lookup } from './lookup.ts';
import type { MetadataSource } from './source.ts';

export interface Answer { status: number; headers: Record<string, string>; body: Buffer }

const TEXT = 'text/plain; charset=UTF-8', JSON_TYPE = 'application/json';
const plain = (status: number, text: string): Answer => ({ status, headers: { 'content-type': TEXT, 'content-length': String(Buffer.byteLength(text)) }, body: Buffer.from(text) });

/** The answer to a guest's request. Only the path counts: no header says who asks. */
export function answerTo(method: string, url: string, source: () => MetadataSource | undefined): Answer {
  if (method !== 'GET' && method !== 'HEAD') return { ...plain(405, '405 Method Not Allowed\n'), headers: { 'content-type': TEXT, allow: 'GET, HEAD' } };
  const guest = source();
  const found = guest && lookup(guest, pathOf(url));
  if (!found) return plain(404, '404 Not Found\n');
  return { status: 200, headers: { 'content-type': found.json ? JSON_TYPE : TEXT, 'content-length': String(found.body.length) }, body: found.body };
}

/** The path's parts, without empty ones. */
function pathOf(url: string): string[] {
  try {
    return decodeURIComponent(url.replace(/^https?:\/\/[^/]*/i, '').split('?')[0]!).split('/').filter((part) => part !== '');
  } catch {
    return ['?']; // no such path
  }
}
