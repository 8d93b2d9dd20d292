/** A method of the REST API: `path` as API Gateway writes it, with `{name}` and a closing `{name+}`. */
export interface RouteSpec {
  method: string; // or ANY
  path: string;
  function: string;
}

export interface RouteMatch extends RouteSpec {
  pathParameters: Record<string, string> | null;
}

interface Node {
  children: Map<string, Node>;
  methods: Map<string, RouteSpec>;
}

/**
 * API Gateway's own matching: from the root down, a literal part is preferred to `{name}`, and that to `{name+}`; the
 * resource so found must have the method or ANY. A resource without them hides a greedy one above it, as it does on AWS.
 */
export function routeTable(routes: RouteSpec[]): (method: string, path: string) => RouteMatch | undefined {
  const root: Node = { children: new Map(), methods: new Map() };
  for (const route of routes) {
    let node = root;
    for (const part of partsOf(route.path)) {
      if (!node.children.has(part)) node.children.set(part, { children: new Map(), methods: new Map() });
      node = node.children.get(part)!;
    }
    node.methods.set(route.method, route);
  }
  return (method, path) => {
    const found = find(root, partsOf(path));
    const route = found && (found.node.methods.get(method) ?? found.node.methods.get('ANY'));
    return route && { ...route, pathParameters: Object.keys(found.parameters).length ? found.parameters : null };
  };
}

const partsOf = (path: string) => path.split('/').filter(Boolean);

function find(node: Node, parts: string[]): { node: Node; parameters: Record<string, string> } | undefined {
  const [part, ...rest] = parts;
  if (part === undefined) return { node, parameters: {} };
  const literal = node.children.get(part);
  const below = literal && find(literal, rest);
  if (below) return below;
  for (const [name, child] of node.children) {
    if (!/^\{[^+]+\}$/.test(name)) continue;
    const found = find(child, rest);
    if (found) return { ...found, parameters: { [name.slice(1, -1)]: decode(part), ...found.parameters } };
  }
  for (const [name, child] of node.children) {
    if (name.endsWith('+}')) return { node: child, parameters: { [name.slice(1, -2)]: decode(parts.join('/')) } };
  }
  return undefined;
}

function decode(text: string) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
