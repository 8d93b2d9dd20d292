import type { Request, Route } from '../../../shared/http/route.ts';
import { ConditionFailed } from '../../../shared/store/errors.ts';
import { badResource, invalidInput, resourceNotFound, tagNotFound } from '../errors.ts';
import { enforce } from '../http/enforce.ts';
import { revised } from '../http/standard.ts';
import { changeNetwork } from '../network/store.ts';
import type { PolicyName } from '../policies.ts';
import { transition } from '../port/store.ts';
import { changeSecurityGroup } from '../security-group/store.ts';
import { optimistically } from '../store/mutate.ts';
import type { Standard } from '../store/records.ts';
import { find, findVisible, sees } from '../store/visible.ts';
import { changeSubnet, findSubnet } from '../subnet/store.ts';

const MAX_TAGS = 50;
const MAX_LENGTH = 255;

interface Taggable {
  paths: string[];
  get: PolicyName;
  update: PolicyName;
  find: (request: Request, id: string) => Promise<Standard>;
  change: (id: string, tags: (before: string[]) => string[]) => Promise<unknown>;
}

const taggables: Taggable[] = [
  {
    paths: ['networks'], get: 'get_network', update: 'update_network',
    find: ({ context }, id) => findVisible(context, 'network', id),
    change: (id, tags) => changeNetwork(id, (network) => ({ ...network, tags: tags(network.tags) })),
  },
  {
    paths: ['subnets'], get: 'get_subnet', update: 'update_subnet',
    find: async ({ context }, id) => {
      const found = await findSubnet(id);
      if (!found || !(sees(context, found.network) || sees(context, found.subnet))) throw resourceNotFound('subnet', id);
      return found.subnet;
    },
    change: async (id, tags) => {
      const found = await findSubnet(id);
      if (!found) throw resourceNotFound('subnet', id);
      await changeSubnet(found.subnet, (subnet) => ({ ...subnet, tags: tags(subnet.tags) }));
    },
  },
  {
    paths: ['ports'], get: 'get_port', update: 'update_port',
    find: ({ context }, id) => findVisible(context, 'port', id),
    change: (id, tags) =>
      optimistically(async () => {
        const port = await find('port', id);
        if (!port) throw resourceNotFound('port', id);
        if (await transition(port, { ...revised(port), tags: tags(port.tags) })) throw new ConditionFailed();
      }),
  },
  {
    paths: ['security-groups', 'security_groups'], get: 'get_security_group', update: 'update_security_group',
    find: ({ context }, id) => findVisible(context, 'security_group', id),
    change: (id, tags) => changeSecurityGroup(id, (group) => ({ ...group, tags: tags(group.tags) })),
  },
];

/** The tags of a body: `{tags: ["a", "b"]}`. */
function tagsIn(request: Request): string[] {
  const tags = (request.body as { tags?: unknown } | undefined)?.tags;
  if (!Array.isArray(tags)) throw invalidInput('Invalid tags body');
  const wrong = tags.find((tag) => typeof tag !== 'string' || tag.length > MAX_LENGTH);
  if (wrong !== undefined) throw invalidInput(typeof wrong === 'string' ? `'${wrong}' exceeds maximum length of ${MAX_LENGTH}` : `'${JSON.stringify(wrong)}' is not a valid string`);
  if (new Set(tags).size !== tags.length) throw invalidInput(`Duplicate items in the list: '${tags.filter((tag, i) => tags.indexOf(tag) !== i).join(', ')}'`);
  return tags;
}

function within(tags: string[]): string[] {
  if (tags.length > MAX_TAGS) throw badResource('tags', `The number of tags exceed the per-resource limit of ${MAX_TAGS}`);
  return tags;
}
const united = (before: string[], more: string[]) => within([...new Set([...before, ...more])]);

function routesOf({ get, update, find: findOne, change }: Taggable, path: string): Route[] {
  const all = `/${path}/{id}/tags`;
  const one = `${all}/{tag}`;
  const current = (request: Request) => findOne(request, request.params['id']!);
  const write = async (request: Request, tags: (before: string[]) => string[]) => {
    enforce(request, update, await current(request));
    await change(request.params['id']!, tags);
  };
  const tagOf = ({ params }: Request) => {
    if (params['tag']!.length > MAX_LENGTH) throw invalidInput(`'${params['tag']}' exceeds maximum length of ${MAX_LENGTH}`);
    return params['tag']!;
  };
  return [
    { method: 'GET', path: all, policy: get, handler: async (request) => ({ body: { tags: (await current(request)).tags } }) },
    {
      method: 'PUT', path: all, policy: get,
      handler: async (request) => {
        const tags = within(tagsIn(request));
        await write(request, () => tags);
        return { body: { tags } };
      },
    },
    { method: 'DELETE', path: all, policy: get, handler: (request) => write(request, () => []) },
    {
      method: 'GET', path: one, policy: get,
      handler: async (request) => {
        if (!(await current(request)).tags.includes(tagOf(request))) throw tagNotFound(tagOf(request));
      },
    },
    {
      method: 'PUT', path: one, policy: get,
      handler: async (request) => {
        await write(request, (before) => united(before, [tagOf(request)]));
        return { status: 201 };
      },
    },
    {
      method: 'DELETE', path: one, policy: get,
      handler: (request) =>
        write(request, (before) => {
          if (!before.includes(tagOf(request))) throw tagNotFound(tagOf(request));
          return before.filter((tag) => tag !== tagOf(request));
        }),
    },
  ];
}

/** Networking API v2.0, "Tag extension". */
export const tagRoutes: Route[] = taggables.flatMap((taggable) => taggable.paths.flatMap((path) => routesOf(taggable, path)));
