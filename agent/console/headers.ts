import { createHash } from 'node:crypto';

const types: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

/** The content type of a file, by its name. */
export const typeOf = (name: string): string => `${types[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'}; charset=utf-8`;

/**
 * The headers of an answer. A page's address holds a token, so it goes to nobody; and a page runs only what came with it: files
 * of this listener, and the scripts and styles that stand in it, by their hashes.
 */
export function pageHeaders(body: string | Buffer, type = typeOf('.html')): Record<string, string> {
  return {
    'content-type': type, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN', 'cross-origin-resource-policy': 'same-origin',
    'content-security-policy': [
      "default-src 'none'", `script-src 'self'${hashes(body, 'script')}`, `style-src 'self'${hashes(body, 'style')}`, "img-src data:", "connect-src 'self'",
      "base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'",
    ].join('; '),
  };
}

const hashes = (body: string | Buffer, element: 'script' | 'style') =>
  typeof body === 'string' ? [...body.matchAll(new RegExp(`<${element}>([^]*?)</${element}>`, 'g'))].map(([, text]) => ` 'sha256-${createHash('sha256').update(text!).digest('base64')}'`).join('') : '';
