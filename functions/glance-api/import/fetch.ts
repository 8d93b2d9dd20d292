import { lookup, type LookupAddress } from 'node:dns';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import type { LookupFunction } from 'node:net';
import { checkedUrl, isAllowedByOperator, isPublic, Refused } from './address.ts';

const MAX_REDIRECTS = 5;
const IDLE_MS = 30_000;

/** The source answered, but not with the bytes; `message` is for the user. */
export class NoSource extends Error {
  override name = 'NoSource';
}

/**
 * Opens a URL as a stream. Every address is judged when the connection is made, and every redirect again: a name that
 * resolves to something else a moment later changes nothing. Throws Refused, NoSource; other errors may pass.
 */
export async function openSource(uri: string, signal: AbortSignal): Promise<IncomingMessage> {
  let url = checkedUrl(uri);
  for (let redirects = 0; ; redirects++) {
    const answer = await request(url, signal);
    const status = answer.statusCode!;
    if (status === 200) return answer;
    answer.destroy();
    const location = answer.headers.location;
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined) {
      if (status >= 500 || status === 429) throw new Error(`the source answered ${status}`); // may pass
      throw new NoSource(`the source answered ${status}`);
    }
    if (redirects === MAX_REDIRECTS) throw new NoSource(`more than ${MAX_REDIRECTS} redirects`);
    url = checkedUrl(location, url);
  }
}

function request(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { signal, headers: { 'Accept-Encoding': 'identity', 'User-Agent': 'glance-api' }, agent: false as const, lookup: isAllowedByOperator(url) ? undefined : publicOnly };
    const call = (url.protocol === 'https:' ? httpsGet : httpGet)(url, options, resolve);
    call.setTimeout(IDLE_MS, () => call.destroy(new Error(`the source sent nothing for ${IDLE_MS / 1000} s`)));
    call.once('error', reject);
  });
}

/** A name that resolves to anything that is not public is refused whole; the connection goes to the address that was judged. */
const publicOnly: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) return callback(error, []);
    const wrong = addresses.find(({ address }) => !isPublic(address));
    if (wrong) return callback(new Refused(`${hostname} is at ${wrong.address}, which is no public address`), []);
    if (options.all) return callback(null, addresses);
    callback(null, addresses[0]!.address, addresses[0]!.family);
  });
};
