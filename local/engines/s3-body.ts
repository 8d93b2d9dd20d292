import type { IncomingMessage } from 'node:http';

/** The bytes of a request's body; the SDK's aws-chunked framing (sizes, signatures, trailers) taken off. */
export function bodyOf(request: IncomingMessage): AsyncIterable<Buffer> {
  const framed = request.headers['content-encoding']?.includes('aws-chunked') || request.headers['x-amz-content-sha256']?.toString().startsWith('STREAMING-');
  return framed ? unframed(request) : request;
}

/** aws-chunked: `SIZE_HEX[;chunk-signature=…]\r\n BYTES \r\n` repeated, a chunk of size 0, then trailers. */
async function* unframed(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let remaining = 0; // bytes of the current chunk still to come
  let ended = false;
  for await (const piece of source) {
    if (ended) continue; // trailers
    rest = rest.length ? Buffer.concat([rest, piece]) : piece;
    while (rest.length && !ended) {
      if (remaining > 0) {
        const bytes = rest.subarray(0, remaining);
        remaining -= bytes.length;
        rest = rest.subarray(bytes.length);
        yield bytes;
        continue;
      }
      const start = rest[0] === 13 ? 2 : 0; // the line end after a chunk's bytes
      const end = rest.indexOf('\r\n', start);
      if (end < 0) break;
      remaining = parseInt(rest.toString('latin1', start, end), 16);
      ended = !(remaining > 0);
      rest = rest.subarray(end + 2);
    }
  }
  if (!ended) throw new Error('incomplete body');
}
