import type { Stack } from 'aws-cdk-lib';
import { EndpointType, LambdaIntegration, ResponseType, RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import { accept } from './accept.ts';

/** A constant, so that the functions' environment needs no reference to the stage, which in turn needs the functions. */
export const stageName = 'v1';

/** The one REST API; the services stand under DevStack's paths. */
export function restApi(stack: Stack): RestApi {
  const api = new RestApi(stack, 'Api', {
    restApiName: stack.stackName,
    description: 'OpenStack services',
    endpointTypes: [EndpointType.REGIONAL],
    deployOptions: { stageName },
    cloudWatchRole: false,
    // All of them: for an answer the choice goes by the request's Accept header, and clients that load an image send */*
    // as well. The two types are named for gateways that read */* literally.
    binaryMediaTypes: ['*/*', 'application/octet-stream', 'application/json'],
  });
  api.node.tryRemoveChild('Endpoint'); // an output that misleads where a domain of one's own stands before it
  for (const fault of faults) addFault(api, ...fault);
  accept(api, 'APIG1', "Each function logs its requests with their ids; the gateway's own log needs a role that is the whole account's, which one deployment must not set.");
  accept(api, 'APIG6', "Each function logs its requests with their ids; the gateway's own log needs a role that is the whole account's, which one deployment must not set.");
  accept(api, 'APIG2', "The functions check each body by OpenStack's schemas, and answer with OpenStack's faults.");
  accept(api, 'APIG3', 'A firewall costs more a month than the rest of the control plane; an operator who wants one puts it before the stage.');
  accept(api, 'APIG4', "Clients show keystone's tokens, which every function checks with keystone; an authorizer would know neither policies nor unscoped tokens.");
  accept(api, 'COG4', "Users are keystone's.");
  return api;
}

/**
 * Adds the routes of all functions, each `METHOD /path`, as proxy integrations.
 *
 * A resource without a method of its own hides the greedy route above it (`/identity/v3/auth/tokens` makes resources of
 * `/identity/v3` and `/identity/v3/auth`), so the greedy route's function is given to each of those as well.
 */
export function addRoutes(api: RestApi, routes: { line: string; target: Function }[]): void {
  const table = new Map(routes.map(({ line, target }) => [line, target]));
  const greedy = routes.filter(({ line }) => line.startsWith('ANY ') && line.endsWith('/{proxy+}'));
  for (const { line } of routes.filter((each) => !each.line.endsWith('/{proxy+}'))) {
    const path = line.split(' ')[1] as string;
    for (const { line: above, target } of greedy) {
      const base = above.slice('ANY '.length, -'/{proxy+}'.length);
      if (!path.startsWith(`${base}/`)) continue;
      const steps = path.slice(base.length + 1).split('/');
      for (let depth = 1; depth <= steps.length; depth++) {
        const hidden = `ANY ${base}/${steps.slice(0, depth).join('/')}`;
        for (const each of [hidden, `${hidden}/{proxy+}`]) if (!table.has(each)) table.set(each, target);
      }
    }
  }
  const integrations = new Map<Function, LambdaIntegration>();
  for (const [line, target] of table) {
    const [method, path] = line.split(' ') as [string, string];
    const integration = integrations.get(target) ?? new LambdaIntegration(target, { scopePermissionToMethod: false });
    integrations.set(target, integration);
    (path === '/' ? api.root : api.root.resourceForPath(path)).addMethod(method, integration);
  }
}

/**
 * Faults that API Gateway makes by itself, in OpenStack's shape. A code of null keeps the gateway's own.
 * Clients retry a 503 with Retry-After and give up on any other 5xx, so each of those is one: none of them reached a
 * handler's own judgement.
 */
const faults: [type: ResponseType, code: number | null, title: string, message?: string][] = [
  [ResponseType.DEFAULT_4XX, null, 'Bad Request'],
  [ResponseType.DEFAULT_5XX, 503, 'Service Unavailable'],
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, 404, 'Not Found', 'The resource could not be found.'], // what the gateway answers where there is no route
  [ResponseType.REQUEST_TOO_LARGE, 413, 'Request Entity Too Large', 'The request body is too large. A large image comes in by import: method web-download.'],
  [ResponseType.THROTTLED, 429, 'Too Many Requests'],
];

function addFault(api: RestApi, type: ResponseType, code: number | null, title: string, words?: string): void {
  const message = words === undefined ? '$context.error.messageString' : JSON.stringify(words);
  const retry: Record<string, string> = code === 503 || code === 429 ? { 'Retry-After': "'2'" } : {};
  api.addGatewayResponse(`Fault${type.responseType.split('_').map((word) => word.charAt(0) + word.slice(1).toLowerCase()).join('')}`, {
    type,
    ...(code === null ? {} : { statusCode: String(code) }),
    responseHeaders: { 'x-openstack-request-id': 'context.requestId', ...retry },
    templates: { 'application/json': `{"error": {"code": ${code ?? 400}, "title": "${title}", "message": ${message}}}` },
  });
}
