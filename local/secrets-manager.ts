import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { ServiceError } from './aws-json.ts';

interface Secret { Name: string; ARN: string; VersionId: string; CreatedDate: number; SecretString: string; Description?: string }
type Body = Record<string, any>;

/** Secrets Manager with text secrets of one version each, as far as owners of launches by events need it; kept in a file of mode 0600. */
export function secretsManager({ file, region }: { file: string; region: string }) {
  const secrets = new Map<string, Secret>(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []);
  const keep = () => {
    writeFileSync(`${file}.new`, JSON.stringify([...secrets]), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  const find = (id: unknown) => {
    const secret = secrets.get(String(id)) ?? [...secrets.values()].find(({ ARN }) => ARN === id);
    if (!secret) throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return secret;
  };
  const put = (secret: Secret, { SecretString, Description }: Body) => {
    if (SecretString !== undefined) Object.assign(secret, { SecretString: text(SecretString), VersionId: randomUUID() });
    if (Description !== undefined) secret.Description = Description;
    secrets.set(secret.Name, secret);
    keep();
    return { ARN: secret.ARN, Name: secret.Name, VersionId: secret.VersionId };
  };
  const operations: Record<string, (body: Body) => object> = {
    CreateSecret({ Name, ...given }) {
      if (typeof Name !== 'string' || !/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(Name)) throw new ServiceError('ValidationException', 'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!');
      if (secrets.has(Name)) throw new ServiceError('ResourceExistsException', `The operation failed because the secret ${Name} already exists.`);
      const ARN = `arn:aws:secretsmanager:${region}:000000000000:secret:${Name}-${randomUUID().slice(0, 6)}`;
      return put({ Name, ARN, VersionId: '', CreatedDate: Date.now() / 1000, SecretString: '' }, { SecretString: text(given['SecretString']), Description: given['Description'] });
    },
    PutSecretValue: ({ SecretId, SecretString }) => ({ ...put(find(SecretId), { SecretString: text(SecretString) }), VersionStages: ['AWSCURRENT'] }),
    UpdateSecret: ({ SecretId, ...given }) => put(find(SecretId), given),
    GetSecretValue({ SecretId }) {
      const { Description: _, ...secret } = find(SecretId);
      return { ...secret, VersionStages: ['AWSCURRENT'] };
    },
    DescribeSecret({ SecretId }) {
      const { SecretString: _, VersionId, ...secret } = find(SecretId);
      return { ...secret, VersionIdsToStages: { [VersionId]: ['AWSCURRENT'] } };
    },
    ListSecrets: () => ({ SecretList: [...secrets.values()].map(({ SecretString: _, VersionId: __, ...secret }) => secret) }),
    DeleteSecret({ SecretId }) {
      const { Name, ARN } = find(SecretId);
      secrets.delete(Name);
      keep();
      return { Name, ARN, DeletionDate: Date.now() / 1000 };
    },
  };
  return (operation: string, body: Body): object => {
    const found = operations[operation];
    if (!found) throw new ServiceError('UnknownOperationException', operation);
    return found(body);
  };
}

function text(given: unknown): string {
  if (typeof given !== 'string' || given === '') throw new ServiceError('InvalidParameterException', 'A secret is a text here: SecretString is required.');
  return given;
}
