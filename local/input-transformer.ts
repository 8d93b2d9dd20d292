/** What a rule makes of an event for one target. */
export interface Transformation {
  /** `InputPath`: the part that goes on. */
  path?: string;
  /** `InputTransformer`: values of the event by name, and the text that they are put into. */
  transformer?: { InputPathsMap?: Record<string, string>; InputTemplate: string };
}

/**
 * The text that a target gets. As EventBridge documents it: outside of quotes a variable stands as a JSON value, inside of them as
 * the text itself; a path that leads nowhere leaves nothing.
 */
export function transformed({ path, transformer }: Transformation, event: object, rule: { name: string; arn: string }): string {
  if (path !== undefined) return JSON.stringify(valueAt(event, path) ?? null);
  if (!transformer) return JSON.stringify(event);
  const variables = new Map<string, unknown>(Object.entries(transformer.InputPathsMap ?? {}).map(([name, each]) => [name, valueAt(event, each)]));
  variables.set('aws.events.rule-name', rule.name).set('aws.events.rule-arn', rule.arn).set('aws.events.event.json', event).set('aws.events.event.ingestion-time', new Date().toISOString());
  let quoted = false;
  return transformer.InputTemplate.replace(/\\.|"|<([\w.-]+)>/g, (all, name: string | undefined) => {
    if (all === '"') quoted = !quoted;
    if (name === undefined || !variables.has(name)) return all;
    const value = variables.get(name);
    if (value === undefined) return '';
    const json = JSON.stringify(value);
    return quoted && typeof value === 'string' ? json.slice(1, -1) : quoted ? json.replaceAll('"', '\\"') : json;
  });
}

/** The dot notation that EventBridge takes: `$.detail.object.key`, `$.resources[0]`. */
function valueAt(event: unknown, path: string): unknown {
  return path.split(/[.[\]]+/).slice(1).filter(Boolean).reduce<unknown>((value, step) => (value as Record<string, unknown> | null | undefined)?.[step], event);
}
