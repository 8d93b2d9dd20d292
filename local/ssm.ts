import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { ServiceError } from './aws-json.ts';

export interface DocumentSpec {
  name: string;
  parameters: Record<string, { type?: string; default?: unknown; allowedPattern?: string }>;
}

export interface SystemsManagerSettings {
  documents: DocumentSpec[];
  /** Parameters that the template itself makes. */
  parameters: { name: string; value: string }[];
  /** The file that keeps parameters, mode 0600. */
  file: string;
  /** Whether an instance is registered, and how its agent gets a command. */
  registered: (instanceId: string) => boolean;
  send: (instanceId: string, parameters: Record<string, string>) => void;
}

interface Parameter { Name: string; Type: string; Value: string; Version: number; LastModifiedDate: number }
type Body = Record<string, any>;

/** Run Command and Parameter Store, as far as the cloud uses them; operation name in, answer out, ServiceError for AWS's errors. */
export function systemsManager({ documents, parameters: given, file, registered, send }: SystemsManagerSettings) {
  const parameters = new Map<string, Parameter>(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []);
  const put = (Name: string, Value: string, Type: string) => {
    const parameter = { Name, Type, Value, Version: (parameters.get(Name)?.Version ?? 0) + 1, LastModifiedDate: Date.now() / 1000 };
    parameters.set(Name, parameter);
    writeFileSync(`${file}.new`, JSON.stringify([...parameters]), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return parameter;
  };
  for (const { name, value } of given) if (parameters.get(name)?.Value !== value) put(name, value, 'String');

  const visible = (parameter: Parameter, decrypt?: boolean) => ({ ...parameter, ...(parameter.Type === 'SecureString' && !decrypt && { Value: Buffer.from(parameter.Value).toString('base64') }), DataType: 'text' });
  const operations: Record<string, (body: Body) => object> = {
    PutParameter({ Name, Value, Type, Overwrite }) {
      if (!Name || !Value) throw new ServiceError('ValidationException', 'Name and Value are required');
      const before = parameters.get(Name);
      if (before && !Overwrite) throw new ServiceError('ParameterAlreadyExists', 'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.');
      if (!before && !Type) throw new ServiceError('ValidationException', 'A parameter type is required when you create a parameter.');
      return { Version: put(Name, Value, Type ?? before!.Type).Version, Tier: 'Standard' };
    },
    GetParameter({ Name, WithDecryption }) {
      const parameter = parameters.get(Name);
      if (!parameter) throw new ServiceError('ParameterNotFound', `Parameter ${Name} not found.`);
      return { Parameter: visible(parameter, WithDecryption) };
    },
    GetParameters({ Names, WithDecryption }: Body) {
      const found = (Names as string[]).filter((name) => parameters.has(name));
      return { Parameters: found.map((name) => visible(parameters.get(name)!, WithDecryption)), InvalidParameters: (Names as string[]).filter((name) => !parameters.has(name)) };
    },
    GetParametersByPath({ Path, Recursive, WithDecryption }: Body) {
      const base = Path.endsWith('/') ? Path : `${Path}/`;
      const found = [...parameters.values()].filter(({ Name }) => Name.startsWith(base) && (Recursive || !Name.slice(base.length).includes('/')));
      return { Parameters: found.map((each) => visible(each, WithDecryption)) };
    },
    DeleteParameter({ Name }) {
      if (!parameters.delete(Name)) throw new ServiceError('ParameterNotFound', `Parameter ${Name} not found.`);
      writeFileSync(file, JSON.stringify([...parameters]), { mode: 0o600 });
      return {};
    },
    SendCommand({ DocumentName, InstanceIds = [], Parameters = {}, Comment = '', TimeoutSeconds = 3600 }: Body) {
      const document = documents.find(({ name }) => name === DocumentName);
      if (!document) throw new ServiceError('InvalidDocument', `Document with name ${DocumentName} does not exist.`);
      if (InstanceIds.length < 1 || InstanceIds.length > 50) throw new ServiceError('ValidationException', 'InstanceIds must have between 1 and 50 members');
      const values = commandParameters(document, Parameters);
      const unknown = (InstanceIds as string[]).filter((id) => !registered(id));
      if (unknown.length) throw new ServiceError('InvalidInstanceId', `Instances [[${unknown.join(', ')}]] not in a valid state for account 000000000000`);
      for (const id of InstanceIds as string[]) send(id, values);
      return { Command: { CommandId: randomUUID(), DocumentName, InstanceIds, Parameters, Comment, Status: 'Pending', StatusDetails: 'Pending', RequestedDateTime: Date.now() / 1000, TimeoutSeconds, TargetCount: InstanceIds.length, CompletedCount: 0, ErrorCount: 0 } };
    },
  };
  return (operation: string, body: Body): object => {
    const found = operations[operation];
    if (!found) throw new ServiceError('UnknownOperationException', operation);
    return found(body);
  };
}

function commandParameters({ parameters }: DocumentSpec, given: Record<string, string[]>): Record<string, string> {
  for (const name of Object.keys(given)) if (!parameters[name]) throw new ServiceError('InvalidParameters', `unknown parameter ${name}`);
  return Object.fromEntries(Object.entries(parameters).map(([name, { default: fallback, allowedPattern }]) => {
    const value = given[name]?.[0] ?? fallback;
    if (typeof value !== 'string') throw new ServiceError('InvalidParameters', `parameter ${name} is required`);
    if (allowedPattern && !new RegExp(allowedPattern).test(value)) throw new ServiceError('InvalidParameters', `parameter ${name} does not match ${allowedPattern}`);
    return [name, value];
  }));
}
