import type { IncomingHttpHeaders } from 'node:http';
import { askedFunctions, environment } from '../../shared/deployment/declaration.ts';

/** The variables by which functions find those that they ask, all at one address; each goes by its declared name there. */
export const askedAt = (endpoint: string): Record<string, string> => ({
  AWS_ENDPOINT_URL_LAMBDA: endpoint, ...Object.fromEntries(askedFunctions.map((name) => [environment.function(name), name])),
});

export interface RestRequest { method: string; /** With its query. */ url: string; headers: IncomingHttpHeaders; text: string }

/** The REST request that an invocation carries; undefined where it is none. */
export function carried({ url, text }: { url: string; text: string }): RestRequest | undefined {
  if (!/^\/2015-03-31\/functions\/[^/]+\/invocations$/.test(url)) return undefined;
  const { httpMethod, path, multiValueQueryStringParameters, headers, body } = JSON.parse(text) as { httpMethod: string; path: string; multiValueQueryStringParameters: Record<string, string[]>; headers: Record<string, string>; body: string | null };
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(multiValueQueryStringParameters)) for (const value of values) query.append(name, value);
  return {
    method: httpMethod, url: query.size > 0 ? `${path}?${query}` : path, text: body ?? '',
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  };
}

/** What the function answers, as the invocation's result. */
export const result = (status: number, body: unknown, headers: Record<string, string> = {}): string =>
  JSON.stringify({ statusCode: status, headers, body: body === undefined ? '' : JSON.stringify(body), isBase64Encoded: false });
