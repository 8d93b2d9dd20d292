import { text } from 'node:stream/consumers';
import { partition } from '@aws-sdk/core/client';
import { HttpRequest, type HttpResponse } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SignatureV4 } from '@smithy/signature-v4';
import { requireEnv } from '../environment.ts';
import { defaultProvider } from './environment-credentials.ts';
import { Sha256 } from './lean.ts';

/** There is no result: the function failed, is throttled, not there, or forbidden, or took too long. `name` is AWS's where it gave one. */
export class InvocationFailed extends Error {
  override name = 'InvocationFailed';
}

/*
 * Lambda's Invoke (RequestResponse) by the signer and the HTTP client that are in each bundle as parts of other clients. The SDK's client for
 * Lambda would be 47 KB more, a tenth, and take twice the CPU for each call; and it would pass on by which Lambda finds loops, whose limit
 * of 16 a launch's chain of messages is beyond.
 */
const client = new NodeHttpHandler();
let signer: SignatureV4 | undefined;

/** Calls a function and waits for its result, at most `timeout` ms for all of it. Tries once. Throws InvocationFailed, or what the connection throws. */
export async function invoke(functionName: string, event: unknown, timeout: number): Promise<unknown> {
  const region = requireEnv('AWS_REGION');
  const { AWS_ENDPOINT_URL_LAMBDA: own, AWS_ENDPOINT_URL: all } = process.env;
  const { protocol, hostname, port, host, pathname } = new URL(own ?? all ?? `https://lambda.${region}.${partition(region).dnsSuffix}`);
  const request = new HttpRequest({
    protocol, hostname, ...(port && { port: Number(port) }), method: 'POST', path: `${pathname.replace(/\/$/, '')}/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`,
    headers: { host, 'content-type': 'application/json' }, body: JSON.stringify(event),
  });
  signer ??= new SignatureV4({ service: 'lambda', region, credentials: defaultProvider(), sha256: Sha256 });
  const { response } = (await client.handle((await signer.sign(request)) as HttpRequest, { abortSignal: AbortSignal.timeout(timeout) })) as { response: HttpResponse };
  const answer = await text(response.body);
  const { 'x-amz-function-error': failed, 'x-amzn-errortype': type } = response.headers;
  if (response.statusCode !== 200 || failed) throw failure(functionName, type?.split(':')[0], answer);
  return JSON.parse(answer || 'null');
}

function failure(functionName: string, type: string | undefined, answer: string): InvocationFailed {
  const error = new InvocationFailed(`${functionName}: ${answer.slice(0, 500)}`);
  if (type) error.name = type;
  return error;
}
