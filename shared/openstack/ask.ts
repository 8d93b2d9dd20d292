import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { InvocationFailed, invoke } from '../aws/invoke.ts';
import { environment, type AskedFunction } from '../deployment/declaration.ts';
import { requireEnv } from '../environment.ts';

export interface Question { method?: string; headers?: Record<string, string>; body?: string; /** ms, for all of it */ timeout: number }
export interface Answer { status: number; ok: boolean; /** By name in lower case. */ headers: Record<string, string | undefined>; text: string }

/**
 * One REST request to another service, whatever the status of its answer: the function that has this route is invoked with what API Gateway would
 * make of the request. So nobody pays or waits for the gateway, and a service tells those who come by it from others in nothing.
 * `path` begins at the REST API's root. Throws where there is no whole answer in time.
 */
export async function ask(service: AskedFunction, path: string, question: Question): Promise<Answer> {
  const result = (await invoke(requireEnv(environment.function(service)), proxyEvent(path, question), question.timeout)) as APIGatewayProxyResult | null;
  if (typeof result?.statusCode !== 'number') throw new InvocationFailed(`${service} answered something else than an HTTP answer`);
  const { statusCode: status, headers = {}, body = '', isBase64Encoded } = result;
  return {
    status, ok: status >= 200 && status < 300,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
    text: isBase64Encoded ? Buffer.from(body, 'base64').toString() : body,
  };
}

/** Payload format 1.0, of which services read no more than this. */
function proxyEvent(from: string, { method = 'GET', headers = {}, body }: Question) {
  const { pathname: path, searchParams } = new URL(from, 'http://service');
  const names = [...new Set(searchParams.keys())];
  return {
    resource: path, path, httpMethod: method, pathParameters: null, stageVariables: null,
    headers, multiValueHeaders: eachOf(Object.keys(headers), (name) => [headers[name]!]),
    queryStringParameters: eachOf(names, (name) => searchParams.getAll(name).at(-1)!), multiValueQueryStringParameters: eachOf(names, (name) => searchParams.getAll(name)),
    requestContext: { httpMethod: method, path, requestTimeEpoch: Date.now() },
    body: body ?? null, isBase64Encoded: false,
  } satisfies Omit<APIGatewayProxyEvent, 'requestContext'> & { requestContext: Partial<APIGatewayProxyEvent['requestContext']> };
}

const eachOf = <T>(names: string[], value: (name: string) => T): Record<string, T> => Object.fromEntries(names.map((name) => [name, value(name)]));
