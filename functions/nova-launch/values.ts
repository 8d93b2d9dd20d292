import { badRequest } from '../../shared/http/errors.ts';

/** What an event has to say, by the names under which a server's texts ask for it. */
export type Values = Record<string, string | number | boolean>;

/**
 * Puts the event's values into every text of a template: `{{name}}` as it is, `{{name:sh}}` as one word of a shell command, and
 * `{{name:json}}` as a JSON value. A name that no value has stays as it stands (cloud-init's own templates use the same braces);
 * without values nothing changes.
 */
export function fill(template: unknown, values: Values | undefined): unknown {
  if (!values) return template;
  if (typeof template === 'string') return template.replace(/\{\{ ?([A-Za-z_][A-Za-z0-9_]*)(?::(\w+))? ?\}\}/g, (all, name: string, form?: string) => (Object.hasOwn(values, name) ? shaped(values[name]!, form) : all));
  if (Array.isArray(template)) return template.map((each) => fill(each, values));
  if (template !== null && typeof template === 'object') return Object.fromEntries(Object.entries(template).map(([key, each]) => [key, fill(each, values)]));
  return template;
}

function shaped(value: string | number | boolean, form: string | undefined): string {
  if (form === undefined) return String(value);
  if (form === 'sh') return `'${String(value).replaceAll("'", `'\\''`)}'`;
  if (form === 'json') return JSON.stringify(value);
  throw badRequest(`A value can be written as it is, or as sh or json, not as ${form}.`);
}
